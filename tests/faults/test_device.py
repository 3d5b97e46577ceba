"""An accelerator that fails: its process is replaced, and the run goes on in the new one.

There is no GPU here: a network raises the error class of torch in the worker, which is what a
failed kernel does. What a lost device does to later calls in the same process is not acted out;
that the process is another one is.
"""

import time
from pathlib import Path

import pytest

from ablate.execution.pool import MOST_LOST
from ablate.execution.processes import Processes
from ablate.execution.run_folder import read_result
from ablate.training.spec import RunResult, RunSpec
from tests.training.conftest import SETTINGS

pytestmark = pytest.mark.e2e
PLUGIN = """
import os
from pathlib import Path
import torch
from ablate.models.contract import MODELS
from ablate.models.densefuse import DenseFuse

@MODELS.register("failing")
class Failing(DenseFuse):
    def fuse(self, *, infrared, visible):
        seen = Path("seen")
        pids = set(seen.read_text().split()) if seen.exists() else set()
        seen.write_text(" ".join(sorted(pids | {str(os.getpid())})))
        if len(pids) < int(Path("failures").read_text()):
            raise torch.AcceleratorError("CUDA error: device-side assert triggered")
        return super().fuse(infrared=infrared, visible=visible)
"""


def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, failures: int) -> RunResult:
    """Return how a run ends whose device fails so many times, once per process."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "failing.py").write_text(PLUGIN)
    (tmp_path / "failures").write_text(str(failures))
    monkeypatch.chdir(tmp_path)
    settings = {**SETTINGS, "model": {"name": "failing", "width": 2}}
    spec = RunSpec(
        run_id="r", arm_id="a", study="s", phase="p", trial=0, seed=0, name="r", settings=settings
    )
    executor = Processes(decide=lambda *_: False)
    try:
        executor.submit(spec, tmp_path / "r")
        results: list[RunResult] = []
        deadline = time.monotonic() + 120
        while not results:
            assert time.monotonic() < deadline
            results = executor.poll(0.2)
    finally:
        executor.close()
    assert read_result(tmp_path / "r") == results[0]
    return results[0]


def test_a_run_whose_device_failed_goes_on_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = ended(tmp_path, monkeypatch, failures=1)
    assert result.state == "finished", result.reason
    assert len((tmp_path / "seen").read_text().split()) == 2
    assert result.facts["workers_killed"] == 1


def test_a_device_that_fails_in_every_process_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = ended(tmp_path, monkeypatch, failures=MOST_LOST + 1)
    assert result.state == "failed"
    assert "CUDA error: device-side assert triggered" in result.reason
    assert str(MOST_LOST) in result.reason
