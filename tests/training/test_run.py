"""One run: what it records, how it ends, and that it repeats."""

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import cast

import pytest
import torch

from ablate.errors import ConfigError, DataError, DivergedError, StoreError
from ablate.models.contract import MODELS
from ablate.models.densefuse import DenseFuse, DenseFuseSettings
from ablate.training.checkpoints import Checkpoints, LeaveError
from ablate.training.loop import train
from ablate.training.spec import RunResult, RunSpec
from ablate.training.tasks import task_of
from tests.training.conftest import Listener

Make = Callable[..., RunSpec]


def ran(spec: RunSpec, folder: Path, **options: int) -> tuple[RunResult, Listener]:
    folder.mkdir(exist_ok=True)
    listener = Listener(**options)
    return train(spec, listener, folder=folder), listener


def test_a_run_scores_val_and_test_per_image_and_shows_pictures(spec: Make, tmp_path: Path) -> None:
    result, listener = ran(spec(), tmp_path)
    assert result.state == "finished", result.reason
    assert set(result.metrics) == {"val/qabf", "val/mi", "test/qabf", "test/mi"}
    assert {row[0] for row in result.images} == {"val", "test"}
    assert len(result.images) == (1 + 2) * 2
    test_rows = [row[3] for row in result.images if row[0] == "test" and row[2] == "qabf"]
    assert result.metrics["test/qabf"] == pytest.approx(sum(filter(None, test_rows)) / 2)
    assert len(list((tmp_path / "fused").glob("*.png"))) == 1
    assert result.facts["steps"] == 6
    assert ("train/loss", 6) in listener.seen


def test_a_search_run_never_sees_test(spec: Make, tmp_path: Path) -> None:
    result, _ = ran(spec(scores_test=False), tmp_path)
    assert set(result.metrics) == {"val/qabf", "val/mi"}
    assert {row[0] for row in result.images} == {"val"}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_spec_gives_the_same_numbers_and_another_seed_does_not(
    spec: Make, tmp_path: Path, precision: str
) -> None:
    changes = {"train": {"precision": precision}}
    one, first = ran(spec(**changes), tmp_path)
    two, second = ran(spec(**changes), tmp_path)
    other, third = ran(spec(seed=1, **changes), tmp_path)
    assert one.metrics == two.metrics
    assert first.losses == second.losses
    assert other.metrics != one.metrics
    assert third.losses != first.losses


def test_bf16_differs_from_fp32_but_little(spec: Make, tmp_path: Path) -> None:
    _, whole = ran(spec(), tmp_path)
    _, half = ran(spec(train={"precision": "bf16"}), tmp_path)
    assert whole.losses != half.losses
    assert half.losses == pytest.approx(whole.losses, rel=0.02)


def test_training_lowers_the_loss(spec: Make, tmp_path: Path) -> None:
    whole_images = {"data": {"crop": 48}, "model": {"width": 8}}
    _, listener = ran(spec(train={"steps": 100, "learning_rate": 1e-2}, **whole_images), tmp_path)
    assert sum(listener.losses[-10:]) < 0.9 * sum(listener.losses[:10])


@pytest.mark.parametrize(
    "model", [{"name": "densefuse", "width": 2}, {"name": "probe", "noise": 0.1}]
)
def test_a_rung_reports_the_objective_and_stop_ends_the_run_as_pruned(
    spec: Make, tmp_path: Path, model: dict[str, object]
) -> None:
    changed = spec(rungs=(2, 4), model=model)
    changed.settings["model"].clear()
    changed.settings["model"].update(model)
    result, listener = ran(changed, tmp_path, stop_at=4)
    assert (result.state, result.reason) == ("pruned", "pruned at step 4")
    assert list(listener.reports) == [2, 4]


def test_a_loss_that_leaves_the_numbers_is_a_failed_run_with_its_reason(
    spec: Make, tmp_path: Path
) -> None:
    result, _ = ran(spec(train={"learning_rate": 1e30}), tmp_path)
    assert result.state == "failed"
    assert result.reason.startswith("diverged: ")


class Greedy(DenseFuse):
    fault: Exception

    def forward(self, *, infrared: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        raise self.fault


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (MemoryError(), "oom: out of memory"),
        (RuntimeError("CUDA out of memory. Tried\nmore"), "oom: CUDA out of memory. Tried"),
        (RuntimeError("CUDA error: an illegal access"), "error: CUDA error: an illegal access"),
        (ZeroDivisionError("by zero"), "error: ZeroDivisionError: by zero"),
    ],
)
def test_a_fault_of_the_network_becomes_the_reason(
    spec: Make, tmp_path: Path, fault: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS._members, "greedy", Greedy)
    monkeypatch.setitem(MODELS._settings, "greedy", DenseFuseSettings)
    monkeypatch.setattr(Greedy, "fault", fault, raising=False)
    result, _ = ran(spec(model={"name": "greedy"}), tmp_path)
    assert (result.state, result.reason) == ("failed", reason)


class Faulty(Listener):
    """Raises at step 4."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        if step == 4:
            raise self.fault


@pytest.fixture
def has_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Let runs save after every step; return what says whether a checkpoint is there."""
    monkeypatch.setattr(Checkpoints, "is_due", lambda self: True)
    return lambda: bool(list(tmp_path.glob("*checkpoint*")))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full; free space"),
        (errno.EDQUOT, "the disk quota is used up; free space"),
        (errno.EIO, "input/output error"),
        (errno.ESTALE, "the file system went away"),
    ],
)
def test_a_storage_that_fails_is_no_result_of_the_run(
    spec: Make, tmp_path: Path, has_checkpoint: Callable[[], bool], number: int, said: str
) -> None:
    wrapped = DataError("a.png: cannot be read")
    wrapped.__cause__ = OSError(number, os.strerror(number))
    for fault in (wrapped.__cause__, wrapped):
        with pytest.raises(StoreError, match=f"{said}.*then the same command goes on from here"):
            train(spec(), Faulty(fault), folder=tmp_path)
    assert has_checkpoint()


def test_the_journal_is_flushed_before_every_checkpoint(
    spec: Make, tmp_path: Path, has_checkpoint: Callable[[], bool]
) -> None:
    before: list[bool] = []
    train(spec(), Listener(), folder=tmp_path, flush=lambda: before.append(has_checkpoint()))
    assert before[0] is False
    assert len(before) == 6


@pytest.mark.parametrize(
    "fault",
    [
        DivergedError("it grew"),
        ConfigError("x: is wrong"),
        ZeroDivisionError("by zero"),
        MemoryError(),
        RuntimeError("CUDA error: an illegal access"),
    ],
)
def test_a_failed_run_keeps_its_checkpoint_until_its_result_is_written(
    spec: Make, tmp_path: Path, has_checkpoint: Callable[[], bool], fault: Exception
) -> None:
    result = train(spec(), Faulty(fault), folder=tmp_path)
    assert (result.state, str(fault) in result.reason) == ("failed", True)
    assert has_checkpoint()


def test_a_gpu_that_is_not_there_is_the_reason(spec: Make, tmp_path: Path) -> None:
    result, _ = ran(spec(train={"device": "cuda:99"}), tmp_path)
    assert result.state == "failed"
    assert "cuda:99" in result.reason
    assert "train.device=cpu" in result.reason


MODELS_TRIED = [{"name": "densefuse", "width": 2}, {"name": "probe", "noise": 0.1}]


@pytest.mark.parametrize("model", MODELS_TRIED)
@pytest.mark.parametrize("step", [1, 4])
def test_a_run_that_left_and_goes_on_gives_the_numbers_of_one_that_never_left(
    spec: Make, tmp_path: Path, model: dict[str, object], step: int
) -> None:
    def made() -> RunSpec:
        one = spec(rungs=(2, 5))
        one.settings["model"].clear()
        one.settings["model"].update(model)
        return one

    at = step

    class Leaving(Listener):
        def __init__(self, leave: Event) -> None:
            super().__init__()
            self.leave = leave

        def metrics(self, values: Mapping[str, float], *, step: int) -> None:
            super().metrics(values, step=step)
            if step == at:
                self.leave.set()

    whole, heard = ran(made(), tmp_path / "whole")
    leave = Event()
    first = Leaving(leave)
    with pytest.raises(LeaveError, match=f"left after step {step}"):
        train(made(), first, folder=_made(tmp_path / "parts"), leave=leave)
    second = Listener()
    result = train(made(), second, folder=tmp_path / "parts")
    assert result.metrics == whole.metrics
    assert result.images == whole.images
    assert first.losses + second.losses == heard.losses


def test_a_checkpoint_of_another_run_has_no_part_in_this_one(spec: Make, tmp_path: Path) -> None:
    whole, _ = ran(spec(), tmp_path / "whole")
    Checkpoints(_made(tmp_path / "mine"), key="another run").save(step=3, weights={})
    result, listener = ran(spec(), tmp_path / "mine")
    assert result.metrics == whole.metrics
    assert len(listener.losses) == 6


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_run_says_how_its_images_look(spec: Make, tmp_path: Path) -> None:
    result, listener = ran(
        spec(
            model={"name": "unet", "width": 2, "depth": 1, "output": "mean", "last_layer": "zero"}
        ),
        tmp_path,
    )
    assert result.health in ("healthy", "untrained"), result.facts["health"]  # 6 steps
    assert cast("dict[str, object]", result.facts["health"])["images"] == 1
    assert ("val/healthy", 6) in listener.seen


class Flat(DenseFuse):
    """Fuses everything into one grey."""

    def predict(self, *, infrared: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        return super().predict(infrared=infrared, visible=visible) * 0


@pytest.mark.parametrize(("searches", "state"), [(True, "pruned"), (False, "finished")])
def test_a_search_stops_a_dead_run_early_and_an_answer_does_not(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, searches: bool, state: str
) -> None:
    monkeypatch.setattr(MODELS, "get", lambda name, where="": Flat)
    result, listener = ran(spec(scores_test=not searches, train={"steps": 60}), tmp_path)
    assert (result.state, result.health) == (state, "constant")
    if searches:
        assert result.reason == "pruned at step 50: constant images"
        assert ("train/loss", 51) not in listener.seen


class LeavingAt(Listener):
    """Asks the run to go when a step is recorded."""

    def __init__(self, step: int, leave: Event) -> None:
        super().__init__()
        self.step, self.leave = step, leave

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        super().metrics(values, step=step)
        if step == self.step and "train/loss" in values:
            self.leave.set()


@pytest.mark.parametrize("step", [2, 4, 5, 8, 11])
def test_a_run_that_left_inside_a_stage_goes_on_with_equal_numbers(
    spec: Make, tmp_path: Path, step: int
) -> None:
    recipe = {
        "steps": 12,
        "ema": 0.8,
        "schedule": "cosine",
        "warmup_steps": 3,
        "clip_norm": 0.1,
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "augment": "flips_and_turns",
        "stages": [{"share": 0.35, "parts": ["encoder"], "loss": {"gradient_weight": 0.0}}, {}],
    }
    made = spec(
        model={"name": "unet", "width": 2, "depth": 1, "output": "mean", "last_layer": "zero"},
        train=recipe,
    )
    whole, heard = ran(made, tmp_path / "whole")
    assert whole.state == "finished", whole.reason
    leave = Event()
    first = LeavingAt(step, leave)
    (tmp_path / "parts").mkdir()
    with pytest.raises(LeaveError):
        train(made, first, folder=tmp_path / "parts", leave=leave)
    again, second = ran(made, tmp_path / "parts")
    assert first.losses + second.losses == heard.losses
    assert (again.metrics, again.images) == (whole.metrics, whole.images)


@pytest.mark.parametrize("game", ["least_squares", "wasserstein"])
def test_a_run_with_a_critic_goes_on_with_equal_numbers(
    spec: Make, tmp_path: Path, game: str
) -> None:
    critic = {"kind": "adversarial", "critic_width": 2, "critic_rate": 0.01, "game": game}
    made = spec(loss={"terms": {"against": critic}}, train={"steps": 8})
    whole, heard = ran(made, tmp_path / "whole")
    assert whole.state == "finished", whole.reason
    leave = Event()
    first = LeavingAt(4, leave)
    (tmp_path / "parts").mkdir()
    with pytest.raises(LeaveError):
        train(made, first, folder=tmp_path / "parts", leave=leave)
    again, second = ran(made, tmp_path / "parts")
    assert first.losses + second.losses == heard.losses
    assert (again.metrics, again.images) == (whole.metrics, whole.images)
    unmoved, alone = ran(
        spec(loss={"terms": {"against": {**critic, "critic_rate": 1e-9}}}, train={"steps": 8}),
        tmp_path / "unmoved",
    )
    assert unmoved.state == "finished", unmoved.reason
    assert alone.losses != heard.losses  # so the critic did move


def test_where_a_critic_cannot_learn_is_said_before_the_first_run(spec: Make) -> None:
    critic = {"terms": {"against": {"kind": "adversarial"}}}
    stages = [{"share": 0.5, "loss": {"gradient_weight": 0.0}}, {}]
    made = spec(loss=critic, train={"stages": stages, "graph": "always"})
    lines = "\n".join(task_of(made.settings).faults())
    assert "against learns against the network all the way, so no stage can have a loss" in lines
    assert "against learns between the steps of the network, which no graph holds" in lines
