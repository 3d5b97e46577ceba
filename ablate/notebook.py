"""A study in a notebook, in the words of the command line: `study = ablate.open("q4_variant")`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ablate.report.contents import Contents


class OpenedStudy:
    """A study as it was published; reads, never writes.

    Args:
        contents: What the report is made of.
    """

    def __init__(self, contents: "Contents") -> None:
        self._contents = contents

    @property
    def name(self) -> str:
        """Return the name of the study."""
        return str(self._contents.facts["study"])

    def runs(self) -> pd.DataFrame:
        """Return one row per run: ids, arm, phase, seed, state, "factor.*", "val/*", "test/*"."""
        return self._contents.runs.copy()

    def images(self) -> pd.DataFrame:
        """Return one row per run, split, image and metric."""
        return self._contents.images.copy()

    def curves(self) -> pd.DataFrame:
        """Return one row per run, key and step."""
        return self._contents.curves.copy()

    def answers(self) -> pd.DataFrame:
        """Return the rows of verdict.json, one per question, contrast and metric.

        Empty for a study without an answer phase.
        """
        from ablate.analysis.document import rows_table

        return rows_table(self._contents.verdicts or {"questions": []})

    def best(self) -> Mapping[str, Any]:
        """Return the sets of values that are not beaten, as `ablate best --json` prints them."""
        from ablate.report.best import best

        return best(self._contents)

    def figure(self, name: str) -> "Figure":
        """Return a figure of the report, see `ablate list figures`.

        Raises:
            UnknownNameError: No figure has that name.
            ConfigError: The study has not what the figure needs; the text says what.
        """
        from ablate.errors import ConfigError
        from ablate.report.figures import FIGURES

        figure = FIGURES.get(name)()
        reason = figure.applies(self._contents)
        if reason:
            raise ConfigError(f"figure {name!r} of {self.name}: {reason}")
        return figure.draw(self._contents, figure.numbers(self._contents))

    def __repr__(self) -> str:
        from ablate.report.summary import summary

        return summary(self._contents)

    def _repr_html_(self) -> str:
        """Return the answers as a notebook shows them."""
        from html import escape

        from ablate.report.summary import summary

        return f"<pre>{escape(summary(self._contents))}</pre>"


def open_study(study: str, *, store: Path, uri: str | None = None) -> OpenedStudy:
    """Return a study of a store; `ablate.open` is this."""
    from ablate.config.locations import study_name
    from ablate.report.source import read
    from ablate.study.store import check_version

    check_version(store)
    return OpenedStudy(read(store=store, study=study_name(study), uri=uri))
