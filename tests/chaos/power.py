"""Loss of power at random instants of a study: `python -m tests.chaos.power --instants 40`.

The driver runs under a library that keeps each file as it was at its last sync. At a random
instant it is killed, and of every file each page that was not synced is kept, lost (as it was at
the last sync) or zero, drawn by lot; then the same command goes on. Each study must end like one
that had power. Needs a C compiler. Prints counts; exits with 1 on any deviation.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from tests.chaos import empty_store
from tests.chaos.driving import start
from tests.chaos.going_on import go_on
from tests.chaos.killing import Round
from tests.chaos.outcome import STUDY, differences

ALONE: Final = (
    *("executor=inline", "train.steps=40", "train.gallery=1", "phases.hunt.trials=3"),
    *("phases.answer.options.blocks=3", "phases.answer.claims=false"),
)
HAS_A_DATABASE: Final = 0.8  # of the instants: its making takes longer than the study
LIBRARY: Final = Path(__file__).with_name("synced.c")
PAGE: Final = 4096
FATES: Final = ("kept", "lost", "zero")


def library(folder: Path) -> Path:
    """Compile the library; FileNotFoundError where there is no compiler."""
    made = folder / "synced.so"
    words = ["cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(LIBRARY), "-ldl"]
    subprocess.run(words, check=True)
    return made


def lose_power(store: Path, synced: Path, draw: random.Random) -> Counter[str]:
    """Leave of every file what its disk may have; return how many pages met which fate."""
    fates: Counter[str] = Counter()
    for path in sorted(store.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        now, copy = path.read_bytes(), synced / str(path.stat().st_ino)
        then = copy.read_bytes() if copy.exists() else b""
        if now == then:
            continue
        size = draw.choice([len(now), len(then)])
        pages = []
        for at in range(0, size, PAGE):
            end = min(at + PAGE, size)
            new, old = (one[at:end].ljust(end - at, b"\0") for one in (now, then))
            fate = draw.choice(FATES) if new != old else "synced"
            fates[fate] += 1
            pages.append({"lost": old, "zero": bytes(end - at)}.get(fate, new))
        path.write_bytes(b"".join(pages))
    return fates


def instant(folder: Path, empty: Path, draw: random.Random, *, runs: int) -> Counter[str]:
    """Run the study in a folder until the power goes, while one of its runs is trained."""
    synced, ledger = folder / "synced", folder / "s" / "small" / "ledger.jsonl"
    synced.mkdir(parents=True)
    if draw.random() < HAS_A_DATABASE:
        empty_store.lay(empty, folder / "s", synced=synced)
    words = ["run", str(STUDY), *ALONE, "--store", "s"]
    environment = {"SYNCED": str(synced)}
    driver = start(*words, cwd=folder, log=folder / "said", environment=environment)
    goal = draw.randint(0, runs)
    while driver.is_alive():
        if ledger.exists() and ledger.read_bytes().count(b'"ended"') >= goal:
            break
        time.sleep(0.005)
    time.sleep(draw.uniform(0, 0.5))
    if driver.is_alive():
        os.killpg(driver.pid or 0, signal.SIGKILL)
    driver.join()
    assert list(synced.iterdir()), "the library was not loaded"
    return lose_power(folder / "s", synced, draw)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.power",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--instants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args(arguments)
    draw, fates, rebuilt = random.Random(words.seed), Counter[str](), Counter[str]()
    deviations: list[str] = []
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        os.environ["LD_PRELOAD"] = str(library(Path(name)))  # of the template of all drivers
        empty = empty_store.make(Path(name) / "empty")
        whole = Round(Path(name) / "whole", words=ALONE).let_alone(workers=1)
        for number in range(words.instants):
            folder = Path(name) / str(number)
            lost = instant(folder, empty, draw, runs=whole.counts["finished"])
            fates += lost
            try:
                rebuilt.update(go_on(folder, words=ALONE))
                found = differences(Round(folder, words=ALONE).outcome(), whole)
            except AssertionError as error:
                found = [str(error)]
            deviations += found
            print(
                f"{number}: {dict(lost)}", *(line[:500] for line in found), sep="\n  ", flush=True
            )
            shutil.rmtree(folder)
    print(f"instants: {words.instants}; pages: {dict(fates)}; built anew: {dict(rebuilt)}")
    print(f"deviations: {len(deviations)}")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
