"""Jobs of a real Slurm: one is put back into the queue, one is warned, while a run is at work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.execution.inline import Inline
from ablate.execution.run_folder import read_result
from ablate.training.spec import JOURNAL
from tests.execution.conftest import small, until
from tests.execution.queue import Queue

pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
from ablate.execution.slurm import OnSlurm

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(600),
]
STEPS = 1500


@pytest.fixture(scope="module")
def queue() -> Iterator[Queue]:
    found = Queue()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("command", "cost"),
    [
        (("scontrol", "requeue"), (None, 1)),  # TERM and CONT, then KILL: it may lose the race
        (("scancel", "--signal=USR2"), (None,)),
        (("scancel", "--signal=KILL"), (None, 1)),  # TERM first, here too
    ],
)
def test_a_job_of_a_real_queue_hands_its_run_on(
    queue: Queue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    cost: tuple[int | None, ...],
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(queue.conf))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    alone = Inline(decide=lambda *_: False)
    alone.submit(small("r", steps=STEPS), tmp_path / "alone")
    (whole,) = until(alone, 1)
    folder = tmp_path / "s" / "runs" / "r"
    executor = OnSlurm(decide=lambda *_: False, host="127.0.0.1", logs=str(tmp_path / "logs"))
    executor.submit(small("r", steps=STEPS), folder)
    while not (folder / JOURNAL).exists() or (folder / JOURNAL).stat().st_size < 500:
        assert executor.poll(0.1) == []
    (job,) = queue.jobs()
    queue.say(*command, job)
    (result,) = until(executor, 1)
    executor.close()
    assert (result.state, result.metrics) == ("finished", whole.metrics)
    assert result.facts.get("workers_killed") in cost
    assert read_result(folder) == result
