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
from ablate.fusing import memory
from ablate.fusing.files import Sources, fuse, gather
from ablate.fusing.trained import best_of, by_id
from ablate.training.checkpoints import read_weights, write_weights
from ablate.training.spec import RunResult, RunSpec
from tests.present import present

CPU = torch.device("cpu")
NETWORK = {"name": "densefuse", "width": 4}


class Brighter(nn.Module):
    """The visible image, brighter by a tenth."""

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        assert infrared.shape == visible.shape
        return visible + 0.1


def trained(
    store: Path,
    run_id: str,
    *,
    arm: str,
    qabf: float,
    has_weights: bool = True,
    budget: float | None = None,
) -> Path:
    """Write the folder of a run that has ended."""
    folder = store / "s" / "runs" / run_id
    folder.mkdir(parents=True)
    spec = RunSpec(
        run_id=run_id,
        arm_id=arm,
        study="s",
        phase="compare",
        trial=0,
        seed=0,
        name=f"{arm} · ratio 0.5 · b1 · p2",
        settings={"model": NETWORK},
        factors={"variant": arm.partition(" ")[0]},
        budget=budget,
    )
    result = RunResult(run_id=run_id, state="finished", metrics={"val/qabf": qabf})
    (folder / "spec.json").write_text(json.dumps(spec.to_json()))
    (folder / "result.json").write_text(json.dumps(result.to_json()))
    if has_weights:
        torch.manual_seed(len(run_id))
        write_weights(models.build(NETWORK), folder)
    return folder


def picture(path: Path, shape: tuple[int, ...], seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(20, 200, shape, dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def test_weights_come_back_bit_by_bit_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    network, other = models.build(NETWORK), models.build(NETWORK)
    path = write_weights(network, tmp_path)
    read_weights(other, path)
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    with pytest.raises(StoreError, match="not the weights of this network"):
        read_weights(models.build({"name": "densefuse", "width": 8}), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="not the weights of this network"):
        read_weights(other, path)


def test_a_longer_training_is_best_only_where_its_arm_is_named(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4, budget=1.0)
    trained(tmp_path, "b" * 12, arm="signed · 2x steps", qabf=0.9, budget=2.0)
    for arm in (None, "signed"):
        assert best_of(tmp_path, study="s", arm=arm).spec.run_id == "a" * 12
    longer = "signed · 2x steps · ratio 0.5"
    assert best_of(tmp_path, study="s", arm=longer).spec.run_id == "b" * 12


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
    with pytest.raises(UnknownNameError, match="no study is called 't'; known: s"):
        best_of(tmp_path, study="t", arm=None)
    (tmp_path / "untrained" / "runs").mkdir(parents=True)
    with pytest.raises(StoreError, match="no trained network"):
        best_of(tmp_path, study="untrained", arm=None)
    with pytest.raises(StoreError, match="no such store"):
        best_of(tmp_path / "absent", study="s", arm=None)


def test_a_run_is_found_by_our_id_and_by_the_tracker_s(tmp_path: Path) -> None:
    trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    (tmp_path / "s" / "links.json").write_text(json.dumps({"a" * 12: "e" * 32}))
    assert by_id(tmp_path, "a" * 12).spec.run_id == by_id(tmp_path, "e" * 32).spec.run_id
    with pytest.raises(UnknownNameError, match="no run has the id"):
        by_id(tmp_path, "f" * 32)
    with pytest.raises(UnknownNameError, match="did you mean 'aaaaaaaaaaaa'"):
        by_id(tmp_path, "a" * 11 + "x")
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
        Brighter(),
        gather(tmp_path / "ir.png", tmp_path / "vi.png"),
        tmp_path / "out",
        device=CPU,
        keeps_chroma=keeps_chroma,
    )
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
    with pytest.raises(DataError, match="is 30x20, its partner 31x20"):
        gather(one, tmp_path / "vi" / "x.png")
    unequal = Sources(infrared=one, visible=tmp_path / "vi" / "x.png", stem="x")
    with pytest.raises(AblateError, match="differs in size"):
        fuse(Brighter(), [unequal], tmp_path / "o", device=CPU)
    assert not (tmp_path / "o").exists()


def test_all_faults_are_told_before_the_first_file_is_written(tmp_path: Path) -> None:
    for name, size in (("a", (20, 30)), ("b", (20, 30)), ("c", (1, 1)), ("d", (20, 30))):
        for side in ("ir", "vi"):
            picture(tmp_path / side / f"{name}.png", size)
    sources = gather(tmp_path / "ir", tmp_path / "vi")
    broken = tmp_path / "ir" / "b.png"
    broken.write_bytes(broken.read_bytes()[:-60])  # its header is whole
    picture(tmp_path / "vi" / "d.png", (30, 20))
    with pytest.raises(DataError) as caught:
        fuse(models.build(NETWORK), sources, tmp_path / "o", device=CPU)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    for text in (
        r"ir/b.png: broken image",
        "vi/c.png: DenseFuse: 1x1 is too small",
        "vi/d.png: diff",
    ):
        assert any(text in line for line in lines), text
    assert not (tmp_path / "o").exists()


def test_sources_that_look_exchanged_or_are_black_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    picture(tmp_path / "ir" / "a.png", (20, 30, 3))
    picture(tmp_path / "vi" / "a.png", (20, 30))
    picture(tmp_path / "ir" / "b.png", (20, 30))
    Image.new("L", (30, 20)).save(tmp_path / "vi" / "b.png")
    fuse(Brighter(), gather(tmp_path / "ir", tmp_path / "vi"), tmp_path / "o", device=CPU)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "vi/b.png: constant image" in told[0]
    assert "ir/a.png: has colour" in told[1]
    assert "probably swapped; exchange them" in told[1]


def test_the_pair_that_is_too_small_is_named(tmp_path: Path) -> None:
    for side in ("ir", "vi"):
        picture(tmp_path / side / "dot.png", (1, 1))
    network = models.build(NETWORK)
    with pytest.raises(DataError, match=r"vi/dot\.png: DenseFuse: 1x1 is too small"):
        fuse(network, gather(tmp_path / "ir", tmp_path / "vi"), tmp_path / "o", device=CPU)


@pytest.mark.parametrize(
    ("infrared", "visible", "mode"),
    [
        ("u2", (9, 12), "L"),
        ("u1", (9, 12, 4), "RGB"),
        ("u1", (9, 12, 2), "L"),
        ("u2", (9, 12, 3), "RGB"),
    ],
)
def test_depths_and_channels_of_all_kinds(
    tmp_path: Path, infrared: str, visible: tuple[int, ...], mode: str
) -> None:
    values = np.random.default_rng(0).integers(0, 2 ** (8 * int(infrared[1])), (9, 12))
    Image.fromarray(values.astype(infrared)).save(tmp_path / "ir.png")
    picture(tmp_path / "vi.png", visible)
    (path,) = fuse(
        models.build(NETWORK),
        gather(tmp_path / "ir.png", tmp_path / "vi.png"),
        tmp_path / "o",
        device=CPU,
    )
    with Image.open(path) as image:
        assert (image.size, image.mode) == ((12, 9), mode)


class Counted(Brighter):
    calls = 0

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(infrared=infrared, visible=visible)


def test_a_second_call_goes_on_where_the_first_one_ended(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        picture(tmp_path / "ir" / f"{name}.png", (6, 8), 1)
        picture(tmp_path / "vi" / f"{name}.png", (6, 8, 3), 2)
    sources, out = gather(tmp_path / "ir", tmp_path / "vi"), tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fuse(Counted(), sources, out, device=CPU, made_by="r", step=stop)
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png"]
    model = Counted()
    fuse(model, sources, out, device=CPU, made_by="r", overwrites=False)
    assert model.calls == 1
    picture(tmp_path / "ir" / "b.png", (6, 8), 9)
    with pytest.raises(DataError, match=r"out/b\.png: exists, .*--overwrite"):
        fuse(model, sources, out, device=CPU, made_by="r", overwrites=False)
    with pytest.raises(DataError, match=r"a\.png and 2 more: exists"):
        fuse(model, sources, out, device=CPU, made_by="another", overwrites=False)
    fuse(model, sources, out, device=CPU, made_by="r", overwrites=True)
    assert model.calls == 2
    (out / "c.png").write_bytes((out / "c.png").read_bytes()[:-30])  # cut: made anew
    fuse(model, sources, out, device=CPU, made_by="r")
    assert model.calls == 3


def test_sources_are_never_written_over(tmp_path: Path) -> None:
    picture(tmp_path / "ir" / "x.png", (6, 8))
    before = picture(tmp_path / "vi" / "x.png", (6, 8, 3)).read_bytes()
    with pytest.raises(DataError, match="is one of the images to fuse"):
        fuse(
            Brighter(),
            gather(tmp_path / "ir", tmp_path / "vi"),
            tmp_path / "ir" / ".." / "vi",
            device=CPU,
        )
    assert (tmp_path / "vi" / "x.png").read_bytes() == before


def test_a_pair_that_does_not_fit_into_memory_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = models.build(NETWORK)
    counted = memory.peak_bytes(network, height=500, width=400)
    assert counted == pytest.approx(
        2.5 * present(memory.peak_bytes(network, height=200, width=400)), rel=0.1
    )
    monkeypatch.setattr(memory, "FREELY_PX", 100)
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10_000)
    for side in ("ir", "vi"):
        picture(tmp_path / side / "x.png", (40, 50))
    with pytest.raises(DataError, match=r"x\.png: 50x40: the network needs about .* GiB are free"):
        fuse(network, gather(tmp_path / "ir", tmp_path / "vi"), tmp_path / "o", device=CPU)
    assert next(network.parameters()).device.type == "cpu"


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "densefuse", "width": 30_000},
        {"name": "unet", "depth": 5_000},
        {"name": "cddfuse", "couplings": 50_000},
        {"name": "restormer", "width": 10**12},
        {"name": "densefuse", "width": "8"},
        {"name": "densefuse", "wide": 8},
        {"name": "os.system"},
    ],
)
def test_a_forged_network_is_refused_before_it_takes_memory(tmp_path: Path, settings: dict) -> None:
    folder = trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    spec = json.loads((folder / "spec.json").read_text())
    spec["settings"]["model"] = settings
    (folder / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(StoreError, match=r"(?i)spec\.json: .*choose another run"):
        by_id(tmp_path, "a" * 12).network()


def test_a_forged_weights_file_is_not_read(tmp_path: Path) -> None:
    folder = trained(tmp_path, "a" * 12, arm="signed", qabf=0.4)
    with (folder / "weights.safetensors").open("r+b") as file:
        file.truncate(50_000_000_000)  # a hole: takes no room
    with pytest.raises(StoreError, match="not the weights of this network"):
        by_id(tmp_path, "a" * 12).network()
