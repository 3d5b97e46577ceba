"""The section `data`: what every data set has, and those in folders beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ablate.settings.setting import field
from ablate.settings.sources import INFRARED_VISIBLE

LARGEST_PX = 8192  # side of an image
OWN = "own"  # among test sets, the test part of the training data


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """How the pairs of a data set are used; its own class has these and where its files lie."""

    crop: int = field(
        "int", 128, low=8, high=LARGEST_PX, unit="px", meaning="Side of a training crop."
    )
    small: str = field(
        "name",
        "refuse",
        written=False,
        choices=("refuse", "pad"),
        meaning="What becomes of images smaller than the crop: refuse: an error; pad: they are "
        "mirrored at their edges for training.",
    )
    limit_train: int | None = field(
        "int",
        path="limit.train",
        low=1,
        may_be_null=True,
        unit="pairs",
        meaning="An even sample of this many training pairs; null or absent: all.",
    )
    limit_val: int | None = field(
        "int",
        path="limit.val",
        low=1,
        may_be_null=True,
        unit="pairs",
        meaning="The same of the validation pairs.",
    )
    limit_test: int | None = field(
        "int",
        path="limit.test",
        low=1,
        may_be_null=True,
        unit="pairs",
        meaning="The same of the test pairs.",
    )


def named_sources(*default: str, choices: Sequence[str] | None = None) -> Any:
    """Return the setting that names the two sources.

    Args:
        default: Both names.
        choices: All that may be named, the default where left out; any where empty.
    """
    return field(
        "sources",
        list(default),
        written=False,
        choices=default if choices is None else tuple(choices),
        meaning="What the two sources are called, in the order in which networks take them.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSplit(DataSettings):
    """A data set in a folder that its authors split into train and test."""

    sources: Sequence[str] = named_sources(*INFRARED_VISIBLE)

    root: str | None = field(
        "text",
        None,
        may_be_null=True,
        may_be_absent=True,
        meaning="Folder of the data set; null: the one of that name in $ABLATE_DATA.",
    )
    splits: str | None = field(
        "text",
        may_be_null=True,
        meaning="File or folder that names the pairs of every split, which goes before the "
        "folders.",
    )
    groups: str = field(
        "text",
        "auto",
        since=3,
        absent="none",
        meaning="Which images show one scene: auto: as groups.csv (name, group) in the folder "
        "says, else the rule of the data set; a CSV file or a regular expression over names; none: "
        "each image stands for itself. Splits cut no group, and groups are the cases of the "
        "statistics.",
    )
    scaling: str = field(
        "name",
        "high_byte",
        written=False,
        absent="high_byte",
        choices=("high_byte", "min_max_set", "percentiles_set", "min_max_image"),
        meaning="What becomes of images of more than 8 bits: high_byte: 65535 is white; "
        "min_max_set, percentiles_set: the least and the largest value (the 0.5th and 99.5th "
        "percentile) of each side of the set are black and white; min_max_image: those of each "
        "image.",
    )
    val_share: float = field(
        "float", 0.15, written=False, above=0, high=0.9, meaning="Part of train that becomes val."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSplit(PublishedSplit):
    """A data set in a folder without a split of its authors: blocks of neighbouring names."""

    test_share: float = field(
        "float", 0.25, written=False, above=0, high=0.9, meaning="Part that becomes test."
    )
