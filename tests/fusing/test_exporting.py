"""Trained networks as ONNX and safetensors files that other programs read."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from ablate import models
from ablate.errors import ConfigError, ExportError
from ablate.fusing import weights_file
from ablate.fusing.exporting import Checked, export
from ablate.fusing.labels import labels
from ablate.fusing.trained import TrainedRun
from ablate.models.contract import MODELS, FusionNetwork
from ablate.training.spec import RunResult, RunSpec
from tests.command_line import typed
from tests.fusing.test_fusing import trained

onnx = pytest.importorskip("onnx", reason="the extra ablate[onnx] is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra ablate[onnx] is not installed")

SMALL = {
    "cddfuse": {"width": 4, "heads": 1, "couplings": 1},
    "densefuse": {"width": 2},
    "restormer": {"width": 4, "depth": 1},
    "seafusion": {"width": 2},
    "unet": {"width": 2, "depth": 2},
}
LABELS = {"ablate.run_id": "r", "ablate.data": "generated pairs"}


class Mean(nn.Module):
    """A module that knows nothing of padding."""

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        return (infrared + visible) / 2


class Branches(Mean):
    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        return infrared if infrared.mean() > visible.mean() else visible


class Drifts(Mean):
    """Another answer at every call, as a network with dropout left on."""

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        return visible + torch.rand_like(infrared)


def run(path: Path, infrared: np.ndarray, visible: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (fused,) = session.run(["fused"], {"infrared": infrared, "visible": visible})
    return fused


def check(name: str, folder: Path) -> Checked:
    torch.manual_seed(3)
    network = models.build({"name": name, **SMALL[name]})
    done = export(network, folder / "n.onnx", labels=LABELS)
    assert done.largest_difference < 1e-5
    pair = np.random.default_rng(0).random((2, 2, 1, 31, 46), np.float32)
    with torch.inference_mode():
        wanted = network(infrared=torch.tensor(pair[0]), visible=torch.tensor(pair[1])).numpy()
    np.testing.assert_allclose(run(done.path, *pair), wanted, atol=1e-5)  # sums in another order
    swapped = run(done.path, pair[1], pair[0])
    assert name == "densefuse" or np.abs(swapped - wanted).max() > 1e-4  # it is symmetric
    return done


def test_the_file_says_where_it_comes_from_and_nothing_of_this_machine(tmp_path: Path) -> None:
    done = check("densefuse", tmp_path)
    made = onnx.load(done.path)
    said = {entry.key: entry.value for entry in made.metadata_props}
    assert said == {**LABELS, "ablate.smallest_px": "2"}
    assert "at least 2 pixels" in made.doc_string
    assert (1, 1, 1) not in done.shapes
    for tensor in (*made.graph.input, *made.graph.output):
        sides = [side.dim_param or side.dim_value for side in tensor.type.tensor_type.shape.dim]
        assert sides == ["batch", 1, "height", "width"]
    content = done.path.read_bytes()
    for word in (str(Path.cwd()), "site-packages", str(Path.home()), ".py"):
        assert word.encode() not in content
    assert done.bytes == len(content)
    assert [path.name for path in tmp_path.iterdir()] == ["n.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_registered_network_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


def test_no_registered_network_is_left_out() -> None:
    packaged = {name for name in MODELS if MODELS.get(name).__module__.startswith("ablate.models.")}
    assert packaged == {*SMALL, "probe"}


def test_a_padding_network_takes_sides_that_are_no_multiples(tmp_path: Path) -> None:
    class Halves(FusionNetwork):
        source = "this test"
        multiple_px = 4

        def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
            small = nn.functional.avg_pool2d(infrared - visible, 4)
            return nn.functional.interpolate(small, scale_factor=4.0) + visible

    done = export(Halves(), tmp_path / "n.onnx", labels=LABELS)
    assert (1, 7, 133) in done.shapes
    assert (1, 1, 1) in done.shapes


def test_a_plain_module_is_exported_as_it_is(tmp_path: Path) -> None:
    done = export(Mean(), tmp_path / "deep" / "n.onnx", labels=LABELS)
    pair = np.random.default_rng(0).random((2, 1, 1, 5, 9), np.float32)
    np.testing.assert_allclose(run(done.path, *pair), pair.mean(axis=0), atol=1e-7)
    with pytest.raises(ConfigError, match=r"n\.onnx: exists"):
        export(Mean(), done.path, labels=LABELS)
    before = done.path.read_bytes()
    export(Mean(), done.path, labels=LABELS, overwrites=True)
    assert done.path.read_bytes() == before


@pytest.mark.parametrize(
    ("network", "text"),
    [(Branches(), "Branches: cannot be written as ONNX"), (Drifts(), "differs from torch by")],
)
def test_what_cannot_be_exported_is_refused_and_leaves_no_file(
    network: nn.Module, text: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=text) as caught:
        export(network, tmp_path / "n.onnx", labels=LABELS)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_labels_name_run_arm_and_data_and_no_folder() -> None:
    spec = RunSpec(
        run_id="a1",
        arm_id="b2",
        study="s",
        phase="p",
        trial=0,
        seed=3,
        name="signed · s3",
        settings={"model": {"name": "unet"}, "data": {"root": "/secret"}},
    )
    result = RunResult(run_id="a1", state="finished", facts={"data_label": "MSRS-mini"})
    told = labels(TrainedRun(spec=spec, result=result, folder=Path()))
    assert told["ablate.run_id"] == "a1"
    assert told["ablate.arm"] == "signed"
    assert told["ablate.data"] == "MSRS-mini"
    assert "secret" not in json.dumps(told)


def test_a_weights_file_carries_its_labels(tmp_path: Path) -> None:
    network = models.build({"name": "densefuse", "width": 2})
    path = tmp_path / "w.safetensors"
    weights_file.write(network, path, labels=LABELS)
    with safe_open(path, "pt") as file:
        assert file.metadata() == LABELS
        for name, value in network.state_dict().items():
            assert torch.equal(file.get_tensor(name), value)
    with pytest.raises(ConfigError, match="exists"):
        weights_file.write(network, path, labels=LABELS)


def test_the_command_writes_weights_and_says_which(tmp_path: Path) -> None:
    trained(tmp_path / "store", "a" * 12, arm="signed", qabf=0.4)
    words = ("--store", "store", "--run", "a" * 12, "--safetensors", "w.st")
    done = typed("export", *words, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["labels"]["ablate.arm"] == "signed · ratio 0.5"
    again = typed("export", *words, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "w.st: exists; name another file, or say --overwrite\n"
    said = typed("export", *words, "--overwrite", cwd=tmp_path).stdout
    assert said.startswith(f"signed · ratio 0.5 · b1 · p2 ({'a' * 12}), trained on unknown\nw.st: ")


@pytest.mark.slow
def test_the_command_writes_both_and_says_the_difference(tmp_path: Path) -> None:
    trained(tmp_path / "store", "a" * 12, arm="signed", qabf=0.4)
    words = ("--store", "store", "--study", "s", "--arm", "signed")
    done = typed("export", *words, "--onnx", "n.onnx", "--safetensors", "w.st", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "of 255 grey levels off torch" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    again = typed("export", *words, "--onnx", "n.onnx", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "n.onnx: exists; name another file, or say --overwrite\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "say --onnx FILE, --safetensors FILE"),
        (("--onnx", "x"), "say either --run ID, or --study NAME"),
        (("--onnx", "x", "--run", "b" * 12, "--arm", "y"), "say either --run ID"),
        (("--onnx", "x", "--run", "a" * 11 + "b"), "did you mean 'aaaaaaaaaaaa'"),
        (("--onnx", "x", "--study", "t"), "known: s"),
    ],
)
def test_wrong_words_end_in_one_line(words: tuple[str, ...], text: str, tmp_path: Path) -> None:
    trained(tmp_path / "store", "a" * 12, arm="signed", qabf=0.4)
    done = typed("export", *words, "--store", "store", cwd=tmp_path)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_extra_the_mend_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ExportError, match=r"onnxscript is not installed; .*ablate\[onnx\]"):
        export(Mean(), tmp_path / "n.onnx", labels=LABELS)
