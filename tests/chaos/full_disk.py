"""Disks that are full at many points of a study: `python -m tests.chaos.full_disk --points 40`.

Each study runs on a small file system of its own that lacks bytes or inodes, or with such a
temporary folder; then the same command again with room. The first must end in one line that says
what is full, the second like a study that never met it. Mounting needs the rights of root. Prints counts; exits with 1 on any deviation.
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

from tests.chaos.killing import Round
from tests.chaos.outcome import STUDY, Outcome, differences
from tests.e2e.running import command

ALONE: Final = ("executor=inline", "train.steps=4", "train.gallery=0", "phases.hunt.trials=2")
KINDS: Final = ("bytes", "inodes", "temporary folder")
BYTES, INODES, TEMPORARY = 2_400_000, 330, 120_000  # about what the study needs of each


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


def point(folder: Path, kind: str, share: float, whole: Outcome) -> tuple[str, list[str]]:
    """Return how the study ended that had a share of what it needs, and what is wrong with that."""
    one = Round(folder, words=ALONE)
    options = {
        "bytes": f"size={int(share * BYTES) // 4096 * 4 + 4}k",
        "inodes": f"size=64m,nr_inodes={int(share * INODES) + 2}",
        "temporary folder": f"size={int(share * TEMPORARY) // 4096 * 4 + 4}k",
    }[kind]
    place = folder / ("tmp" if kind == "temporary folder" else "s")
    with mounted(place, options):
        words = ["run", str(STUDY), *ALONE, "--store", "s"]
        done = subprocess.run(
            command(*words),
            cwd=folder,
            env={**os.environ, "TMPDIR": str(place)} if place.name == "tmp" else None,
            capture_output=True,
            text=True,
            check=False,
        )
        said = (done.stderr.strip().splitlines() or [""])[-1]
        wrongs = ["a traceback"] if "Traceback" in done.stderr else []
        is_said = any(word in said.lower() for word in ("full", "no space", "free space"))
        if done.returncode not in (0, 1) or (done.returncode == 1 and not is_said):
            wrongs.append(f"exit code {done.returncode}: {said}")
        subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=0", str(place)], check=True)
        wrongs += differences(one.let_alone(workers=1), whole)
    how = "went on" if done.returncode == 0 else said.rpartition("/")[2]
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
    with tempfile.TemporaryDirectory(prefix="full-") as name:
        whole = Round(Path(name) / "whole", words=ALONE).let_alone(workers=1)
        deviations += whole.wrongs
        for number in range(words.points):
            kind = KINDS[number % len(KINDS)]
            share = (number + 0.5) / words.points
            how, wrongs = point(Path(name) / str(number), kind, share, whole)
            ends[f"{kind}: {how}"[:110]] += 1
            deviations += wrongs
            print(f"{kind} {share:.3f}: {how}", *wrongs, sep="\n  ", flush=True)
    for end, count in sorted(ends.items()):
        print(f"{count:4d} {end}")
    print(f"points: {words.points}, deviations: {len(deviations)}")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
