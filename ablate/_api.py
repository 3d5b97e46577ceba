"""`ablate.open`, `ablate.run` and `ablate.score`: the command line in a script or a notebook."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from ablate.errors import ConfigError, UnknownNameError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from ablate.report.contents import Contents


STORE: Final = Path("ablate-store")


class Pictures(Mapping[str, "Image"]):
    """Fused pictures of an arm by the name of the image; a notebook shows the sources too.

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
        from ablate.report.pictures import missing

        if reason := missing(self._contents):
            raise ConfigError(f"{self.name}: {reason}")
        name, gallery = self._arm(arm), self._contents.gallery
        sources = self._contents.facts.sources
        labels = [*(source for source in sources if source in gallery), name]
        return Pictures(
            name,
            {
                image: {label: gallery[label][image] for label in labels if image in gallery[label]}
                for image in gallery[name]
            },
        )

    def _arm(self, arm: str) -> str:
        """Return the name of the arm with pictures that a name or a value means."""
        from ablate.report.pictures import columns

        sources = self._contents.facts.sources
        there = [name for name in self._contents.gallery if name not in sources]
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
        fix = f"it may be {', '.join(map(repr, named))}" if named else nearest(arm, there)
        raise UnknownNameError(f"{self.name}: no arm with pictures is called {arm!r}; {fix}")

    def __repr__(self) -> str:
        from ablate.report.summary import summary

        return summary(self._contents)

    def _repr_html_(self) -> str:
        """Return the answers and a few pictures as a notebook shows them."""
        from ablate.report.cards import study_html

        return study_html(self._contents)


def open(  # the word that people try first
    study: str, *, store: Path | str = STORE, uri: str | None = None, pictures: bool = True
) -> OpenedStudy:
    """Open a study that has been run, for a notebook or a script.

    Args:
        study: Its name, the beginning of its name where that is enough, or the path of its file.
        store: Folder of the stores.
        uri: MLflow tracking URI, where the study is on a server.
        pictures: Whether published pictures may be shown; licences of data sets often forbid it.

    Raises:
        UnknownNameError: The store has no such study; the text offers the nearest.
        StoreError: The store holds no study, or it has published nothing yet.
    """
    from ablate.config.locations import study_name
    from ablate.report.source import read

    name, store = study_name(study), Path(store)
    if uri is None:
        name = _begun(store, name)
    return OpenedStudy(read(store=store, study=name, uri=uri, pictures=pictures))


def run(
    study: str,
    *,
    overrides: Sequence[str] = (),
    store: Path | str = STORE,
    retry: bool = False,
    accept_drift: bool = False,
) -> OpenedStudy:
    """Run a study, or go on with it, and open it; what has ended is never run again.

    It shows no progress; `ablate run` does, and both go on with each other's work. Where runs
    happen in processes (any executor but inline), a script must call this below
    `if __name__ == "__main__":`, as with every use of `multiprocessing`; a notebook need not.

    Args:
        study: Name of a study, or path of its YAML file.
        overrides: Settings to change, as on the command line: ["data=msrs", "train.steps=500"].
        store: Folder of the stores; made when absent.
        retry: Run again what failed in a designed phase without diverging.
        accept_drift: Go on although code, libraries or arithmetic differ from earlier runs.

    Raises:
        ConfigError: All errors of the file and the overrides together.
        DataError, DeviceError: Found before anything is written.
        StoreError: The store cannot be used, or holds this study with another design or data.
        BusyError: Another driver runs this study.
        HaltedError: The first runs all failed with the same error.
    """
    from ablate import config
    from ablate.config.locations import study_name
    from ablate.report.interim import closes
    from ablate.study.beginning import defaults_in
    from ablate.study.driver import run as drive
    from ablate.study.names import known

    words = overrides.split() if isinstance(overrides, str) else list(overrides)
    store = Path(store)
    defaults = defaults_in(store / study_name(study))
    checked = config.load(study, words, known=known(), defaults=defaults)
    drive(
        checked,
        store=store,
        overrides=words,
        retry=retry,
        accept_drift=accept_drift,
        closes=closes,
    )
    return open(checked.name, store=store)


def score(
    *,
    infrared: Path | str | None = None,
    visible: Path | str | None = None,
    fused: Path | str | Mapping[str, Path | str],
    sources: Mapping[str, Path | str] | None = None,
    metrics: Sequence[str] = ("en", "mi", "sd", "scd", "vif", "qabf"),
    protocol: str = "cddfuse-py",
    scaling: str = "high_byte",
) -> pd.DataFrame:
    """Score fused images by name against their sources, as `ablate score` does.

    Images pair up by file name without suffix. A fused image without sources, and sources without
    a fused image, are left out.

    Args:
        infrared: Folder of infrared images.
        visible: Folder of visible images.
        fused: Folder of fused images, or method -> folder.
        sources: Instead of both, two sources of any name -> folder, the first one first:
            {"near": "A", "far": "B"}.
        metrics: Names, see `ablate list metrics`.
        protocol: Conventions of the metrics, see `ablate list protocols`.
        scaling: Of sources of more than 8 bits, as the setting `data.scaling`.

    Returns:
        One row per method, image and metric: method, image, metric, value, protocol. A value that
        is 0/0 is NaN. In which direction a metric is better: `ablate.metrics.BETTER`.

    Raises:
        ConfigError: There are not two sources.
        UnknownNameError: No metric, protocol or scaling has this name.
        DataError: Everything that is wrong with folders and images, one line each.
    """
    from ablate import plugins
    from ablate.data.scaling import SCALINGS
    from ablate.metrics import PROTOCOLS, canonical_name
    from ablate.scoring.folders import gather
    from ablate.scoring.scores import score as score_collection
    from ablate.settings.sources import Sources

    both = _two_sources(infrared, visible, sources)
    plugins.load()
    if protocol not in PROTOCOLS:
        tail = nearest(protocol, PROTOCOLS)
        raise UnknownNameError(f"protocol: no protocol is called {protocol!r}; {tail}")
    if scaling not in SCALINGS:
        tail = nearest(scaling, SCALINGS)
        raise UnknownNameError(f"scaling: no scaling is called {scaling!r}; {tail}")
    names = [canonical_name(name) for name in metrics]
    if isinstance(fused, Path | str):
        folders = [str(fused)]
    else:
        folders = [f"{name}={folder}" for name, folder in fused.items()]
    first, second = (Path(folder) for folder in both.values())
    collection = gather(
        infrared=first,
        visible=second,
        fused=folders,
        names=Sources(*both),
        scaling=scaling,
    )
    scores = score_collection(collection, names=names, protocol=protocol)
    rows = [
        (row.method, row.image, row.metric, row.value, protocol)
        for row in scores.rows
        if row.method in scores.methods
    ]
    return pd.DataFrame(rows, columns=["method", "image", "metric", "value", "protocol"])


def _two_sources(
    infrared: Path | str | None,
    visible: Path | str | None,
    sources: Mapping[str, Path | str] | None,
) -> Mapping[str, Path | str]:
    """Return name -> folder of the two sources.

    Raises:
        ConfigError: There are not two, or their names cannot be.
    """
    from ablate.settings.sources import fault_of

    usual = {"infrared": infrared, "visible": visible}
    found = {name: folder for name, folder in usual.items() if folder is not None}
    example = 'infrared=... and visible=..., or sources={"MRI": ..., "PET": ...}'
    if sources is not None:
        if found:
            raise ConfigError(
                f"score: sources stands instead of infrared and visible; say {example}"
            )
        if fault := fault_of(list(sources)):
            raise ConfigError(f"score: sources {fault}")
        return sources
    if len(found) != 2:
        raise ConfigError(
            f"score: two sources are needed, got {', '.join(found) or 'none'}; say {example}"
        )
    return found


def _begun(store: Path, name: str) -> str:
    """Return the study of a store that a name, or the beginning of one, means."""
    from ablate.store_folder import studies

    there = studies(store)
    if name in there or not there:
        return name
    begun = [one for one in there if one.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    fix = f"it may be {', '.join(begun)}" if begun else nearest(name, there)
    raise UnknownNameError(f"{store}: no study is called {name!r}; {fix}")


def _let_notebooks_draw() -> None:
    """Have IPython, where it runs, show figures: it learns that from pyplot, which is not used."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        from IPython.core.pylabtools import select_figure_formats

        select_figure_formats(shell, {"png"})  # type: ignore[no-untyped-call,unused-ignore]
