"""The figures of a report: one file per figure, found by its registered name."""

from dataclasses import dataclass
from typing import Literal, Protocol

import pandas as pd
from matplotlib.figure import Figure

from ablate.registry import Registry
from ablate.report.contents import Contents

Section = Literal["first", "answers", "search", "exploration", "health", "qualitative"]
SECTIONS: dict[Section, str] = {  # in the order in which a report has them
    "first": "First page",
    "answers": "Evidence",
    "search": "Searches and grids: described, not tested",
    "exploration": "Exploration: describes, claims nothing",
    "health": "Training health",
    "qualitative": "Pictures",
}
NO_ANSWERS = "the study has no answer phase"


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """Why a study has no numbers for a figure, as the report prints it."""

    reason: str


class ReportFigure(Protocol):
    """One figure of the report.

    A registered class also names its place: `section`, and `number`, its rank in the section.
    `caption` says what every mark means. A figure of a kind without a claim says so there.
    """

    section: Section
    number: int
    title: str
    caption: str

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Every number that the figure shows, or why it cannot be drawn."""

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Draw the numbers, which are those that `numbers` returned."""


FIGURES: Registry[type[ReportFigure]] = Registry("figure", package="ablate.report.figures")


def in_order() -> list[tuple[str, ReportFigure]]:
    """Name and figure of all figures, section by section."""
    made = [(name, FIGURES.get(name)()) for name in FIGURES]
    places = list(SECTIONS)
    return sorted(made, key=lambda one: (places.index(one[1].section), one[1].number, one[0]))
