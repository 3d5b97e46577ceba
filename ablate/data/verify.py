"""Looks through a data set and tells every fault, each with its fix.

One pair is held at a time, and a fingerprint of some hundred bytes for each pair.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate import data
from ablate.data import decode
from ablate.data.decode import Colour
from ablate.data.fingerprint import BITS, NEAR_BITS, Fingerprint, fingerprint, nearest_looks
from ablate.data.groups import across
from ablate.data.manifest import Manifest
from ablate.data.modalities import Suspicions
from ablate.data.pairs import SPLITS, PairSet
from ablate.data.problems import Problem
from ablate.data.unused import Unused, unused_beside
from ablate.errors import DataError
from ablate.settings.sources import known

Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What `verify` found; `manifest` is None where a study would refuse the set."""

    name: str
    label: str
    splits: Mapping[str, int]
    problems: tuple[Problem, ...]
    manifest: Manifest | None
    scenes: Mapping[str, int] = field(default_factory=dict)  # per split; empty: none are known
    shared_scenes: int = 0  # of the test part, that stand in another part too
    left_out: int = 0  # pairs in no split, since their scene stands in the test part
    scaling: Mapping[str, str] = field(default_factory=dict)  # side -> values that become 0 to 255
    unused: tuple[Unused, ...] = ()  # what lies in the folder beside the pairs

    @property
    def pairs(self) -> int:
        """Return the number of pairs that stand in a split, bad ones included."""
        return sum(self.splits.values())

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types under the names that scripts rely on."""
        return {
            "name": self.name,
            "pairs": self.pairs,
            "splits": dict(self.splits),
            "scenes": dict(self.scenes),
            "shared_scenes": self.shared_scenes,
            "left_out": self.left_out,
            "scaling": dict(self.scaling),
            "unused": [asdict(one) for one in self.unused],
            "problems": [
                {"file": str(problem.file), "problem": problem.what, "mend": problem.fix}
                for problem in self.problems
            ],
            "manifest_hash": self.manifest.hash if self.manifest else None,
        }


@dataclass(slots=True)
class _Seen:
    """What is kept of the pairs looked at."""

    suspicions: Suspicions
    prints: dict[str, Fingerprint] = field(default_factory=dict)
    unreadable: list[Problem] = field(default_factory=list)


def verify(settings: Mapping[str, Any], *, tick: Tick | None = None) -> Findings:
    """Return every problem of a data set; each image is decoded once.

    A set too small to fill all splits is not reported here; training refuses it.

    Args:
        settings: The data section of a study.
        tick: Called after each pair with the number done and the number of all.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: Its folder is not there.
    """
    pairs = data.make(settings)
    stems = [stem for split in SPLITS for stem in pairs.stems(split)]
    seen = _Seen(suspicions=Suspicions(sources=pairs.sources))
    for done, stem in enumerate(stems, start=1):
        if pairs.files:  # generated pairs have none
            _look(stem, pairs, seen)
        if tick:
            tick(done, len(stems))
    refused = [*pairs.problems, *seen.unreadable]
    suspect = [*seen.suspicions.problems(), *_repeated(pairs, seen)]
    made = pairs.manifest
    shared = across(made.splits, made.groups) if made.groups else {}
    return Findings(
        name=settings["name"],
        label=made.label,
        splits=made.counts,
        problems=(*refused, *suspect),
        manifest=None if refused else made,
        scenes=made.group_counts() if made.groups else {},
        shared_scenes=sum("test" in parts for parts in shared.values()),
        left_out=len(pairs.left_out),
        scaling=_scaling(pairs),
        unused=unused_beside(pairs, reported=[problem.file for problem in refused]),
    )


def _scaling(pairs: PairSet) -> dict[str, str]:
    sides = zip(pairs.sources, pairs.scalings, strict=True)
    return {name: str(one.range) for name, one in sides if one.range}


def _look(stem: str, pairs: PairSet, seen: _Seen) -> None:
    images: list[tuple[NDArray[np.uint8], Colour]] = []
    for path, scaling in zip(pairs.files[stem], pairs.scalings, strict=True):
        try:
            images.append(decode.grey_and_colour(path, levels=scaling.levels))
        except DataError as error:
            if all(path != problem.file for problem in pairs.problems):
                seen.unreadable.append(Problem.of(path, error))
    if len(images) < 2 or images[0][0].shape != images[1][0].shape:
        return
    infrared, visible = images
    seen.prints[stem] = fingerprint(infrared=infrared[0], visible=visible[0])
    seen.suspicions.add(pairs.files[stem], infrared=infrared, visible=visible)


def _repeated(pairs: PairSet, seen: _Seen) -> list[Problem]:
    """Return images that stand in two splits, and test pairs nearly seen in training.

    Slices of different patients resemble each other; where patients are known, only equal pixels
    are reported.

    Constant images resemble each other and say nothing about their scenes. Neighbouring frames in
    train and val are not reported: both are one pool, drawn anew.
    """
    problems: list[Problem] = []
    first: dict[bytes, tuple[Path, str]] = {}
    prints, constant = seen.prints, seen.suspicions.constant
    unlike = {stem for stem in prints if constant.keys() & set(pairs.files[stem])}
    for split in SPLITS:
        for stem in (stem for stem in pairs.stems(split) if stem in prints):
            both = (prints[stem].infrared, prints[stem].visible)
            for path, pixels in zip(pairs.files[stem], both, strict=True):
                if path in constant:
                    continue
                other, place = first.setdefault(pixels, (path, split))
                if place != split:
                    unlike.add(stem)
                    problems.append(_leak(path, f"same pixels as {_short(other)} in {place}"))
    are_bodies = any(known(name).is_of_body for name in pairs.sources)
    has_patients = are_bodies and len(set(pairs.manifest.groups.values())) > 1
    compared = set() if has_patients else prints.keys() - unlike
    pool = [stem for split in ("train", "val") for stem in pairs.stems(split) if stem in compared]
    test = [stem for stem in pairs.stems("test") if stem in compared]
    looks = [[prints[stem].look for stem in some] for some in (test, pool)]
    for stem, (index, bits) in zip(test, nearest_looks(*looks), strict=False):
        if bits <= NEAR_BITS:
            visible = pairs.files[stem][1]
            near = _short(pairs.files[pool[index]][1])
            what = f"nearly the same scene as {near} to train on ({bits} of {BITS} bits differ)"
            problems.append(_leak(visible, what))
    return problems


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _leak(file: Path, what: str) -> Problem:
    return Problem(file=file, what=what, fix="remove it from one of the splits")
