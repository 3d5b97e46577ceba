"""Disks that are full at many points of a study: `python -m tests.chaos.full_disk --points 40`.

Each study runs on a small file system of its own that lacks bytes or inodes, or with such a
temporary folder; then the same command again with room. The first must end in one line that says
what is full, the second like a study that never met it. Mounting needs the rights of root. Prints
counts; exits with 1 on any deviation.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.chaos import empty_store
from tests.chaos.driving import start
from tests.chaos.killing import Round
from tests.chaos.outcome import STUDY, Outcome, differences

ALONE: Final = (
    *("executor=inline", "train.steps=4", "train.gallery=0", "phases.hunt.trials=2"),
    *("phases.answer.options.blocks=2", "phases.answer.claims=false"),
)
ABSENT: Final = "bytes, of a store that is not there"
KINDS: Final = (*("bytes", "inodes") * 4, ABSENT, "temporary folder")  # in turns
ROOM: Final = "size=64m,nr_inodes=0"
TEMPORARY: Final = 16_384  # bytes, more than the study takes there at once
PEAK: Final = 1.02  # what a study takes at once beside what it leaves behind


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """Mount a small file system.

    Raises:
        PermissionError: That is not allowed here.
    """
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise PermissionError("mounting needs the rights of root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def needed(base: Path, empty: Path) -> tuple[Outcome, dict[str, tuple[float, float]]]:
    """Let a study alone; return how it ended, and by kind what it has at first and needs."""
    store = base / "s"
    with mounted(store, "size=64m"):
        empty_store.lay(empty, store)
        before = empty_store.used(store)
        whole = Round(base, words=ALONE).let_alone(workers=1)
        after = empty_store.used(store)
    kinds = zip(("bytes", "inodes"), before, after, strict=True)
    needs = {kind: (float(first), PEAK * last) for kind, first, last in kinds}
    return whole, {**needs, ABSENT: (0.0, before[0]), "temporary folder": (0.0, TEMPORARY)}


def point(
    folder: Path, kind: str, amount: float, *, empty: Path, whole: Outcome
) -> tuple[str, list[str]]:
    """Return how the study ended that had so many bytes or inodes, and what is wrong with that."""
    one = Round(folder, words=ALONE)
    options = (
        f"size=64m,nr_inodes={int(amount)}"
        if kind == "inodes"
        else f"size={int(amount) // 4096 * 4 + 4}k"
    )
    place = folder / ("tmp" if kind == "temporary folder" else "s")
    said = folder / "said"
    with mounted(place, options):
        if kind != ABSENT:
            empty_store.lay(empty, folder / "s")
        environment = {"TMPDIR": str(place)} if place.name == "tmp" else {}
        words = ["run", str(STUDY), *ALONE, "--store", "s"]
        driver = start(*words, cwd=folder, log=said, environment=environment)
        driver.join()
        text, code = said.read_text(), driver.exitcode
        last = (text.strip().splitlines() or [""])[-1]
        wrongs = ["a traceback"] if "Traceback" in text else []
        is_said = any(word in last.lower() for word in ("full", "no space", "free space"))
        if code not in (0, 1) or (code == 1 and not is_said):
            wrongs.append(f"exit code {code}: {last}")
        subprocess.run(["mount", "-o", f"remount,{ROOM}", str(place)], check=True)
        try:
            wrongs += differences(one.let_alone(workers=1), whole)
        except AssertionError as error:
            wrongs.append(f"with room: {str(error)[-300:]}")
    how = "went on" if code == 0 else last.replace(f"{folder}{os.sep}", "")
    return how, [f"{kind}, {options}: {wrong}" for wrong in wrongs]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.full_disk",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, default=40)
    words = parser.parse_args(arguments)
    ends: Counter[str] = Counter()
    deviations: list[str] = []
    kinds = [KINDS[number % len(KINDS)] for number in range(words.points)]
    with tempfile.TemporaryDirectory(prefix="full-") as name:
        empty = empty_store.make(Path(name) / "empty")
        whole, needs = needed(Path(name) / "whole", empty)
        deviations += whole.wrongs
        for number, kind in enumerate(kinds):
            share = (kinds[:number].count(kind) + 0.5) / kinds.count(kind)
            first, last = needs[kind]
            amount = first + share * (last - first)
            folder = Path(name) / str(number)
            how, wrongs = point(folder, kind, amount, empty=empty, whole=whole)
            ends[f"{kind}: {how}"[:150]] += 1
            deviations += wrongs
            print(f"{kind} {amount:.0f}: {how}", *wrongs, sep="\n  ", flush=True)
    for end, count in sorted(ends.items()):
        print(f"{count:4d} {end}")
    print(f"points: {words.points}, deviations: {len(deviations)}")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
