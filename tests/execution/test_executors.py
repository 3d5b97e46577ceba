"""Workers: what they answer, what a dead one leaves behind."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from ablate.errors import ConfigError, StoreError
from ablate.execution.inline import Inline
from ablate.execution.pool import MOST_LOST
from ablate.execution.processes import Processes
from ablate.execution.run_folder import read_result
from ablate.training.spec import RunSpec
from tests.execution.conftest import small, until
from tests.present import present

pytestmark = pytest.mark.e2e


def test_inline_and_processes_give_the_same_result(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    numbers = []
    for executor in (Inline(decide=lambda *_: False), processes()):
        folder = tmp_path / type(executor).__name__
        executor.submit(small("r"), folder)
        (result,) = until(executor, 1)
        assert result.state == "finished", result.reason
        assert read_result(folder) == result
        numbers.append((result.metrics, result.images))
    assert numbers[0] == numbers[1]


def test_a_report_is_answered_by_the_driver_and_kept_with_the_result(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    asked: list[tuple[str, list[int]]] = []

    def decide(spec: RunSpec, reports: Mapping[int, float]) -> bool:
        asked.append((spec.run_id, list(reports)))
        return 2 in reports

    executor = processes(decide=decide)
    executor.submit(small("r", rungs=(1, 2)), tmp_path / "r")
    (result,) = until(executor, 1)
    assert result.state == "pruned"
    assert asked == [("r", [1]), ("r", [1, 2])]
    assert list(cast("dict[str, float]", result.facts["reports"])) == ["1", "2"]


def kill(executor: Processes, folder: Path) -> None:
    """Kill the worker once it has begun."""
    before = folder.stat().st_mtime_ns if folder.exists() else 0
    deadline = time.monotonic() + 60
    while not (folder.exists() and folder.stat().st_mtime_ns > before):
        assert time.monotonic() < deadline
        executor.poll(0.05)
    os.kill(present(executor._workers[0].process.pid), signal.SIGKILL)


def test_a_run_whose_worker_is_killed_goes_on_and_ends_as_if_nothing_happened(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    executor = processes()
    executor.submit(small("r", steps=60), tmp_path / "let_alone")
    (whole,) = until(executor, 1)
    executor.submit(small("r", steps=60), tmp_path / "killed")
    kill(executor, tmp_path / "killed" / "journal.jsonl")
    (result,) = until(executor, 1)
    assert result.state == "finished", result.reason
    assert result.metrics == whole.metrics
    assert result.images == whole.images


def test_a_run_that_costs_three_workers_has_failed_and_the_next_run_goes_on(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    executor = processes()
    executor.submit(small("long", steps=4000), tmp_path / "long")
    for _ in range(MOST_LOST):
        kill(executor, tmp_path / "long" / "journal.jsonl")
        time.sleep(0.2)
        ended = executor.poll(1)
    (result,) = ended
    assert (result.state, result.reason) == (
        "failed",
        "killed: signal 9, 3 times",
    )
    assert read_result(tmp_path / "long") == result
    executor.submit(small("next"), tmp_path / "next")
    assert [result.state for result in until(executor, 1)] == ["finished"]


def test_a_folder_that_cannot_be_written_stops_the_study_and_is_no_result(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    (tmp_path / "r").write_text("a file where the folder should be")
    executor = processes()
    executor.submit(small("r"), tmp_path / "r")
    with pytest.raises(StoreError, match="goes on from here"):
        until(executor, 1)


def test_closing_ends_workers_that_are_at_work(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    executor = processes(slots=2)
    for name in ("one", "two"):
        executor.submit(small(name, steps=100_000), tmp_path / name)
    pids = [present(worker.process.pid) for worker in executor._workers]
    executor.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert read_result(tmp_path / "one") is None


def test_a_spec_survives_the_wire() -> None:
    spec = replace(small("r", rungs=(1, 2)), factors={"ratio": 0.1}, questions=("q",), block=3)
    assert RunSpec.from_json(spec.to_json()) == spec


def test_a_driver_that_is_gone_at_a_rung_leaves_no_result(
    processes: Callable[..., Processes], tmp_path: Path
) -> None:
    executor: Processes

    def decide(spec: RunSpec, reports: Mapping[int, float]) -> bool:
        executor._workers[0].pipe.close()  # as if the driver had died before it answered
        return False

    executor = processes(decide=decide)
    executor.submit(small("r", rungs=(1,)), tmp_path / "r")
    with pytest.raises(OSError, match="closed"):
        until(executor, 1)
    executor._workers[0].process.join(timeout=20)
    assert executor._workers[0].process.exitcode == 0
    assert read_result(tmp_path / "r") is None


def test_a_temporary_folder_without_room_for_sockets_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(self: Processes) -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(Processes, "_started", refused)
    with pytest.raises(ConfigError, match=r"^TMPDIR: /.* set it to a shorter folder"):
        Processes(decide=lambda *_: False)
