"""The loss inside a training: constants from frozen crops, warm-up, diagnosis."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from ablate import data, losses
from ablate.training.fusion import calibrate
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.spec import RunResult, RunSpec

DATA = {
    "name": "synthetic",
    "crop": 32,
    "pairs": {"train": 4, "val": 1, "test": 1},
    "size": [40, 40],
    "seed": 0,
}


class Memory(NullRecorder):
    def __init__(self) -> None:
        self.steps: dict[str, list[int]] = {}

    def metrics(self, values: Any, *, step: int) -> None:
        for name in values:
            self.steps.setdefault(name, []).append(step)


def run(
    folder: Path, *, model: str = "densefuse", seed: int = 0, **loss: Any
) -> tuple[RunResult, Memory]:
    settings = {
        "data": DATA,
        "model": {
            "densefuse": {"name": "densefuse", "width": 2},
            "probe": {"name": "probe", "noise": 0.1},
        }[model],
        "loss": losses.canonical({"levels": 2, **loss}),
        "train": {
            "steps": 20,
            "batch_size": 1,
            "learning_rate": 1e-3,
            "precision": "fp32",
            "device": "cpu",
            "gallery": 0,
        },
        "metrics": {"protocol": "cddfuse-py", "names": ["en"]},
    }
    spec = RunSpec(
        run_id="r",
        arm_id="a",
        study="s",
        phase="p",
        trial=0,
        seed=seed,
        name="n",
        settings=settings,
        objective="val/en",
    )
    memory = Memory()
    return train(spec, memory, folder=folder), memory


@pytest.mark.parametrize("model", ["densefuse", "probe"])
def test_a_run_tells_its_constants_which_no_seed_changes(model: str, tmp_path: Path) -> None:
    found = [
        run(tmp_path, model=model, seed=seed, norm="grad")[0].facts["loss_constants"]
        for seed in (0, 1)
    ]
    assert found[0] == found[1]
    assert set(cast("dict[str, float]", found[0])) == {"level1", "level2"}
    assert "loss_constants" not in run(tmp_path, model=model)[0].facts


@pytest.mark.parametrize("model", ["densefuse", "probe"])
def test_the_gradient_term_is_recorded_after_warm_up_and_diagnosed_now_and_then(
    model: str, tmp_path: Path
) -> None:
    result, memory = run(tmp_path, model=model, warmup_steps=12)
    assert result.state == "finished", result.reason
    assert memory.steps["train/loss"] == list(range(1, 21))
    assert memory.steps["train/gradient"] == list(range(13, 21))
    assert memory.steps["train/gradient/grad_share"] == [20]
    _, whole = run(tmp_path, model=model)
    assert whole.steps["train/gradient/grad_share"] == [10, 20]
    assert whole.steps["train/gradient/level2_size"] == [10, 20]
    assert len(whole.steps) < 40


def test_warm_up_over_the_whole_training_is_refused(tmp_path: Path) -> None:
    result, _ = run(tmp_path, warmup_steps=20)
    assert result.state == "failed"
    assert "all of the 20" in result.reason


def test_calibration_images_depend_on_data_and_crop_alone() -> None:
    pairs = data.load(DATA)
    found = []
    for crop in (32, 32, 24):
        loss = losses.build({"norm": "value", "levels": 1})
        found.append(calibrate(loss, pairs, crop_px=crop, device=torch.device("cpu")))
    assert found[0] == found[1] != found[2]
    plain = losses.build({})
    assert calibrate(plain, pairs, crop_px=32, device=torch.device("cpu")) == {}
