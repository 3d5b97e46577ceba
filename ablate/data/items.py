"""Named items in three splits: what a study needs of any data, whatever the items are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, Self, TypeVar

from ablate.data.groups import drawn_anew
from ablate.data.manifest import Manifest
from ablate.errors import DataError

Content = TypeVar("Content")
SPLITS = ("train", "val", "test")


class Examples(Protocol):
    """What the study engine asks of data; `PairSet` and `Items` are such."""

    @property
    def manifest(self) -> Manifest:
        """Return the names of every split, and the hash of what the items are made of."""

    def stems(self, split: str) -> tuple[str, ...]:
        """Return the names of "train", "val" or "test"."""

    def redrawn(self, seed: int) -> Self:
        """Return the same items with train and val drawn anew from their pool; test stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Generic[Content]):
    """Items by name, and whatever a task keeps of them.

    Args:
        manifest: Names of each split, and a hash of everything that the items are made of.
        content: Arrays, tensors, ...; shared by every split and redraw.

    Raises:
        DataError: A split is empty, or an item stands in two of them.
    """

    manifest: Manifest
    content: Content
    splits: Mapping[str, tuple[str, ...]] | None = None  # as drawn; the manifest's where absent

    def __post_init__(self) -> None:
        every = [name for split in SPLITS for name in self.stems(split)]
        label = self.manifest.label
        if empty := [split for split in SPLITS if not self.stems(split)]:
            raise DataError(f"{label}: no items for {', '.join(empty)}; give it some")
        if len(set(every)) < len(every):
            raise DataError(f"{label}: an item stands twice in its splits; remove it from one")

    def stems(self, split: str) -> tuple[str, ...]:
        """Return the names of a split."""
        if split not in SPLITS:
            raise DataError(f"no split is called {split!r}; splits are {', '.join(SPLITS)}")
        return tuple((self.splits or self.manifest.splits).get(split, ()))

    def redrawn(self, seed: int) -> "Items[Content]":
        """Return the same items with train and val drawn anew; as many val items as before.

        Items of one group of the manifest stay together. Without groups, neighbours by name go
        together, in four blocks: name items so that those which are alike (frames of one scene,
        samples of one writer) stand side by side.
        """
        pool = (*self.stems("train"), *self.stems("val"))
        count, groups = len(self.stems("val")), self.manifest.groups
        train, val = drawn_anew(pool, count=count, seed=seed, groups=groups)
        return replace(self, splits={"train": train, "val": val, "test": self.stems("test")})
