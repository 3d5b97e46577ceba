"""Arguments that several commands share."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.cli import completing

if TYPE_CHECKING:
    from ablate.config.schema import StudyConfig
    from ablate.settings.sources import Sources
    from ablate.study.open_study import OpenStudy

Study = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="Name of a study, or path of its YAML file.",
        autocompletion=completing.studies,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="OVERRIDES",
        help="Settings to change, such as data=msrs data.root=/data/MSRS train.steps=500.",
    ),
]
Store = Annotated[  # one that cannot be read is refused with its owner, by those who read it
    Path, typer.Option("--store", help="Folder of the stores.", readable=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="A sample of N pairs each of train, val and test, evenly by name: short for "
        "data.limit={train: N, val: N, test: N}. Scores are then those of N test pairs.",
    ),
]
SCALING_HELP = (
    "Of sources of more than 8 bits: high_byte, min_max_set, percentiles_set, min_max_image"
)
Infrared = Annotated[
    Path | None, typer.Option("--infrared", help="Infrared image, or folder of them.")
]
Visible = Annotated[
    Path | None, typer.Option("--visible", help="Visible image, or folder of them.")
]
Source = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME=PATH",
        help="Twice, instead of --infrared and --visible: other sources, such as MRI=FOLDER.",
    ),
]
Best = Annotated[
    bool,
    typer.Option("--best", help="The run best on val of the study (or of the store's only one)."),
]
DEFAULT_STORE = Path("ablate-store")


def check_scaling(name: str) -> str:
    """Return a scaling as typed.

    Raises:
        UnknownNameError: There is none of that name.
    """
    from ablate.data.scaling import SCALINGS
    from ablate.errors import UnknownNameError, nearest

    if name not in SCALINGS:
        raise UnknownNameError(
            f"--scaling: no scaling is called {name!r}; {nearest(name, SCALINGS)}"
        )
    return name


def two_sources(
    infrared: Path | None,
    visible: Path | None,
    given: list[str] | None,
    *,
    wanted: "Sources | None" = None,
) -> "tuple[Sources, tuple[Path, Path]]":
    """Return the names of the sources and where each lies, in the order of the names.

    Args:
        infrared: As typed.
        visible: As typed.
        given: NAME=PATH as typed, instead of both.
        wanted: The sources that a network fuses; None: those that are named.

    Raises:
        ConfigError: There are not two, or not those that are wanted.
    """
    from ablate.errors import ConfigError
    from ablate.settings.sources import INFRARED_VISIBLE, Sources, fault_of

    typed = {"infrared": infrared, "visible": visible}
    found = {name: path for name, path in typed.items() if path is not None}
    usual = wanted is None or wanted.are_usual
    both = wanted or Sources("MRI", "PET")
    example = " ".join(f"--source {name}=PATH" for name in both)
    example = f"--infrared PATH --visible PATH, or {example}" if wanted is None else example
    example = "--infrared PATH --visible PATH" if wanted and usual else example
    if given and found:
        raise ConfigError(f"--source: stands instead of --infrared and --visible; say {example}")
    for text in given or ():
        name, sign, path = text.partition("=")
        if not sign or not path or name in found:
            raise ConfigError(f"--source: {text!r} is not another NAME=PATH; say {example}")
        found[name] = Path(path).expanduser()
    if wanted is not None and set(found) != set(wanted):
        raise ConfigError(f"the network fuses {wanted.first} and {wanted.second}; say {example}")
    names = wanted or (Sources(*found) if len(found) == 2 else INFRARED_VISIBLE)
    if set(found) != set(names):
        raise ConfigError(
            f"two sources are needed, got {', '.join(found) or 'none'}; say {example}"
        )
    if fault := fault_of(names):
        raise ConfigError(f"--source: {fault}")
    return names, (found[names.first], found[names.second])


def limited(overrides: list[str] | None, limit: int | None) -> list[str]:
    """Return the overrides with --limit written out; a limit among the overrides goes before it."""
    splits = ("train", "val", "test") if limit is not None else ()
    return [*(f"data.limit.{split}={limit}" for split in splits), *(overrides or [])]


def percentages(words: list[str]) -> dict[str, float]:
    """Metric -> percent, from METRIC=PERCENT."""
    from ablate.errors import ConfigError
    from ablate.metrics.catalogue import LABELS

    found: dict[str, float] = {}
    for word in words:
        metric, _, text = word.partition("=")
        try:
            size = float(text.removesuffix("%"))
        except ValueError:
            size = 0.0
        if not 0 < size < 1000:
            raise ConfigError(f"--smallest {word}: must be METRIC=PERCENT such as qabf=1")
        if metric.lower() in LABELS:
            metric = metric.lower()
        found[metric] = size
    return found


def load(study: str, overrides: list[str] | None, *, store: Path | None = None) -> "StudyConfig":
    """Return the checked study, every name in it known.

    Args:
        study: As typed.
        overrides: As typed.
        store: A study that it holds already goes on with the packaged defaults of its start.

    Raises:
        ConfigError: All faults of the file and the overrides together.
        StoreError: The store belongs to somebody else, and cannot be read.
    """
    from ablate import config
    from ablate.config.locations import study_name
    from ablate.store_folder import check_rights
    from ablate.study.beginning import defaults_in
    from ablate.study.names import known

    words = tuple(overrides or ())
    if store is None:
        return config.load(study, words, known=known())
    name = study_name(study)
    check_rights(store, [store, store / name])
    defaults = defaults_in(store / name)
    return config.load(study, words, known=known(), defaults=defaults)


def check_root(settings: Mapping[str, Any]) -> None:
    """Raise DataError where the section data names a folder that is not there.

    One that names none is another matter: a plan does without data.
    """
    from ablate.errors import DataError

    root = settings.get("root")
    if isinstance(root, str | Path) and str(root) and not Path(root).expanduser().is_dir():
        raise DataError(f"data.root: {root} is no folder; give data.root=FOLDER with the pairs")


def opened(study: str, overrides: list[str] | None, *, store: Path) -> "OpenStudy":
    """Return the study in a store, as it was started there where no overrides are given.

    Raises:
        ConfigError: All faults of the file and the overrides together.
        StoreError: Another version of ablate wrote the store.
    """
    from ablate.config.locations import study_name
    from ablate.store_folder import LEDGER, check_rights
    from ablate.study.ledger import Ledger
    from ablate.study.open_study import OpenStudy

    name = study_name(study)
    check_rights(store, [store, store / name, store / name / LEDGER])
    words = overrides or Ledger(store / name).overrides
    return OpenStudy(load(study, words, store=store), store=store)
