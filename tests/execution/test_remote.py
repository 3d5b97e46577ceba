"""Workers that connect over a socket: with the driver's folder in sight, and without."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from ablate.errors import StoreError
from ablate.execution import file_sync, remote
from ablate.execution.inline import Inline
from ablate.execution.processes import PRELOAD
from ablate.execution.remote import work_for
from ablate.execution.run_folder import read_result
from ablate.execution.serving import MARK, Notice
from ablate.tracking.journal import read_journal
from ablate.training.spec import JOURNAL, RESULT, RunSpec
from tests.execution.conftest import small, until

pytestmark = pytest.mark.e2e
HERE = "127.0.0.1"


def come(address: tuple[str, int], secret: str, token: str, is_blind: bool) -> None:
    notice = Notice()
    signal.signal(signal.SIGUSR1, lambda *_: notice.give("the machine is wanted elsewhere"))
    if is_blind:  # as on a machine that does not share the driver's file system
        from ablate.execution import serving

        serving.MARK = "no such mark"
    work_for(address, secret, token=token, project="/no/such/project", notice=notice)


class Forked(remote.Remote):
    """Workers of this machine that connect to the server.

    Args:
        is_blind: Whether they see nothing of the driver's files.
        strike: A signal that the first worker gets while it waits for the answer at its first rung.
    """

    def __init__(
        self, *, is_blind: bool = False, strike: signal.Signals | None = None, **options: Any
    ) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self.is_blind, self._strike = is_blind, strike
        self.processes: dict[str, ForkServerProcess] = {}
        super().__init__(**{"decide": self._go_on, "host": HERE, **options})

    def _go_on(self, *_: object) -> bool:
        if self._strike is not None:
            (pid,) = (process.pid for process in self.processes.values())
            assert pid is not None
            os.kill(pid, self._strike)
            self._strike = None
        return False

    def _launch(self, token: str) -> None:
        words = (self._server.address, self._secret, token, self.is_blind)
        self.processes[token] = self._context.Process(target=come, args=words, daemon=True)
        self.processes[token].start()

    def _stop(self, token: str) -> None:
        self.processes[token].join(5)
        self.processes[token].kill()


@pytest.fixture
def forked() -> Iterator[type[Forked]]:
    made: list[Forked] = []

    class Kept(Forked):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    yield Kept
    for one in made:
        one.close()


def steps(folder: Path) -> list[tuple[str, int]]:
    """Return what the journal says, without its times and the machine's state."""
    return [
        (name, event["step"])
        for _, event in read_journal(folder / JOURNAL)
        for name in (event.get("values") or {event.get("name", "rung"): 0})
        if not name.startswith("system/")
    ]


def whole(folder: Path) -> tuple[Mapping[str, float], list[tuple[str, int]]]:
    """Return the numbers and the journal of the same run, let alone."""
    executor = Inline(decide=lambda *_: False)
    executor.submit(small("r", steps=60, rungs=(2,)), folder)
    (result,) = until(executor, 1)
    return result.metrics, steps(folder)


@pytest.mark.parametrize("is_blind", [False, True])
def test_a_remote_worker_gives_the_same_numbers_and_files(
    forked: type[Forked], tmp_path: Path, is_blind: bool
) -> None:
    metrics, journal = whole(tmp_path / "alone")
    executor = forked(is_blind=is_blind)
    executor.submit(small("r", steps=60, rungs=(2,)), tmp_path / "s" / "runs" / "r")
    (result,) = until(executor, 1)
    folder = tmp_path / "s" / "runs" / "r"
    assert (result.state, result.metrics) == ("finished", metrics)
    assert read_result(folder) == result
    assert steps(folder) == journal
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    alone = {
        path.relative_to(tmp_path / "alone").as_posix()
        for path in (tmp_path / "alone").rglob("*")
        if path.is_file()
    }
    assert {name for name in names if not name.startswith(".")} - {"worker.lock"} == alone - {
        "worker.lock"
    }


@pytest.mark.parametrize("is_blind", [False, True])
def test_a_remote_worker_that_is_killed_is_replaced_and_its_run_goes_on(
    forked: type[Forked], tmp_path: Path, is_blind: bool
) -> None:
    metrics, journal = whole(tmp_path / "alone")
    executor = forked(is_blind=is_blind, strike=signal.SIGKILL)
    folder = tmp_path / "s" / "runs" / "r"
    executor.submit(small("r", steps=60, rungs=(2,)), folder)
    (result,) = until(executor, 1)
    assert (result.state, result.metrics) == ("finished", metrics)
    assert result.facts["workers_killed"] == 1
    assert sorted(steps(folder)) == sorted(journal)


@pytest.mark.parametrize("is_blind", [False, True])
def test_a_remote_worker_that_has_to_go_saves_and_that_costs_the_run_nothing(
    forked: type[Forked], tmp_path: Path, is_blind: bool, caplog: pytest.LogCaptureFixture
) -> None:
    metrics, journal = whole(tmp_path / "alone")
    executor = forked(is_blind=is_blind, strike=signal.SIGUSR1)
    folder = tmp_path / "s" / "runs" / "r"
    executor.submit(small("r", steps=60, rungs=(2,)), folder)
    while "wanted elsewhere" not in caplog.text:
        assert executor.poll(0.05) == []
    assert (folder / "checkpoint.pt").exists()
    (result,) = until(executor, 1)
    assert (result.state, result.metrics) == ("finished", metrics)
    assert "workers_killed" not in result.facts
    assert sorted(steps(folder)) == sorted(journal)
    assert not (folder / "checkpoint.pt").exists()


def test_closing_takes_what_blind_remote_workers_save_when_they_leave(
    forked: type[Forked], tmp_path: Path
) -> None:
    executor, folder = forked(is_blind=True), tmp_path / "s" / "runs" / "r"
    executor.submit(small("r", steps=100_000), folder)
    while not executor._workers or not executor._workers[0].lease.step:
        assert executor.poll(0.05) == []
    executor.close()
    assert (folder / "checkpoint.pt").exists()
    assert read_result(folder) is None


def test_an_idle_remote_worker_that_goes_is_replaced(forked: type[Forked], tmp_path: Path) -> None:
    executor = forked()
    executor.submit(small("one"), tmp_path / "one")
    until(executor, 1)
    first = executor._workers[0].token
    pid = executor.processes[first].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    executor.processes[first].join()
    executor.poll(0.05)
    executor.submit(small("two"), tmp_path / "two")
    (result,) = until(executor, 1)
    assert result.state == "finished"
    assert "workers_killed" not in result.facts
    assert executor._workers[0].token != first


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/../../x", ".hidden", "a/.b/c", "", "a\0b", "shipped.json", "x" * 300],
)
def test_a_worker_cannot_write_outside_its_run(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "runs" / "r"
    with pytest.raises(StoreError, match="refused"):
        file_sync.receive(folder, name, b"x", at=None)
    assert not list(tmp_path.rglob("*.json"))


def test_a_journal_is_continued_and_what_stood_behind_is_cut(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b"one\ntw")
    file_sync.receive(tmp_path, JOURNAL, b"two\nthree\n", at=4)
    assert (tmp_path / JOURNAL).read_bytes() == b"one\ntwo\nthree\n"


def test_the_result_is_sent_last_and_marks_stay_here(tmp_path: Path) -> None:
    for name in (
        RESULT,
        "checkpoint.pt",
        JOURNAL,
        "worker.lock",
        MARK,
        "shipped.json",
        "spec.json",
    ):
        (tmp_path / name).write_text("x")
    found = [path.name for path in file_sync.files_of(tmp_path)]
    assert found == [JOURNAL, "spec.json", "checkpoint.pt", RESULT]


def test_no_worker_at_all_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody(remote.Remote):
        def _launch(self, token: str) -> None:
            """Start nothing."""

        def _stop(self, token: str) -> None:
            """Have nothing to stop."""

    monkeypatch.setattr(remote, "PATIENCE_S", 0.0)
    executor = Nobody(decide=lambda *_: False, host=HERE)
    spec: RunSpec = small("r")
    with caplog.at_level(logging.WARNING):
        executor.submit(spec, tmp_path / "r")
        executor.poll(0.01)
        executor.poll(0.01)
    executor.close()
    assert "no worker has connected" in caplog.text
