"""Kills what belongs to a running study at random moments, and starts it again until it ends."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.chaos.driving import start
from tests.chaos.outcome import STUDY, Outcome, outcome_of
from tests.chaos.readers import Readers
from tests.faults.postgres import Postgres
from tests.faults.serving import TrackingServer

LONGEST_S = 10.0  # between a start, or a kill, and the next kill
PATIENCE_S = 15.0  # for a file to appear
WORKERS = (1, 2, 4)
WORKER_KILLS = 2  # in one session: a run may cost two workers, the third death is its failure
TARGETS = {
    "driver": 5,
    "group": 4,
    "worker": 4,
    "fork server": 1,
    "tracking server": 3,
    "PostgreSQL": 5,
}
MOMENTS = (
    "s/.mlflow.db*",
    "s/optuna.db",
    "s/small/ledger.jsonl",
    "s/small/runs/*",
    "s/small/runs/*/journal.jsonl",
    "s/small/runs/*/*checkpoint*",
    "s/small/runs/*/*result.json*",
    "s/small/runs/*/shipped.json",
    "s/small/links.json",
    "s/small/published/*",
)


@dataclass
class Tally:
    """What was done so far."""

    kills: Counter[str] = field(default_factory=Counter)
    readers: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    studies: int = 0

    @property
    def total(self) -> int:
        return sum(self.kills.values())


class Round:
    """One study in a folder of its own.

    Args:
        folder: Where it is run; made when absent.
        server: Tracking server to use instead of the store's own database; running.
        postgres: Where Optuna's store and the server's database lie instead; running.
        words: Further overrides.
        kinds: What is killed, of `TARGETS`; absent, all that there is.
        longest_s: Most seconds between a start, or a kill, and the next kill.
        readers: Read while it is killed; absent, nobody.
    """

    def __init__(
        self,
        folder: Path,
        server: TrackingServer | None = None,
        *,
        postgres: Postgres | None = None,
        words: Sequence[str] = (),
        kinds: Sequence[str] = (),
        longest_s: float = LONGEST_S,
        readers: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.server, self._longest_s = folder, server, longest_s
        self.postgres = postgres
        self.words = [*words, *([f"store.mlflow={server.uri}"] if server else [])]
        if postgres:
            self.words.append(f"store.optuna={postgres.url(self._optuna_name)}")
            if server is None:
                raise ValueError("PostgreSQL goes with a tracking server")
        self.readers = Readers(folder, self.words, readers) if readers else None
        there = {"tracking server": server is not None, "PostgreSQL": postgres is not None}
        self._targets = {
            kind: weight
            for kind, weight in TARGETS.items()
            if (kind in kinds if kinds else there.get(kind, True))
        }

    def let_alone(self, *, workers: int = 2) -> Outcome:
        """Run the study to its end and return how it ended."""
        if self.server:
            self.server.wait()
        driver = self._start(workers)
        driver.join()
        assert driver.exitcode == 0, self._said()
        return self._ended()

    def killed(self, draw: random.Random, tally: Tally, *, kills: int) -> Outcome:
        """Kill so many times or until the study ends, then let it end; return how it ended."""
        goal = tally.total + kills
        tally.studies += 1
        while tally.total < goal:
            tally.starts += 1
            driver = self._start(draw.choice(WORKERS))
            of_workers = 0
            while tally.total < goal and driver.is_alive():
                self._wait(draw, driver)
                (kind,) = draw.choices(list(self._targets), list(self._targets.values()))
                if not driver.is_alive() or (kind == "worker" and of_workers == WORKER_KILLS):
                    continue
                if self.readers:
                    self.readers.start(draw)
                if self.kill(kind, driver.pid or 0, draw):
                    tally.kills[kind] += 1
                    of_workers += kind == "worker"
                if kind in ("driver", "group"):
                    break
            driver.join()
            if driver.exitcode == 0:
                return self._ended()
            assert driver.exitcode == -signal.SIGKILL or self._was_server_away(driver), self._said()
        tally.starts += 1
        return self.let_alone(workers=draw.choice(WORKERS))

    def outcome(self) -> Outcome:
        """Return how the study ended."""
        own = self.folder / "s" / "mlflow.db"
        return outcome_of(
            self.folder,
            words=self.words,
            database=self.server.database if self.server else own,
            uri=self.server.uri if self.server else None,
            optuna=self.postgres.url(self._optuna_name) if self.postgres else None,
        )

    def _ended(self) -> Outcome:
        """How the study ended, and what was wrong with its readers."""
        if self.readers is None:
            return self.outcome()
        self.readers.wait()
        found = self.outcome()
        return replace(found, wrongs=(*found.wrongs, *self.readers.wrongs))

    @property
    def _optuna_name(self) -> str:
        return f"optuna_{self.folder.name}"

    def _start(self, workers: int) -> ForkServerProcess:
        side_by_side = [] if "executor=inline" in self.words else ["--workers", str(workers)]
        words = [*self.words, "--store", "s", *side_by_side]
        return start("run", str(STUDY), *words, cwd=self.folder, log=self.folder / "said")

    def _was_server_away(self, driver: ForkServerProcess) -> bool:
        """Return whether a driver ended as it must when the server is away at the very end."""
        said = ("nothing is lost: start the same study again", "store.optuna: cannot open postgres")
        return (
            self.server is not None
            and driver.exitcode == 1
            and any(text in self._said() for text in said)
        )

    def _said(self) -> str:
        return (self.folder / "said").read_text()[-3000:]

    def _wait(self, draw: random.Random, driver: ForkServerProcess) -> None:
        """Wait a random time, or for a file to appear or change and a moment more."""
        if draw.random() < 0.4:
            until = time.monotonic() + draw.uniform(0, self._longest_s)
            while time.monotonic() < until and driver.is_alive():
                time.sleep(0.02)
            return
        pattern, more = draw.choice(MOMENTS), draw.uniform(0, 0.3) * draw.randint(0, 1)
        before, deadline = self._seen(pattern), time.monotonic() + PATIENCE_S
        while driver.is_alive() and time.monotonic() < deadline:
            if self._seen(pattern) != before:
                time.sleep(more)
                return
            time.sleep(0.003)

    def _seen(self, pattern: str) -> list[tuple[str, int]]:
        found = []
        for path in self.folder.glob(pattern):
            try:
                found.append((path.name, path.stat().st_mtime_ns))
            except FileNotFoundError:
                continue
        return sorted(found)

    def kill(self, kind: str, driver: int, draw: random.Random) -> bool:
        """Kill one kind of process; return whether there was one."""
        if kind == "tracking server":
            assert self.server is not None
            self.server.kill()
            time.sleep(draw.uniform(0, 3))
            self.server.start(waits=False)
            return True
        if kind == "PostgreSQL":
            assert self.postgres is not None
            if draw.random() < 0.5:
                self.postgres.restart()
            else:
                self.postgres.kill()
                time.sleep(draw.uniform(0, 3))
                self.postgres.start()
            return True
        if kind == "group":
            os.killpg(driver, signal.SIGKILL)
            return True
        children = _children()
        servers = [pid for pid in children.get(driver, ()) if b"forkserver" in _command(pid)]
        workers = [pid for server in servers for pid in children.get(server, ())]
        found = {"driver": [driver], "fork server": servers, "worker": workers}[kind]
        if not found:
            return False
        os.kill(draw.choice(found), signal.SIGKILL)
        return True


def children_of(driver: int) -> list[int]:
    """Return the fork server of a driver and its workers."""
    children = _children()
    servers = [pid for pid in children.get(driver, ()) if b"forkserver" in _command(pid)]
    return [*servers, *(pid for server in servers for pid in children.get(server, ()))]


def _children() -> dict[int, list[int]]:
    """Return parent -> its processes."""
    found: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found.setdefault(int(after[1]), []).append(int(path.parent.name))
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
