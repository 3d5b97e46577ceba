"""A pair of images, and a set of pairs with its splits and manifest."""

import copy
import functools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.groups import drawn_anew
from ablate.data.manifest import Manifest
from ablate.data.problems import Problem
from ablate.data.scaling import Scaling
from ablate.data.splits import evenly
from ablate.errors import DataChangedError, DataError
from ablate.settings.sources import INFRARED_VISIBLE, Sources

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One scene as both sources show it; colour images are Y of YCbCr.

    `infrared` is the first source and `visible` the second, whatever the set calls them. Arrays are
    uint8 of one shape (height, width); `chroma` is float32 (height, width, 2), Cb and Cr in 0..255
    of the fused image, or None where the sources are grey or the pair was read without colour.
    """

    stem: str
    infrared: NDArray[np.uint8]
    visible: NDArray[np.uint8]
    chroma: NDArray[np.float32] | None = None


def padded(pair: Pair, *, least_px: int) -> Pair:
    """Return the pair with both images mirrored at their edges up to `least_px` a side."""
    missing = [max(0, least_px - side) for side in pair.infrared.shape]
    if not any(missing):
        return pair
    width = [(gap // 2, gap - gap // 2) for gap in missing]
    infrared, visible = (
        np.pad(image, width, mode="symmetric") for image in (pair.infrared, pair.visible)
    )
    return Pair(stem=pair.stem, infrared=infrared, visible=visible)


class PairSet:
    """Pairs by split; decoded once, when a split is first asked for.

    Args:
        splits: Stems of each split, disjoint.
        read: Returns the pair of a stem.
        manifest: What the set is made of.
        files: The two files of each stem; empty where nothing lies on disk.
        problems: Faults found so far; `ablate.data.load` refuses a set that has any.
        left_out: Files of the pairs in no split, since their scene stands in the test part.
        scalings: What becomes of more than 8 bits in the files of either source.
        folder: In which the set lies, perhaps with other files.

    Raises:
        DataError: A stem stands in two splits.
    """

    def __init__(
        self,
        *,
        splits: Mapping[str, tuple[str, ...]],
        read: Callable[[str], Pair],
        manifest: Manifest,
        files: Mapping[str, tuple[Path, Path]] | None = None,
        problems: Sequence[Problem] = (),
        left_out: Mapping[str, tuple[Path, Path]] | None = None,
        scalings: tuple[Scaling, Scaling] = (Scaling(), Scaling()),
        folder: Path | None = None,
    ) -> None:
        stems = [stem for split in SPLITS for stem in splits.get(split, ())]
        twice = sorted(stem for stem, count in Counter(stems).items() if count > 1)
        if twice:
            raise DataError(
                f"{manifest.label}: in two splits: {', '.join(twice[:5])}; remove each from one"
            )
        self._splits = {split: tuple(splits.get(split, ())) for split in SPLITS}
        self._decode = read
        self._read = functools.cache(lambda stem: replace(read(stem), chroma=None))
        self.manifest = manifest
        self.files = dict(files or {})
        self.every_file = tuple(path for both in self.files.values() for path in both)
        # of the set before a limit
        self.problems = tuple(problems)
        self.left_out = dict(left_out or {})
        self.scalings = scalings
        self.folder = folder
        self.sources = INFRARED_VISIBLE
        self.pads_to_px = 0
        self.cache: Path | None = None

    def redrawn(self, seed: int) -> "PairSet":
        """Return the same pairs with train and val drawn anew from their pool; test stays.

        As many val pairs as before, in blocks of neighbouring frames, or about as many in whole
        groups where the manifest knows them; decoded pairs are shared.
        """
        pool = (*self._splits["train"], *self._splits["val"])
        count, groups = len(self._splits["val"]), self.manifest.groups
        train, val = drawn_anew(pool, count=count, seed=seed, groups=groups)
        other = copy.copy(self)
        other._splits = {**self._splits, "train": train, "val": val}
        return other

    def named(self, sources: Sources) -> "PairSet":
        """Return the same pairs, whose two images are called so."""
        other = copy.copy(self)
        other.sources = sources
        return other

    def regrouped(self, splits: Mapping[str, tuple[str, ...]]) -> "PairSet":
        """Return the same pairs under other splits, which may share some: for timing alone."""
        other = copy.copy(self)
        other._splits = dict(splits)
        return other

    def padded(self, least_px: int) -> "PairSet":
        """Return the same pairs; those to train on are mirrored up to `least_px` a side.

        Val and test are scored as they are.
        """
        other = copy.copy(self)
        other.pads_to_px = least_px
        return other

    def limited(self, limit: Mapping[str, int]) -> "PairSet":
        """Return an even sample of the pairs; its manifest says that it is one, and of what.

        Args:
            limit: Number of pairs to keep of some of the splits; the others stay whole.

        Raises:
            DataError: A split has fewer pairs.
        """
        label, counts = self.manifest.label, self.manifest.counts
        if above := [split for split in SPLITS if limit.get(split, 0) > counts[split]]:
            most = ",".join(
                f"{split}:{min(limit[split], counts[split])}" for split in SPLITS if split in limit
            )
            raise DataError(
                f"data.limit: asks for {', '.join(f'{limit[split]} {split}' for split in above)} "
                f"pairs; {label} has {', '.join(f'{counts[s]} {s}' for s in SPLITS)}; lower it to "
                f"data.limit={{{most}}}"
            )
        splits = {
            split: evenly(stems, count=limit.get(split, len(stems)))
            for split, stems in self._splits.items()
        }
        if splits == self._splits:
            return self
        kept = {stem for stems in splits.values() for stem in stems}
        parts = [f"{len(splits[split])} of {counts[split]} {split}" for split in SPLITS]
        other = copy.copy(self)
        other._splits = splits
        other.files = {stem: both for stem, both in self.files.items() if stem in kept}
        other.manifest = Manifest(
            label=f"{label} (sample: {', '.join(parts)})",
            files=_of_stems(self.manifest.files, kept),
            splits=splits,
            groups={stem: one for stem, one in self.manifest.groups.items() if stem in kept},
        )
        return other

    def to_test_on(self, stems: Sequence[str]) -> "PairSet":
        """Return some of the pairs, all of them in the split test; the others are empty."""
        other, kept, before = copy.copy(self), set(stems), self.manifest
        splits = {"test": tuple(stems)}
        other._splits = {"train": (), "val": (), **splits}
        other.files = {stem: both for stem, both in self.files.items() if stem in kept}
        other.manifest = Manifest(
            label=before.label,
            files=_of_stems(before.files, kept),
            splits=splits,
            groups={stem: before.groups[stem] for stem in stems if stem in before.groups},
        )
        return other

    def kept_in(self, folder: Path, *, read: Callable[[str], Pair]) -> "PairSet":
        """Return the same pairs, those of the splits read by `read`; see `ablate.data.cache`.

        Args:
            folder: Where others may keep what they compute of the pairs.
            read: Returns the pair of a stem without colour.
        """
        other = copy.copy(self)
        other._read, other.cache = functools.cache(read), folder
        return other

    def stems(self, split: str) -> tuple[str, ...]:
        """Return the names of a split, without decoding anything."""
        if split not in self._splits:
            raise DataError(f"no split is called {split!r}; splits are {', '.join(SPLITS)}")
        return self._splits[split]

    def read(self, stem: str) -> Pair:
        """Return one decoded pair with its colour, without keeping it."""
        return self._decode(stem)

    def pairs(self, split: str) -> tuple[Pair, ...]:
        """Return the decoded pairs of "train", "val" or "test", without colour.

        Raises:
            DataChangedError: One is no longer the file that the manifest names.
            DataError: Files cannot be decoded; one line each.
        """
        pairs: list[Pair] = []
        faults: list[str] = []
        for stem in self.stems(split):
            try:
                pairs.append(self._read(stem))
            except DataChangedError:
                raise
            except DataError as error:
                faults.append(str(error))
        if faults:
            raise DataError("\n".join(faults))
        if split == "train" and self.pads_to_px:
            return tuple(padded(pair, least_px=self.pads_to_px) for pair in pairs)
        return tuple(pairs)


def _of_stems(files: Mapping[str, str], stems: Collection[str]) -> dict[str, str]:
    """Return the files of some pairs, named by a stem or a stem and its side; else all of them."""
    kept = {
        name: content
        for name, content in files.items()
        if name in stems or name.rpartition("/")[0] in stems
    }
    return kept or dict(files)
