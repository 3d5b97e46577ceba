"""The register of figures; a figure is one file with `applies`, `numbers` and `draw`."""

from typing import Protocol

import pandas as pd
from matplotlib.figure import Figure

from ablate.registry import Registry
from ablate.report.contents import Contents


class ReportFigure(Protocol):
    """One figure of the report."""

    title: str
    caption: str

    def applies(self, contents: Contents) -> str | None:
        """Return why it cannot be drawn, None when it can."""

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return every number that the figure shows."""

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the drawn figure."""


FIGURES: Registry[type[ReportFigure]] = Registry("figure", package="ablate.report")
