"""Workers that hang or run out of memory: the run goes on, is counted, and its numbers stay."""

import json
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.execution import processes as module
from ablate.execution.inline import Inline
from ablate.execution.processes import Processes
from ablate.execution.run_folder import read_result
from ablate.models.contract import MODELS
from ablate.training.spec import RunResult
from tests.execution.conftest import small, until

pytestmark = pytest.mark.e2e
Make = Callable[..., Processes]
LEASE_S = 1.5


def untroubled(executor: Processes, folder: Path) -> RunResult:
    """Return the run as it is where its network never gets into trouble."""
    executor.submit(small("whole", steps=8, trouble="hang", times=0), folder / "whole")
    return until(executor, 1)[0]


def test_a_run_that_hangs_once_goes_on_and_ends_as_if_nothing_happened(
    processes: Make, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    executor = processes(lease_s=LEASE_S)
    whole = untroubled(executor, project)
    pid = executor._workers[0].process.pid
    executor.submit(small("r", steps=8, trouble="hang"), project / "r")
    (result,) = until(executor, 1)
    assert result.state == "finished", result.reason
    assert (result.metrics, result.images) == (whole.metrics, whole.images)
    assert result.facts["workers_hung"] == 1
    assert read_result(project / "r") == result
    assert "hung (no progress for 1.5 s after step" in caplog.text
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_run_that_always_hangs_has_failed_and_says_so(processes: Make, project: Path) -> None:
    executor = processes(lease_s=0.5)
    executor.submit(small("r", steps=8, trouble="hang", times=9), project / "r")
    (result,) = until(executor, 1)
    assert result.state == "failed"
    assert result.reason.startswith("hung: no progress for ")
    assert result.reason.endswith(", 3 times")
    assert result.facts["workers_hung"] == 3
    assert read_result(project / "r") == result


def test_a_worker_that_was_stopped_is_replaced(processes: Make, project: Path) -> None:
    executor = processes(lease_s=LEASE_S)
    executor.submit(small("r", steps=1000, trouble="hang", times=0), project / "r")
    while not executor._workers[0].lease.step:
        assert executor.poll(0.05) == []
    pid = executor._workers[0].process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    (result,) = until(executor, 1)
    assert (result.state, result.facts["workers_hung"]) == ("finished", 1)


@pytest.mark.parametrize("trouble", ["exceed", "fill"])
def test_a_run_without_memory_goes_on_in_a_new_worker_with_the_same_numbers(
    processes: Make, project: Path, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    executor = processes()
    whole = untroubled(executor, project)
    first = executor._workers[0].process.pid
    executor.submit(small("r", steps=8, trouble=trouble), project / "r")
    (result,) = until(executor, 1)
    assert result.state == "finished", result.reason
    assert (result.metrics, result.images) == (whole.metrics, whole.images)
    assert result.facts["oom_retries"] == 1
    assert executor._workers[0].process.pid != first
    assert "it goes on once more when no other run is at work" in caplog.text


def test_a_run_without_memory_waits_until_it_is_alone(processes: Make, project: Path) -> None:
    executor = processes(slots=2)
    executor.submit(small("poor", steps=8, trouble="fill"), project / "poor")
    executor.submit(small("long", steps=1000), project / "long")
    ended = until(executor, 1)
    assert [result.run_id for result in ended] == ["long"]
    executor.submit(small("next"), project / "next")  # a slot is free, and is kept so
    ended = until(executor, 2)
    assert [result.run_id for result in ended] == ["poor", "next"]
    assert {result.state for result in ended} == {"finished"}
    alone_ns = (project / "poor" / "spec.json").stat().st_mtime_ns
    assert alone_ns > (project / "long" / "result.json").stat().st_mtime_ns


def test_memory_that_lacks_twice_is_the_reason_and_the_next_run_is_well(
    processes: Make, project: Path
) -> None:
    executor = processes()
    executor.submit(small("r", steps=8, trouble="exceed", times=2), project / "r")
    (result,) = until(executor, 1)
    assert result.state == "failed"
    assert result.reason.startswith("oom: ")
    assert "allocate memory" in result.reason
    assert result.reason.endswith("lower train.batch_size or data.crop in another study")
    assert result.facts["oom_retries"] == 1
    executor.submit(small("next"), project / "next")
    assert until(executor, 1)[0].state == "finished"


def test_a_kill_for_memory_is_told_from_other_kills(
    processes: Make, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = 7
    monkeypatch.setattr(module, "memory_kills", lambda: kills)
    executor = processes()
    executor.submit(small("r", steps=100_000), project / "r")
    for _ in range(2):
        before = executor._workers[0].process.pid
        while not (project / "r" / "journal.jsonl").exists():
            executor.poll(0.05)
        kills += 1
        assert before is not None
        os.kill(before, signal.SIGKILL)
        ended = executor.poll(5)
        executor.poll(0.5)
    (result,) = ended
    assert result.reason.startswith("oom: killed by the system for its memory; alone")
    assert json.loads((project / "r" / "result.json").read_text())["state"] == "failed"


def test_inline_tries_once_more_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    executor = Inline(decide=lambda *_: False)
    try:
        for number, times in enumerate((1, 9)):
            for mark in (project / "seen").iterdir():
                mark.unlink()
            run = small(f"r{number}", steps=8, trouble="fill", times=times)
            executor.submit(run, project / run.run_id)
        first, second = until(executor, 2)
    finally:
        MODELS._members.pop("troubled", None)
    assert (first.state, first.facts["oom_retries"]) == ("finished", 1)
    assert (second.state, second.facts["oom_retries"]) == ("failed", 1)
    assert second.reason.startswith("oom: CUDA out of memory")
    assert "it goes on once more" in caplog.text


def test_a_plugin_that_no_longer_loads_stops_the_study_with_its_own_line(
    processes: Make, project: Path
) -> None:
    (project / "plugins" / "half.py").write_text("def (", encoding="utf-8")
    executor = processes()
    executor.submit(small("r"), project / "r")
    with pytest.raises(StoreError, match=r"half\.py"):
        until(executor, 1)
    assert not (project / "r").exists()
