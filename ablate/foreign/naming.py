"""What the columns and metrics of others are called here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ablate.errors import ConfigError, nearest
from ablate.metrics.catalogue import LABELS, Direction

COLUMNS: Final = {
    "value": "what is compared: the method, or the value of the setting",
    "seed": "of the training; runs of one seed are a block",
    "block": "runs that are compared with each other, where it is not the seed",
    "run": "id of the training, where a value has several in a block",
    "image": "the score is of this test image; without it, of the run as a whole",
    "scene": "that the image shows; images of one scene resemble each other",
    "split": "test (also where there is no such column) or val, which chooses among several runs",
    "metric": "name of the metric",
    "score": "a number, or nan",
    "point": "tuning point within the block",
    "state": "finished (also where there is no such column) or failed",
    "reason": "why it failed; `diverged` is a failure of the method",
    "health": "how the training ended: healthy, constant, saturated, negative",
}
SPLITS: Final = {"test": "test", "val": "val", "valid": "val", "validation": "val"}
_IN_KEY = re.compile(rf"^(?:({'|'.join(SPLITS)})[/_.])?(.+?)(?:[/_.]({'|'.join(SPLITS)}))?$")
_NO_NAME = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How others call things.

    Args:
        columns: Our column -> theirs.
        metrics: Their metric -> ours, as "metric" or "val/metric".
        better: Our metric, not a packaged one -> which side is better.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    better: Mapping[str, Direction] = field(default_factory=dict)

    def metric_of(self, key: str) -> tuple[str, str]:
        """Return split and metric of a name of theirs; the split is empty where it names none.

        Example:
            >>> Naming().metric_of("val/Qabf"), Naming().metric_of("mAP@50")
            (('val', 'qabf'), ('', 'map_50'))
        """
        given = self.metrics.get(key)
        if given is not None:
            split, _, metric = given.rpartition("/")
            return split, metric
        found = _IN_KEY.match(key.strip().lower())
        if found is None:
            return "", ""
        before, name, after = found.groups()
        return SPLITS.get(before or after or "", ""), plain(name)

    def is_meant(self, key: str) -> bool:
        """Return whether a curve of theirs is a metric to judge: a known one, or one named."""
        return key in self.metrics or self.metric_of(key)[1] in (LABELS.keys() | self.better.keys())


def plain(name: str) -> str:
    """Return a name of a metric as it may stand in columns.

    Example:
        >>> plain("MS-SSIM"), plain("mAP@50")
        ('ms_ssim', 'map_50')
    """
    found = _NO_NAME.sub("_", name.strip().lower()).strip("_")
    return found if found[:1].isalpha() or not found else f"m_{found}"


def naming(*, columns: Iterable[str], metrics: Iterable[str], better: Iterable[str]) -> Naming:
    """Return what words of the command line say.

    Args:
        columns: OURS=THEIRS each.
        metrics: OURS=THEIRS each, ours as "qabf" or "val/qabf".
        better: METRIC=higher or METRIC=lower each.

    Raises:
        ConfigError: All words that say nothing, together.
    """
    faults: list[str] = []
    found: dict[str, str] = {}
    for word in columns:
        ours, _, theirs = word.partition("=")
        if ours not in COLUMNS or not theirs:
            tail = nearest(ours, COLUMNS) if ours not in COLUMNS else "give it as NAME=THEIRS"
            faults.append(f"--column {word}: no column of ours is named in it; {tail}")
        found[ours] = theirs
    named: dict[str, str] = {}
    for word in metrics:
        ours, _, theirs = word.partition("=")
        split, _, metric = ours.rpartition("/")
        if not theirs or plain(metric) != metric or split not in ("", "test", "val"):
            faults.append(
                f"--metric {word}: must be NAME=THEIRS such as qabf=eval/QABF or val/qabf=valid_q"
            )
        named[theirs] = ours
    sides: dict[str, Direction] = {}
    for word in better:
        metric, _, side = word.partition("=")
        if side == "higher":
            sides[plain(metric)] = "higher"
        elif side == "lower":
            sides[plain(metric)] = "lower"
        else:
            faults.append(f"--better {word}: must be METRIC=higher or METRIC=lower")
    if faults:
        raise ConfigError(*faults)
    return Naming(columns=found, metrics=named, better=sides)
