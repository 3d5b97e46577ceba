"""A loss that is NaN or infinite: that run has failed with its reason, the study goes on."""

import json
from pathlib import Path

import pytest
import torch

from ablate.models.probe import Probe
from tests.e2e.running import inside, stores

pytestmark = pytest.mark.e2e
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"
WORDS = ["phases.pilot.seeds=3", "train.steps=4", "executor=inline"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_one_run_that_is_not_finite_has_failed_and_the_others_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    calls, forward = [0], Probe.forward

    def poisoned(self: Probe, *, infrared: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        fused = forward(self, infrared=infrared, visible=visible)
        return fused * value if calls[0] == 6 else fused  # in the second run

    monkeypatch.setattr(Probe, "forward", poisoned)
    inside("run", str(STUDY), *WORDS, "--store", "s", cwd=tmp_path, code=3)
    told = inside("status", str(STUDY), *WORDS, "--store", "s", "--json", cwd=tmp_path).stdout
    status = json.loads(told)
    assert (status["finished"], status["failed"]) == (2, 1)
    (reason,) = status["reasons"].values()
    assert reason.startswith("diverged: the loss became ")
    found = stores(tmp_path / "s")
    states = [state for state, key in found["mlflow"] if key.startswith("run/")]
    assert sorted(states) == ["FAILED", "FINISHED", "FINISHED"]
    assert "RUNNING" not in found["optuna"]
    assert "agree" in inside("doctor", str(STUDY), *WORDS, "--store", "s", cwd=tmp_path).stdout
