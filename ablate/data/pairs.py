"""A pair of images, and a set of pairs with its splits and manifest."""

import copy
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.data.manifest import Manifest
from ablate.data.splits import redraw
from ablate.errors import DataError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One scene in both modalities; `visible` is Y of YCbCr.

    Arrays are uint8 of one shape (height, width); `chroma` is float32 (height, width, 2), Cb and Cr
    in 0..255, or None where the visible image is grey.
    """

    stem: str
    infrared: NDArray[np.uint8]
    visible: NDArray[np.uint8]
    chroma: NDArray[np.float32] | None = None


class PairSet:
    """Pairs by split; decoded once, when a split is first asked for.

    Args:
        splits: Stems of each split, disjoint.
        read: Returns the pair of a stem.
        manifest: What the set is made of.

    Raises:
        DataError: A stem stands in two splits.
    """

    def __init__(
        self,
        *,
        splits: Mapping[str, tuple[str, ...]],
        read: Callable[[str], Pair],
        manifest: Manifest,
    ) -> None:
        stems = [stem for split in SPLITS for stem in splits.get(split, ())]
        twice = sorted({stem for stem in stems if stems.count(stem) > 1})
        if twice:
            raise DataError(f"{manifest.label}: in two splits: {', '.join(twice[:5])}")
        self._splits = {split: tuple(splits.get(split, ())) for split in SPLITS}
        self._decode = read
        self._read = functools.cache(read)
        self.manifest = manifest

    def redrawn(self, seed: int) -> "PairSet":
        """Return the same pairs with train and val drawn anew from their pool; test stays.

        As many val pairs as before, in blocks of neighbouring frames; decoded pairs are shared.
        """
        pool = (*self._splits["train"], *self._splits["val"])
        train, val = redraw(pool, count=len(self._splits["val"]), seed=seed)
        other = copy.copy(self)
        other._splits = {**self._splits, "train": train, "val": val}
        return other

    def stems(self, split: str) -> tuple[str, ...]:
        """Return the names of a split, without decoding anything."""
        if split not in self._splits:
            raise DataError(f"no split is called {split!r}; splits are {', '.join(SPLITS)}")
        return self._splits[split]

    def read(self, stem: str) -> Pair:
        """Return one decoded pair without keeping it."""
        return self._decode(stem)

    def pairs(self, split: str) -> tuple[Pair, ...]:
        """Return the decoded pairs of "train", "val" or "test".

        Raises:
            DataError: Files cannot be decoded; one line each.
        """
        pairs: list[Pair] = []
        faults: list[str] = []
        for stem in self.stems(split):
            try:
                pairs.append(self._read(stem))
            except DataError as error:
                faults.append(str(error))
        if faults:
            raise DataError("\n".join(faults))
        return tuple(pairs)
