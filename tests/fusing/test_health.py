"""Fused images and networks that do not fuse are warned of."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ablate.fusing.files import fuse, gather
from ablate.fusing.health import examine_files, warning_of, warning_of_run
from ablate.fusing.trained import best_of, by_id
from ablate.training.spec import RunResult
from tests.fusing.test_fusing import trained

Mix = Callable[[Tensor, Tensor], Tensor]


class Mixed(nn.Module):
    """Any function of the two sources."""

    def __init__(self, mix: Mix) -> None:
        super().__init__()
        self.mix = mix

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        return self.mix(infrared, visible).clamp(0, 1)


def smooth(path: Path, seed: int, *, is_colour: bool = False) -> None:
    """Write a picture of soft blobs."""
    rough = np.random.default_rng(seed).integers(30, 226, (6, 8), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(rough).resize((64, 48), Image.Resampling.BICUBIC)
    (image.convert("RGB") if is_colour else image).save(path)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        (lambda i, v: 0.6 * i + 0.4 * v, ""),
        (lambda i, v: (i + v) / 2, "the mean of the sources, nothing learned"),
        (lambda i, v: 0.5 + 0.05 * (v - 0.5), "nearly flat (mean standard deviation"),
        (lambda i, v: 1 - (i + v) / 2, "photographic negatives (mean correlation -"),
        (lambda i, v: v, "copies of the visible one"),
        (lambda i, v: i, "copies of the infrared one"),
        (lambda i, v: torch.zeros_like(v) + 0.5, "constant"),
        (lambda i, v: (v > 0.5).float(), "saturated"),
    ],
)
@pytest.mark.parametrize("is_colour", [False, True])
def test_outputs_that_do_not_fuse_are_named(
    mix: Mix, said: str, *, is_colour: bool, tmp_path: Path
) -> None:
    for at, name in enumerate("abc"):
        smooth(tmp_path / "ir" / f"{name}.png", 2 * at)
        smooth(tmp_path / "vi" / f"{name}.png", 2 * at + 1, is_colour=is_colour)
    sources = gather(tmp_path / "ir", tmp_path / "vi")
    paths = fuse(Mixed(mix), sources, tmp_path / "out", device=torch.device("cpu"))
    found = warning_of(examine_files(sources, paths))
    assert found.startswith(f"fused images are {said}" if said else "")
    assert bool(found) == bool(said)


def test_at_most_sixteen_files_are_looked_at(tmp_path: Path) -> None:
    for at in range(35):
        smooth(tmp_path / "ir" / f"{at:02d}.png", at)
        smooth(tmp_path / "vi" / f"{at:02d}.png", at + 50)
    sources = gather(tmp_path / "ir", tmp_path / "vi")
    health = examine_files(sources, [pair.visible for pair in sources])
    assert health.images == 12
    assert health.state == "copy"


def ended(folder: Path, run_id: str, qabf: float, state: str) -> None:
    facts = {"health": {"state": state}}
    result = RunResult(
        run_id=run_id, state="finished", metrics={"val/qabf": qabf}, facts=facts if state else {}
    )
    (folder / "result.json").write_text(json.dumps(result.to_json()))


def test_a_healthy_network_is_chosen_before_a_better_unhealthy_one(tmp_path: Path) -> None:
    healthy, negative = "a" * 12, "b" * 12
    ended(trained(tmp_path, healthy, arm="signed", qabf=0.4), healthy, 0.4, "healthy")
    folder = trained(tmp_path, negative, arm="signed", qabf=0.6)
    ended(folder, negative, 0.6, "negative")
    assert best_of(tmp_path, study="s", arm=None).spec.run_id == healthy
    assert warning_of_run(by_id(tmp_path, healthy)) == ""
    assert warning_of_run(by_id(tmp_path, negative)) == (
        "its training ended unhealthy: photographic negatives"
    )
    ended(folder, negative, 0.6, "")  # of an earlier version: nothing tells
    assert best_of(tmp_path, study="s", arm=None).spec.run_id == negative
