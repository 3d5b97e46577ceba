"""Jobs of submitit as processes of this machine, signalled and killed as a queue would."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from ablate.errors import ClusterError
from ablate.execution.inline import Inline
from ablate.execution.run_folder import read_result
from ablate.training.spec import JOURNAL
from tests.execution.conftest import small, until

pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
from ablate.execution.slurm import OnSlurm

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def made(folder: Path, **options: Any) -> OnSlurm:
    return OnSlurm(decide=lambda *_: False, cluster="local", logs=str(folder / "logs"), **options)


def alone(folder: Path) -> Any:
    executor = Inline(decide=lambda *_: False)
    executor.submit(small("r", steps=600), folder)
    return until(executor, 1)[0]


def job_of(executor: OnSlurm) -> int:
    """Return the process number of the first worker."""
    return int(executor._workers[0].address.rpartition(":")[2])


@pytest.mark.parametrize(("by", "cost"), [(signal.SIGKILL, 1), (signal.SIGUSR2, None)])
def test_a_job_that_is_killed_or_told_to_go_hands_its_run_on(
    tmp_path: Path, by: signal.Signals, cost: int | None
) -> None:
    whole = alone(tmp_path / "alone")
    executor, folder = made(tmp_path), tmp_path / "s" / "runs" / "r"
    executor.submit(small("r", steps=600), folder)
    while not (folder / JOURNAL).exists():
        assert executor.poll(0.2) == []
    os.kill(job_of(executor), by)
    (result,) = until(executor, 1)
    executor.close()
    assert (result.state, result.metrics) == ("finished", whole.metrics)
    assert result.facts.get("workers_killed") == cost
    assert read_result(folder) == result


def test_two_slots_are_two_jobs(tmp_path: Path) -> None:
    executor = made(tmp_path, slots=2)
    for name in ("one", "two"):
        executor.submit(small(name, steps=200), tmp_path / "s" / "runs" / name)
    ended = until(executor, 2)
    hosts = {worker.address for worker in executor._workers}
    executor.close()
    assert {result.state for result in ended} == {"finished"}
    assert len(hosts) == 2


def test_jobs_that_cannot_start_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.execution.slurm.MOST_STARTS", 1)
    executor = made(tmp_path)
    executor._server.close()
    executor.submit(small("r"), tmp_path / "s" / "runs" / "r")
    with pytest.raises(ClusterError, match=r"did not start a worker: .*refused"):
        until(executor, 1)
    executor.close()


def test_no_queue_here_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=r"executor.cluster: slurm: "):
        OnSlurm(decide=lambda *_: False, logs=str(tmp_path / "logs"))


def test_a_queue_that_takes_no_job_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sbatch").write_text(
        "#!/bin/sh\necho 'sbatch: error: no such partition' >&2\nexit 1\n"
    )
    (tmp_path / "sbatch").chmod(0o755)
    (tmp_path / "srun").symlink_to(tmp_path / "sbatch")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ClusterError, match=r"sbatch takes no job: .*no such partition; see that"):
        OnSlurm(decide=lambda *_: False, host="127.0.0.1", logs=str(tmp_path / "logs"))
