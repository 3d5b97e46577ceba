"""A network is trained in training mode, and scored and pictured as it is used later."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ablate import data, models
from ablate.models.contract import MODELS, FusionNetwork
from ablate.training.checkpoints import read_weights
from ablate.training.loop import train
from ablate.training.scoring import image_tensor, score, to_uint8
from ablate.training.spec import WEIGHTS, RunResult, RunSpec
from tests.training.conftest import Listener

Make = Callable[..., RunSpec]


class Normed(FusionNetwork):
    """Normalises by the batches it has met, one layer by what it started with; drops pixels."""

    source = "this test"

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(2, width, 3, padding=1), nn.BatchNorm2d(width))
        self.frozen = nn.BatchNorm2d(width).eval()
        self.last = nn.Sequential(nn.Dropout(0.2), nn.Conv2d(width, 1, 1))

    def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        features = self.frozen(self.layers(torch.cat([infrared, visible], dim=1)))
        return torch.sigmoid(self.last(features))


@pytest.fixture(autouse=True)
def normed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS._members, "normed", Normed)


def ran(spec: RunSpec, folder: Path) -> tuple[RunResult, Listener]:
    folder.mkdir(exist_ok=True)
    listener = Listener()
    result = train(spec, listener, folder=folder)
    assert result.state == "finished", result.reason
    return result, listener


def test_scores_and_pictures_are_those_of_the_saved_network(spec: Make, tmp_path: Path) -> None:
    made = spec(model={"name": "normed"}, rungs=(2, 4))
    result, _ = ran(made, tmp_path)
    network = models.build(made.settings["model"])
    read_weights(network, tmp_path / WEIGHTS)
    network.eval()
    pairs, cpu, rows = data.load(made.settings["data"]), torch.device("cpu"), []
    for split in ("val", "test"):
        some = pairs.pairs(split)
        with torch.no_grad():
            fused = [
                network(
                    infrared=image_tensor(pair.infrared, cpu),
                    visible=image_tensor(pair.visible, cpu),
                )
                for pair in some
            ]
        rows += score(some, fused, split=split, names=["qabf", "mi"], protocol="cddfuse-py")
    assert list(result.images) == rows
    (picture,) = (tmp_path / "fused").glob("*.png")
    assert picture.stem == some[0].stem
    assert np.array_equal(np.array(Image.open(picture)), to_uint8(fused[0]).numpy()[0, 0])


def test_only_the_steps_move_running_statistics(spec: Make, tmp_path: Path) -> None:
    made = spec(model={"name": "normed"}, rungs=(2, 4))
    ran(made, tmp_path)
    network = models.build(made.settings["model"])
    read_weights(network, tmp_path / WEIGHTS)
    assert int(network.layers[1].num_batches_tracked) == made.settings["train"]["steps"]
    assert int(network.frozen.num_batches_tracked) == 0


def test_a_run_that_is_scored_on_its_way_ends_like_one_that_is_not(
    spec: Make, tmp_path: Path
) -> None:
    model = {"name": "normed"}
    often, heard = ran(spec(model=model, rungs=(2, 4)), tmp_path / "often")
    once, heard_once = ran(spec(model=model, train={"gallery": 0}), tmp_path / "once")
    assert often.metrics == once.metrics
    assert heard.losses == heard_once.losses
