"""A study in a notebook, in the words of the command line: `study = ablate.open("q4_variant")`."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from ablate.report.contents import Contents


class Pictures(Mapping[str, "Image"]):
    """Fused pictures of an arm by the name of the image; a notebook shows the sources beside them.

    Args:
        arm: Whose they are.
        rows: Image name -> label -> file, the fused picture last.
    """

    def __init__(self, arm: str, rows: Mapping[str, Mapping[str, Path]]) -> None:
        self.arm = arm
        self._rows = rows

    def __getitem__(self, name: str) -> "Image":
        """Return a fused picture."""
        from PIL import Image

        from ablate.errors import UnknownNameError, nearest

        if name not in self._rows:
            raise UnknownNameError(f"{self.arm}: no picture of {name!r}; {nearest(name, self)}")
        return Image.open(list(self._rows[name].values())[-1])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"{self.arm}: pictures of {', '.join(self)}"

    def _repr_html_(self) -> str:
        from ablate.report.cards import pictures_html

        return pictures_html(self._rows)


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
        return self._contents.facts.study

    def runs(self) -> pd.DataFrame:
        """Return one row per run: ids, arm, phase, seed, state, "factor.*", "val/*", "test/*"."""
        return self._contents.runs.copy()

    def scores(self) -> pd.DataFrame:
        """Return one row per run, split, image and metric."""
        return self._contents.images.copy()

    def curves(self) -> pd.DataFrame:
        """Return one row per run, key and step."""
        return self._contents.curves.copy()

    def answers(self) -> pd.DataFrame:
        """Return the rows of verdict.json, one per question, contrast and metric.

        Empty for a study without an answer phase.
        """
        from ablate.analysis.document import Verdicts, rows_table

        return rows_table(self._contents.verdicts or Verdicts(study=self.name))

    def best(self) -> Mapping[str, Any]:
        """Return the sets of values that are not beaten, as `ablate best --json` prints them."""
        from ablate.report.best import best
        from ablate.stored import encode

        found: dict[str, Any] = encode(best(self._contents))
        return found

    def figure(self, name: str) -> "Figure":
        """Return a figure of the report, see `ablate list figures`; a notebook shows it.

        Raises:
            UnknownNameError: No figure has that name.
            ConfigError: The study has not what the figure needs; the text says what.
        """
        from ablate.errors import ConfigError
        from ablate.report.figures import FIGURES, NotDrawn

        figure = FIGURES.get(name)()
        numbers = figure.numbers(self._contents)
        if isinstance(numbers, NotDrawn):
            raise ConfigError(f"figure {name!r} of {self.name}: {numbers.reason}")
        _let_notebooks_draw()
        return figure.draw(self._contents, numbers)

    def images(self, arm: str) -> Pictures:
        """Return the published fused pictures of an arm, by image.

        Args:
            arm: Its name, or a factor's value that one arm with pictures has.

        Raises:
            UnknownNameError: No arm with pictures is called so.
            ConfigError: There are no pictures; the text says why.
        """
        from ablate.errors import ConfigError
        from ablate.report.pictures import SOURCES, missing

        if reason := missing(self._contents):
            raise ConfigError(f"{self.name}: {reason}")
        name, gallery = self._arm(arm), self._contents.gallery
        labels = [*(source for source in SOURCES if source in gallery), name]
        return Pictures(
            name,
            {
                image: {label: gallery[label][image] for label in labels if image in gallery[label]}
                for image in gallery[name]
            },
        )

    def _arm(self, arm: str) -> str:
        """Return the name of the arm with pictures that a name or a value means."""
        from ablate.errors import UnknownNameError, nearest
        from ablate.report.pictures import SOURCES, columns

        there = [name for name in self._contents.gallery if name not in SOURCES]
        labels = {name: label for label, name in columns(self._contents)}
        named = [name for name in there if arm in (name, labels.get(name))]
        if not named:
            runs = self._contents.runs
            factors = [name for name in runs.columns if name.startswith("factor.")]
            having = {
                row["arm"]
                for row in runs.to_dict("records")
                if arm in {str(row[name]) for name in factors}
            }
            named = [name for name in there if name in having]
        if len(named) == 1:
            return named[0]
        mend = f"it may be {', '.join(map(repr, named))}" if named else nearest(arm, there)
        raise UnknownNameError(f"{self.name}: no arm with pictures is called {arm!r}; {mend}")

    def __repr__(self) -> str:
        from ablate.report.summary import summary

        return summary(self._contents)

    def _repr_html_(self) -> str:
        """Return the answers and a few pictures as a notebook shows them."""
        from ablate.report.cards import study_html

        return study_html(self._contents)


def open_study(
    study: str, *, store: Path, uri: str | None = None, pictures: bool = True
) -> OpenedStudy:
    """Return a study of a store; `ablate.open` is this."""
    from ablate.config.locations import study_name
    from ablate.report.source import read
    from ablate.study.store import check_version

    name = study_name(study)
    if uri is None:
        check_version(store)
        name = _begun(store, name)
    return OpenedStudy(read(store=store, study=name, uri=uri, pictures=pictures))


def _begun(store: Path, name: str) -> str:
    """Return the study of a store that a name, or the beginning of one, means."""
    from ablate.errors import UnknownNameError, nearest

    there = sorted(path.parent.name for path in store.glob("*/ledger.jsonl"))
    if name in there or not there:
        return name
    begun = [one for one in there if one.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    mend = f"it may be {', '.join(begun)}" if begun else nearest(name, there)
    raise UnknownNameError(f"{store}: no study is called {name!r}; {mend}")


def _let_notebooks_draw() -> None:
    """Have IPython, where it runs, show figures: it learns that from pyplot, which is not used."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        from IPython.core.pylabtools import select_figure_formats

        select_figure_formats(shell, {"png"})  # type: ignore[no-untyped-call,unused-ignore]
