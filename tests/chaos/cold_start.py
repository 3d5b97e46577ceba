"""Drivers started at once on an absent store: `python -m tests.chaos.cold_start --drivers 8`.

Two drivers per study: of each pair at least one must end its study, and the other is refused with
one line (exit code 1) or, where it came late, finds the study done. Afterwards every study has its
planned runs once, and `ablate doctor` finds nothing. Prints counts; exits with 1 on any deviation.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.chaos.driving import start
from tests.command_line import typed

STUDY = Path(__file__).with_name("cold.yaml")


def repetition(
    folder: Path, *, drivers: int, words: Sequence[str] = (), stores: Sequence[str] = ("s",)
) -> tuple[Counter[str], list[str]]:
    """Return how the drivers ended, and what is wrong with the store that they made.

    Args:
        folder: Made for it.
        drivers: Started at once, two per study.
        words: Overrides for all of them.
        stores: Taken in turns by the studies.
    """
    folder.mkdir(parents=True)
    studies = [folder / f"cold{number // 2}.yaml" for number in range(drivers)]
    for path in studies:
        shutil.copy(STUDY, path)
    typed_of = {
        study: [str(study), *words, "--store", stores[number // 2 % len(stores)]]
        for number, study in enumerate(studies)
    }
    started: list[tuple[Path, Path, ForkServerProcess]] = []
    for number, study in enumerate(studies):
        log = folder / f"said{number}"
        started.append((study, log, start("run", *typed_of[study], cwd=folder, log=log)))
    counts: Counter[str] = Counter()
    wrongs: list[str] = []
    done: Counter[Path] = Counter()
    for study, log, driver in started:
        driver.join()
        said = log.read_text()
        if driver.exitcode == 0:
            counts["ended the study"] += 1
            done[study] += 1
        elif driver.exitcode == 1 and "another driver runs the study" in said:
            counts["refused: another driver runs the study"] += 1
        else:
            wrongs.append(f"{study.name}: exit code {driver.exitcode}: {said[-300:]}")
    for study in dict.fromkeys(studies):
        wrongs += [] if done[study] else [f"{study.name}: no driver ended it"]
        status = json.loads(typed("status", *typed_of[study], "--json", cwd=folder).stdout)
        if (status["planned"], status["finished"]) != (1, 1):
            wrongs.append(f"{study.name}: {status['finished']} of {status['planned']} finished")
        said_by = typed("doctor", *typed_of[study], "--json", cwd=folder)
        if said_by.returncode or json.loads(said_by.stdout)["found"]:
            wrongs.append(f"{study.name}: {said_by.stdout[-300:]}")
    return counts, wrongs


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.cold_start",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--drivers", type=int, default=8)
    parser.add_argument("--repetitions", type=int, default=50)
    words = parser.parse_args(arguments)
    total: Counter[str] = Counter()
    deviations: list[str] = []
    for number in range(words.repetitions):
        with tempfile.TemporaryDirectory(prefix="cold-") as folder:
            counts, wrongs = repetition(Path(folder) / "here", drivers=words.drivers)
        total += counts
        deviations += wrongs
        for line in wrongs:
            print(f"repetition {number}: {line}", flush=True)
    print(f"repetitions: {words.repetitions}, drivers at once: {words.drivers}")
    print(f"ends: {dict(total)}")
    print(f"deviations: {len(deviations)}")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
