"""Layout, precision and graphs: the same step however it is launched."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from ablate import losses
from ablate.errors import ConfigError
from ablate.losses.total import FusionLoss
from ablate.settings.train import TrainSettings
from ablate.training import fusion
from ablate.training.checkpoints import LeaveError
from ablate.training.graph import WARM_UP, Replayed, engine_of
from ablate.training.loop import train
from ablate.training.spec import RunResult, RunSpec
from ablate.training.trainable import StepOutput
from tests.present import present
from tests.training.conftest import Listener

Make = Callable[..., RunSpec]
STEPS = 8
MODELS = [{"name": "densefuse", "width": 2}, {"name": "probe", "noise": 0.1}]
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Pretending:
    """Captures as CUDA does: what is left lies in the same memory; the work is done eagerly."""

    def __init__(self) -> None:
        self.asides, self.captures, self.replays = 0, 0, 0

    def aside(self, work: Callable[[], StepOutput]) -> StepOutput:
        self.asides += 1
        return work()

    def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
        self.captures += 1
        kept: list[StepOutput] = []

        def replay() -> StepOutput:
            self.replays += 1
            taken = work()
            if not kept:
                kept.append(taken)
            kept[0].value.copy_(taken.value)
            present(kept[0].fused).copy_(present(taken.fused))
            for name, term in taken.terms.items():
                kept[0].terms[name].copy_(term)
            return kept[0]

        return replay


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Pretending:
    made = Pretending()
    monkeypatch.setattr(
        fusion, "engine_of", lambda train, device: made if train.graph == "auto" else None
    )
    return made


def ran(spec: RunSpec, folder: Path) -> tuple[RunResult, Listener]:
    folder.mkdir(exist_ok=True)
    listener = Listener()
    return train(spec, listener, folder=folder), listener


def made(spec: Make, model: dict[str, object], **changes: Any) -> RunSpec:
    one = spec(train={"steps": STEPS, **changes.pop("train", {})}, **changes)
    one.settings["model"].clear()
    one.settings["model"].update(model)
    return one


def test_channels_last_gives_the_numbers_of_nchw_but_for_rounding(
    spec: Make, tmp_path: Path
) -> None:
    plain, heard = ran(spec(), tmp_path)
    other, heard_too = ran(spec(train={"layout": "channels_last"}), tmp_path)
    assert heard_too.losses == pytest.approx(heard.losses, rel=1e-5)  # sums in another order
    assert other.metrics == pytest.approx(plain.metrics, rel=1e-3)  # of images rounded to 8 bits
    assert other.facts["arithmetic"] == {
        "precision": "fp32",
        "layout": "channels_last",
        "graph": False,
    }
    unknown, _ = ran(spec(train={"layout": "nhcw"}), tmp_path)
    assert unknown.reason == "error: train.layout: must be auto, nchw or channels_last, got 'nhcw'"


@pytest.mark.parametrize("name", ["densefuse", "unet", "seafusion"])
def test_channels_last_reaches_the_first_layer_and_changes_no_value(name: str) -> None:
    from ablate import models
    from ablate.training.determinism import laid_out, layout_of

    torch.manual_seed(0)
    model = models.build({"name": name, "width": 4}).double()
    images = torch.rand(2, 2, 1, 32, 32, dtype=torch.float64)
    plain = model(infrared=images[0], visible=images[1])
    layout = layout_of("channels_last")
    model.to(memory_format=layout)
    seen: list[bool] = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.out_channels > 1:
            module.register_forward_hook(
                lambda _, inputs, output: seen.append(output.is_contiguous(memory_format=layout))
            )
    found = model(infrared=laid_out(images[0], layout), visible=laid_out(images[1], layout))
    torch.testing.assert_close(found, plain, rtol=1e-12, atol=1e-12)
    assert len(seen) > 4
    assert all(seen)


def test_the_loss_is_computed_in_fp32_whatever_the_network_computes_in(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[torch.dtype] = set()
    forward = FusionLoss.forward

    def watched(self: FusionLoss, **images: Any) -> Tensor:
        assert not torch.is_autocast_enabled("cpu")
        value = forward(self, **images)
        seen.update(
            {value.dtype, *(images[name].dtype for name in ("infrared", "visible", "fused"))}
        )
        return value

    monkeypatch.setattr(FusionLoss, "forward", watched)
    result, _ = ran(spec(train={"precision": "bf16", "layout": "channels_last"}), tmp_path)
    assert result.state == "finished", result.reason
    assert seen == {torch.float32}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("warmup_steps", [0, 2])
def test_replayed_steps_leave_what_launched_steps_leave(
    spec: Make, tmp_path: Path, model: dict[str, object], warmup_steps: int, engine: Pretending
) -> None:
    loss = {"warmup_steps": warmup_steps}
    launched, heard = ran(made(spec, model, loss=loss), tmp_path / "launched")
    changed = made(spec, model, loss=loss, train={"graph": "auto", "steps": STEPS})
    replayed, heard_too = ran(changed, tmp_path / "replayed")
    assert engine.captures == 1
    assert (engine.asides, engine.replays) == (
        WARM_UP + warmup_steps,
        STEPS - WARM_UP - warmup_steps,
    )
    assert heard_too.losses == heard.losses
    assert heard_too.seen == heard.seen  # the same terms at the same steps, no stale ones
    assert (replayed.metrics, replayed.images) == (launched.metrics, launched.images)


@pytest.mark.parametrize("step", [2, 3, 6])
def test_a_replayed_run_that_left_goes_on_with_the_same_numbers(
    spec: Make, tmp_path: Path, step: int, engine: Pretending
) -> None:
    class Leaving(Listener):
        leave = Event()

        def metrics(self, values: Mapping[str, float], *, step: int) -> None:
            super().metrics(values, step=step)
            if step == at:
                self.leave.set()

    at = step
    graph = {"train": {"graph": "auto", "steps": STEPS}}
    whole, heard = ran(made(spec, MODELS[0]), tmp_path / "whole")
    first = Leaving()
    first.leave.clear()
    (tmp_path / "parts").mkdir()
    with pytest.raises(LeaveError):
        train(made(spec, MODELS[0], **graph), first, folder=tmp_path / "parts", leave=first.leave)
    result, second = ran(made(spec, MODELS[0], **graph), tmp_path / "parts")
    assert first.losses + second.losses == heard.losses
    assert (result.metrics, result.images) == (whole.metrics, whole.images)


def test_kept_targets_are_let_go_before_a_capture_and_after_it() -> None:
    loss = losses.build({})
    images = torch.rand(3, 1, 1, 32, 32)
    kept: list[bool] = []

    class Looking(Pretending):
        def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
            kept.append(loss.gradient._kept._last is not None)
            return super().captured(work)

    def step(infrared: Tensor, visible: Tensor) -> StepOutput:
        value = loss(infrared=infrared, visible=visible, fused=images[2])
        return StepOutput(loss=value, value=value, terms=dict(loss.last_terms), fused=images[2])

    take = Replayed(step, loss=loss, engine=Looking(), device=torch.device("cpu"))
    values = [float(take(images[0] * k, images[1]).value) for k in (1.0, 0.9, 0.8, 0.7, 0.6)]
    assert kept == [False]
    fresh = losses.build({})
    wanted = [
        float(fresh(infrared=images[0] * k, visible=images[1], fused=images[2]))
        for k in (1.0, 0.9, 0.8, 0.7, 0.6)
    ]
    assert values == wanted
    assert len(set(values)) == 5


def test_a_graph_is_for_cuda(spec: Make, tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    assert engine_of(TrainSettings.of({}), cpu) is None
    assert engine_of(TrainSettings.of({"graph": "auto"}), cpu) is None
    stages = [{"share": 0.5}, {}]
    assert (
        engine_of(TrainSettings.of({"graph": "auto", "stages": stages}), torch.device("cuda"))
        is None
    )
    with pytest.raises(ConfigError, match=r"train\.graph: must be never, auto or always"):
        engine_of(TrainSettings.of({"graph": True}), cpu)
    asked, _ = ran(spec(train={"graph": "always"}), tmp_path)
    assert asked.reason == (
        "error: train.graph: always needs train.device=cuda, got cpu; use auto or never"
    )
    plain, _ = ran(spec(), tmp_path)
    auto, _ = ran(spec(train={"graph": "auto"}), tmp_path)
    assert auto.metrics == plain.metrics
    assert cast("dict[str, object]", auto.facts["arithmetic"])["graph"] is False


@cuda
@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:.*deterministic")  # the padding of DenseFuse, backwards
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_cuda_graph_gives_the_losses_of_launched_steps(
    spec: Make, tmp_path: Path, precision: str
) -> None:
    both = {}
    for graph in ("never", "always"):
        given = {"device": "cuda", "graph": graph, "precision": precision, "steps": 20}
        result, listener = ran(spec(train=given), tmp_path)
        assert result.state == "finished", result.reason
        assert cast("dict[str, object]", result.facts["arithmetic"])["graph"] is (graph == "always")
        both[graph] = listener.losses
    rel = 1e-4 if precision == "fp32" else 1e-2
    assert both["always"] == pytest.approx(both["never"], rel=rel)
