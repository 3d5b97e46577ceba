"""A long study that everything happens to: `python -m tests.soak --runs 400 --minutes 10`.

The study runs twice: alone, and while its processes are killed, stopped, continued and terminated,
its databases locked and its disk filled, with readers (status, best, report, doctor, watch, ui) beside it.
It must end like the first, with no process left. How the memory of the driver grows is printed: per
run in both halves of the runs, the first with its warm-up, and what publishing the end adds.
Exits with 1 on any deviation. The full disk needs the rights of root to mount.
"""

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import numpy as np

from tests.chaos.driving import start
from tests.chaos.full_disk import mounted
from tests.chaos.killing import WORKER_KILLS, Round, children_of
from tests.chaos.outcome import STUDY, Outcome, differences
from tests.chaos.readers import BUGS, Readers

LONGEST_PAUSE_S: Final = 5.0  # between two events
LONGEST_STOP_S: Final = 6.0  # of a process, or of a lock
GONE_WITHIN_S: Final = 15.0  # workers of a killed driver save and go
EXIT_CODES: Final = (0, 1, 130, -signal.SIGKILL, -signal.SIGTERM)  # the last before it listens
KILLS: Final = ("driver", "worker", "fork server", "group")
EVENTS: Final = {**dict.fromkeys(KILLS, 2), "stop": 5, "term": 2, "lock": 4, "full disk": 3}


@dataclass
class Memory:
    """Resident memory of one driver beside the runs that have ended."""

    runs: list[int] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)

    def take(self, pid: int, ended: int) -> None:
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kib = next(line for line in lines if line.startswith("VmRSS")).split()[1]
            self.runs.append(ended)
            self.mib.append(int(kib) / 1024)

    def __str__(self) -> str:
        """Return the growth per run, without what is published once the last run has ended."""
        last = max(self.runs, default=0)
        taken = [(run, mib) for run, mib in zip(self.runs, self.mib, strict=True) if run < last]
        halves = [
            [one for one in taken if 0 < one[0] <= last / 2],
            [one for one in taken if one[0] > last / 2],
        ]
        if any(len({run for run, _ in half}) < 3 for half in halves):
            return "too short to tell"
        slopes = [
            1024 * np.polyfit([run for run, _ in half], [mib for _, mib in half], 1)[0]
            for half in halves
        ]
        (first, at_first), (end, at_end) = halves[1][0], halves[1][-1]
        return (
            f"{slopes[0]:+.1f} KiB a run up to run {int(last / 2)}, {slopes[1]:+.1f} after it "
            f"({at_first:.0f} MiB at run {first}, {at_end:.0f} MiB at run {end}); "
            f"at most {max(self.mib):.0f} MiB, publishing included"
        )


class Soak:
    """One study in a folder of its own, and what is done to it."""

    def __init__(self, folder: Path, words: list[str], draw: random.Random) -> None:
        self.round = Round(folder, words=words)
        self.folder, self.store, self.draw = folder, folder / "s", draw
        self.words = [str(STUDY), *words, "--store", "s"]
        self.counts: Counter[str] = Counter()
        self.wrongs: list[str] = []
        self.can_fill = False
        self.readers = Readers(folder, words)

    def alone(self) -> tuple[Outcome, Memory]:
        memory, driver = Memory(), self._driver()
        while driver.is_alive():
            memory.take(driver.pid or 0, self._ended())
            driver.join(0.5)
        assert driver.exitcode == 0, self._said()
        return self.round.outcome(), memory

    def disturbed(self, *, until: float) -> tuple[Outcome, Memory]:
        """Disturb it until a moment, then let it end."""
        longest = Memory()
        while True:
            memory, driver, kills = Memory(), self._driver(), 0
            self.counts["starts"] += 1
            while driver.is_alive():
                pause = time.monotonic() + self.draw.uniform(0.1, LONGEST_PAUSE_S)
                while driver.is_alive() and time.monotonic() < pause:
                    memory.take(driver.pid or 0, self._ended())
                    driver.join(0.25)
                if not driver.is_alive() or time.monotonic() > until:
                    continue
                kinds = [kind for kind in EVENTS if self.can_fill or kind != "full disk"]
                (kind,) = self.draw.choices(kinds, [EVENTS[kind] for kind in kinds])
                if kind == "worker" and kills == WORKER_KILLS:
                    continue
                kills += kind == "worker"
                self.counts[kind] += self._do(kind, driver.pid or 0)
                self.readers.start(self.draw)
            longest = max(longest, memory, key=lambda one: len(set(one.runs)))
            if driver.exitcode not in EXIT_CODES:
                done = f"after {dict(self.counts)} the driver ended with {driver.exitcode}"
                raise AssertionError(f"{done}: {self._said()}")
            if driver.exitcode == 0:
                break
        self.readers.wait()
        self.counts += self.readers.counts
        self.wrongs += self.readers.wrongs
        self.wrongs += [f"{word} was said: {self._said()}" for word in BUGS if word in self._said()]
        self.wrongs += self._orphans()
        return self.round.outcome(), longest

    def _driver(self) -> ForkServerProcess:
        words = ["run", *self.words, "--workers", "2"]
        driver = start(*words, cwd=self.folder, log=self.folder / "said")
        with contextlib.suppress(ProcessLookupError):
            while driver.is_alive() and os.getpgid(driver.pid or 0) != driver.pid:
                time.sleep(0.01)  # until it leads a group that can be killed
        return driver

    def _do(self, kind: str, driver: int) -> bool:
        if kind in KILLS:
            return self.round.kill(kind, driver, self.draw)
        if kind == "lock":
            with self._locked(self.draw.choice(["mlflow.db", "optuna.db"])):
                time.sleep(self.draw.uniform(0.5, LONGEST_STOP_S))
            return True
        if kind == "full disk":
            ballast = self.store / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(2**20))
            time.sleep(self.draw.uniform(0.5, LONGEST_STOP_S))
            ballast.unlink()
            return True
        found = [driver, *children_of(driver)]
        target = self.draw.choice(found)
        with contextlib.suppress(ProcessLookupError):
            if kind == "term":
                os.kill(target, signal.SIGTERM)
                return True
            os.kill(target, signal.SIGSTOP)
            time.sleep(self.draw.uniform(0.5, LONGEST_STOP_S))
            os.kill(target, signal.SIGCONT)
        return True

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        if not (self.store / name).exists():
            yield
            return
        with contextlib.closing(sqlite3.connect(self.store / name, timeout=30)) as database:
            with contextlib.suppress(sqlite3.OperationalError):
                database.execute("begin exclusive")
            yield

    def _orphans(self) -> list[str]:
        """Return the processes of this study that are still there, all of which have ended."""
        end = time.monotonic() + GONE_WITHIN_S
        found: list[str] = []
        while time.monotonic() < end:
            found = []
            for path in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if (path / "cwd").resolve() == self.folder.resolve():
                        words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                        found.append(f"process {path.name} is left: {words[:80]}")
            if not found:
                break
            time.sleep(0.5)
        return found

    def _ended(self) -> int:
        with contextlib.suppress(OSError):
            return (self.store / "small" / "ledger.jsonl").read_bytes().count(b'"ended"')
        return 0

    def _said(self) -> str:
        said = self.folder / "said"
        return said.read_text()[-2000:] if said.exists() else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=10.0, help="of disturbance, at most")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args(arguments)
    searched = max(2, words.runs // 20)
    study = [
        "train.steps=4",
        "train.gallery=0",
        f"phases.hunt.trials={searched}",
        f"phases.answer.options.blocks={max(6, (words.runs - searched) // 2)}",
    ]
    draw = random.Random(words.seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as name, ExitStack() as stack:
        whole, alone = _timed("alone", Soak(Path(name) / "alone", study, draw).alone)
        soak = Soak(Path(name) / "soaked", study, draw)
        with contextlib.suppress(PermissionError):
            stack.enter_context(mounted(soak.store, "size=400m"))
            soak.can_fill = True
        until = time.monotonic() + 60 * words.minutes
        mine, disturbed = _timed("disturbed", lambda: soak.disturbed(until=until))
    wrongs = [*whole.wrongs, *soak.wrongs, *differences(mine, whole)]
    print(f"runs: {whole.counts['finished']}; done to it: {dict(sorted(soak.counts.items()))}")
    if not soak.can_fill:
        print("no disk was filled: mounting needs the rights of root")
    print(f"memory of the driver alone: {alone}; longest session of the disturbed: {disturbed}")
    for wrong in wrongs:
        print(f"  {wrong[:600]}")
    print(f"deviations: {len(wrongs)}")
    return 1 if wrongs else 0


def _timed(what: str, call: Callable[[], tuple[Outcome, Memory]]) -> tuple[Outcome, Memory]:
    started = time.monotonic()
    found = call()
    print(f"{what}: {time.monotonic() - started:.0f} s, {found[0].counts}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
