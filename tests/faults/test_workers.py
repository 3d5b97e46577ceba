"""Workers that outlive their driver, and a fork server that is killed."""

import os
import signal
import threading
import time
from multiprocessing import forkserver
from pathlib import Path
from threading import Event

import pytest
from filelock import FileLock

from ablate.errors import ConfigError
from ablate.execution.processes import Processes
from ablate.execution.run_folder import read_result
from ablate.execution.worker import LOCK, run_lock, work
from ablate.training.checkpoints import NEWEST, Checkpoints, LeaveError
from ablate.training.spec import RunResult, RunSpec
from ablate.writing import write_json
from tests.present import present
from tests.training.conftest import SETTINGS


def made(run_id: str = "r") -> RunSpec:
    return RunSpec(
        run_id=run_id,
        arm_id="a",
        study="s",
        phase="p",
        trial=0,
        seed=0,
        name="r",
        settings=SETTINGS,
        rungs=(2, 4),
    )


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """Return the folder of a run in a store of its own, which keeps the caches of its workers."""
    folder = tmp_path / "store" / "study" / "runs" / "r"
    folder.mkdir(parents=True)
    return folder


def test_a_worker_waits_for_the_one_in_the_folder_and_takes_over_its_result(tmp_path: Path) -> None:
    other = FileLock(tmp_path / LOCK, thread_local=False)
    result = RunResult(run_id="r", state="finished")
    other.acquire()

    def end() -> None:
        write_json(tmp_path / "result.json", result.to_json())
        other.release()

    timer = threading.Timer(0.3, end)
    timer.start()
    assert work(made(), tmp_path, ask=lambda reports: False) == result
    assert not (tmp_path / "journal.jsonl").exists()  # it was not trained again


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a run save after every step; return its folder's newest checkpoint."""
    monkeypatch.setattr(Checkpoints, "is_due", lambda self: True)
    return tmp_path / NEWEST


@pytest.mark.parametrize(("ask", "state"), [(False, "finished"), (True, "pruned")])
def test_an_ended_run_keeps_no_checkpoint(
    checkpoint: Path, tmp_path: Path, ask: bool, state: str
) -> None:
    assert work(made(), tmp_path, ask=lambda reports: ask).state == state
    assert not list(tmp_path.glob("*checkpoint*"))


def test_a_failed_run_keeps_no_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    def refuse(reports: object) -> bool:
        assert checkpoint.exists()
        raise ConfigError("x: is wrong")

    assert work(made(), tmp_path, ask=refuse).reason == "error: x: is wrong"
    assert not list(tmp_path.glob("*checkpoint*"))


def test_a_run_without_memory_that_is_tried_again_keeps_it(
    checkpoint: Path, tmp_path: Path
) -> None:
    def refuse(reports: object) -> bool:
        raise MemoryError

    with pytest.raises(MemoryError):
        work(made(), tmp_path, ask=refuse, retries_oom=True)
    assert checkpoint.exists()
    assert read_result(tmp_path) is None


def test_a_kill_between_result_and_checkpoint_loses_neither(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path) -> None:
        raise SystemExit

    with monkeypatch.context() as now:
        now.setattr("ablate.training.checkpoints.clear", killed)
        with pytest.raises(SystemExit):
            work(made(), tmp_path, ask=lambda reports: False)
    result = read_result(tmp_path)
    assert result is not None
    assert checkpoint.exists()
    assert work(made(), tmp_path, ask=lambda reports: False) == result
    assert not list(tmp_path.glob("*checkpoint*"))


def test_a_worker_that_is_to_go_does_not_wait(tmp_path: Path) -> None:
    leave = Event()
    leave.set()
    with (
        FileLock(tmp_path / LOCK),
        pytest.raises(LeaveError, match="another worker"),
    ):
        run_lock(tmp_path, leave).__enter__()
    with run_lock(tmp_path, leave):
        pass  # free again


@pytest.mark.e2e
def test_a_killed_fork_server_is_replaced_and_its_workers_go_on(tmp_path: Path) -> None:
    executor = Processes(decide=lambda *_: False)
    try:
        pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # private
        os.kill(present(pid), signal.SIGKILL)
        executor.submit(made("one"), tmp_path / "one")
        assert [result.state for result in _ended(executor)] == ["finished"]
        executor._renew()  # needs a new fork server
        executor.submit(made("two"), tmp_path / "two")
        assert [result.state for result in _ended(executor)] == ["finished"]
    finally:
        executor.close()


def _ended(executor: Processes) -> list[RunResult]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if ended := executor.poll(0.2):
            return ended
    raise AssertionError
