"""Names, labels and directions of every metric, readable without torch.

Those of the packaged metrics come from the table of members. Metrics of plug-ins and of tasks are
declared when they are registered.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

from ablate.errors import ConfigError, UnknownNameError, nearest
from ablate.settings.data import OWN
from ablate.settings.members import members
from ablate.settings.metrics import OF_EVERY_REPORT

Direction = Literal["higher", "lower"]

NAMES: Final = OF_EVERY_REPORT
LABELS: Final[dict[str, str]] = {}
BETTER: Final[dict[str, Direction]] = {}
LONGEST_NAME, LONGEST_LABEL = 100, 60
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_fixed: set[str] = set()  # names whose label nobody may change


def canonical_name(name: str) -> str:
    """Return the lower-case name of a packaged metric; any case is accepted, and "-" for "_".

    Raises:
        UnknownNameError: No packaged metric has this name.

    Example:
        >>> canonical_name("Qabf"), canonical_name("MS-SSIM")
        ('qabf', 'ms_ssim')
    """
    lower = name.lower().replace("-", "_")
    if lower not in LABELS:
        raise UnknownNameError(
            f"metrics.names: no metric is called {name!r}; {nearest(lower, LABELS)}"
        )
    return lower


def is_packaged(name: object) -> bool:
    """Return whether a name is that of a packaged metric."""
    return name in _fixed


def declare(name: str, *, label: str, better: str, of: str) -> None:
    """Make a metric known: its name, what reports call it, and which side is better.

    Args:
        name: Lower-case letters, digits and _, at most 100: part of MLflow's keys and of columns.
        label: One printable line of at most 60 letters.
        better: "higher" or "lower".
        of: Who declares it, for messages. A second declaration may change the label of a metric
            that is not packaged, never its direction.

    Raises:
        ConfigError: A name, label or direction that cannot be, or one metric declared in two ways.
    """
    at = f"{of}: metric {name[:40]!r}"
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{at}: its name must be lower-case letters, digits and _, at most {LONGEST_NAME}; "
            f"it has {len(name)} characters"
        )
    if not (isinstance(label, str) and 0 < len(label) <= LONGEST_LABEL and label.isprintable()):
        raise ConfigError(f"{at}: label must be a printable text of 1 to {LONGEST_LABEL} letters")
    if better not in ("higher", "lower"):
        raise ConfigError(f"{at}: better must be 'higher' or 'lower', got {better!r}")
    is_other = BETTER.get(name, better) != better
    if is_other or (name in _fixed and LABELS[name] != label):
        raise ConfigError(
            f"{at}: {label!r}, {better} is better, but {name!r} is known as {LABELS[name]!r}, "
            f"{BETTER[name]} is better; where it is that metric, say the same, else choose another "
            "name"
        )
    LABELS[name] = label
    BETTER[name] = "higher" if better == "higher" else "lower"


def on_sets(metrics: Iterable[str], tests: Iterable[str]) -> tuple[str, ...]:
    """Return the names of metrics on some test sets, set by set; plain where none is named.

    Example:
        >>> on_sets(["qabf", "vif"], ["own", "tno"])
        ('qabf', 'vif', 'tno/qabf', 'tno/vif')
    """
    metrics, sets = tuple(metrics), tuple(tests) or (OWN,)
    return tuple(metric if one == OWN else f"{one}/{metric}" for one in sets for metric in metrics)


def set_of(metric: str) -> tuple[str, str]:
    """Return the further test set and the plain name of a metric; "" for the study's own.

    Example:
        >>> set_of("tno/qabf"), set_of("qabf")
        (('tno', 'qabf'), ('', 'qabf'))
    """
    name, _, plain = metric.rpartition("/")
    return name, plain


def label_of(metric: str) -> str:
    """Return the label of a metric, its name where it is not known; a further test set is named.

    Example:
        >>> label_of("qabf"), label_of("tno/qabf")
        ('Qabf', 'Qabf on tno')
    """
    name, plain = set_of(metric)
    return f"{LABELS.get(plain, plain)} on {name}" if name else LABELS.get(plain, plain)


def better_of(metric: str) -> Direction:
    """Return which side of a metric is better, on whatever test set."""
    return BETTER[set_of(metric)[1]]


def is_lower_better(name: str) -> bool:
    """Return whether smaller values of a score are better.

    Args:
        name: A metric, with or without what precedes it: a part as in objectives, a further test
            set, or both. What is not a metric answers False: a score of which nothing is known is
            taken to be better when it is higher.

    Example:
        >>> [is_lower_better(name) for name in ("nabf", "val/nabf", "val/qabf", "val/unknown", "")]
        [True, True, False, False, False]
    """
    return BETTER.get(set_of(name)[1]) == "lower"


def is_higher_better(name: str) -> bool:
    """Return whether larger values of a metric are better; `name` as of `is_lower_better`.

    What is not a metric, such as a cost, answers False here too: use this where a score of which
    nothing is known is taken to be better when it is lower, or has no better side.
    """
    return BETTER.get(set_of(name)[1]) == "higher"


def _packaged() -> tuple[str, ...]:
    """Enter the packaged metrics and return their names, those of every report first."""
    found = members("metrics")  # where the table is out of date, imports what imports this module
    names = tuple(dict.fromkeys((*NAMES, *sorted(found))))
    facts = {name: found[name].facts for name in names}
    LABELS.clear()
    BETTER.clear()
    for name, of in facts.items():
        declare(name, label=of["label"], better=of["better"], of="ablate.metrics")
    _fixed.update(names)
    return names


ALL_NAMES: Final = _packaged()
