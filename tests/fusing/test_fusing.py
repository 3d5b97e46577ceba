"""Trained networks found again, and image files fused by them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ablate import models
from ablate.errors import AblateError, DataError, StoreError, UnknownNameError
from ablate.fusing.files import fuse, gather
from ablate.fusing.trained import best_of, by_id
from ablate.training.spec import RunResult, RunSpec
from ablate.training.weights import read_into, write

CPU = torch.device("cpu")
NETWORK = {"name": "densefuse", "width": 4}


class Brighter(nn.Module):
    """The visible image, brighter by a tenth."""

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        assert infrared.shape == visible.shape
        return visible + 0.1


def trained(store: Path, run_id: str, *, arm: str, qabf: float, has_weights: bool = True) -> Path:
    """Write the folder of a run that has ended."""
    folder = store / "s" / "runs" / run_id
    folder.mkdir(parents=True)
    spec = RunSpec(
        run_id=run_id, arm_id=arm, study="s", phase="compare", trial=0, seed=0,
        name=f"{arm} · ratio 0.5 · b1 · p2", settings={"model": NETWORK}, factors={"variant": arm},
    )  # fmt: skip
    result = RunResult(run_id=run_id, state="finished", metrics={"val/qabf": qabf})
    (folder / "spec.json").write_text(json.dumps(spec.to_json()))
    (folder / "result.json").write_text(json.dumps(result.to_json()))
    if has_weights:
        torch.manual_seed(len(run_id))
        write(models.build(NETWORK), folder)
    return folder


def picture(path: Path, shape: tuple[int, ...], seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(20, 200, shape, dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def test_weights_come_back_bit_by_bit_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    network, other = models.build(NETWORK), models.build(NETWORK)
    path = write(network, tmp_path)
    read_into(other, path)
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    with pytest.raises(StoreError, match="not the weights of this network"):
        read_into(models.build({"name": "densefuse", "width": 8}), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="not the weights of this network"):
        read_into(other, path)


def test_the_run_that_is_best_on_val_is_found_by_arm(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    trained(tmp_path, "b" * 12, arm="signed", qabf=0.6)
    trained(tmp_path, "c" * 12, arm="magnitude", qabf=0.9)
    trained(tmp_path, "d" * 12, arm="signed", qabf=0.99, has_weights=False)
    assert best_of(tmp_path, study="s", arm="signed").spec.run_id == "b" * 12
    assert best_of(tmp_path, study="s", arm="signed · ratio 0.5").spec.run_id == "b" * 12
    assert best_of(tmp_path, study="s", arm=None).spec.run_id == "c" * 12
    with pytest.raises(UnknownNameError, match="no arm 'sined'"):
        best_of(tmp_path, study="s", arm="sined")
    with pytest.raises(StoreError, match="no trained network"):
        best_of(tmp_path, study="other", arm=None)


def test_a_run_is_found_by_our_id_and_by_the_tracker_s(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    (tmp_path / "s" / "links.json").write_text(json.dumps({"a" * 12: "e" * 32}))
    assert by_id(tmp_path, "a" * 12).spec.run_id == by_id(tmp_path, "e" * 32).spec.run_id
    with pytest.raises(StoreError, match="no run has the id"):
        by_id(tmp_path, "f" * 32)
    (tmp_path / "s" / "runs" / ("a" * 12) / "result.json").unlink()
    with pytest.raises(StoreError, match="has not ended"):
        by_id(tmp_path, "a" * 12)


def test_a_run_without_weights_says_why(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4, has_weights=False)
    with pytest.raises(StoreError, match="holds no weights"):
        by_id(tmp_path, "a" * 12).network()


def test_a_trained_network_fuses_any_size_inside_the_range(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    picture(tmp_path / "ir" / "x.png", (37, 53), 1)
    picture(tmp_path / "vi" / "x.png", (37, 53, 3), 2)
    network = by_id(tmp_path, "a" * 12).network()
    (path,) = fuse(network, gather(tmp_path / "ir", tmp_path / "vi"), tmp_path / "out", device=CPU)
    assert Image.open(path).size == (53, 37)
    assert Image.open(path).mode == "RGB"


@pytest.mark.parametrize("keeps_chroma", [True, False])
def test_colour_comes_from_the_visible_image(tmp_path: Path, keeps_chroma: bool) -> None:
    picture(tmp_path / "ir.png", (20, 30), 1)
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[...] = (120, 100, 80)
    Image.fromarray(rgb).save(tmp_path / "vi.png")
    (path,) = fuse(
        Brighter(), gather(tmp_path / "ir.png", tmp_path / "vi.png"), tmp_path / "out",
        device=CPU, keeps_chroma=keeps_chroma,
    )  # fmt: skip
    fused = np.asarray(Image.open(path)).astype(int)
    if keeps_chroma:  # the same hue, 25 to 26 levels brighter
        assert np.abs(fused - rgb - 25.5).max() <= 1.5
    else:
        assert fused.shape == (20, 30)


def test_faults_of_files_are_told_with_their_names(tmp_path: Path) -> None:
    one = picture(tmp_path / "ir" / "x.png", (20, 30))
    picture(tmp_path / "vi" / "x.png", (20, 31))
    picture(tmp_path / "vi" / "y.png", (20, 31))
    with pytest.raises(DataError, match=r"y\.png.*no partner"):
        gather(tmp_path / "ir", tmp_path / "vi")
    with pytest.raises(DataError, match="give two files or two folders"):
        gather(one, tmp_path / "vi")
    with pytest.raises(AblateError, match="differ in size"):
        fuse(Brighter(), gather(one, tmp_path / "vi" / "x.png"), tmp_path / "o", device=CPU)
    assert not list((tmp_path / "o").glob("*.png"))
