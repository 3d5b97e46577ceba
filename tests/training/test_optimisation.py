"""Optimiser, schedules, clipping, moving average and stages against plain forms and torch's own."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ablate import models
from ablate.errors import ConfigError
from ablate.models.contract import keep
from ablate.settings.setting import defaults_of
from ablate.settings.stages import fault_of, stages_of
from ablate.settings.train import TrainSettings, faults_of, in_steps
from ablate.training.checkpoints import write_weights
from ablate.training.initialisation import initialise, start
from ablate.training.optimisation import Optimisation, rate_factor
from ablate.training.tasks.fusion import check_starts
from tests.present import present

STEPS = 20


def recipe(**changes: Any) -> TrainSettings:
    return TrainSettings.of({**defaults_of(TrainSettings), "steps": STEPS, **changes})


def two_parts() -> nn.Module:
    torch.manual_seed(0)
    model = models.build({"name": "unet", "width": 2, "depth": 1, "output": "mean"})
    assert isinstance(model, nn.Module)
    initialise(model, seed=1)
    return model


def batches(steps: int = STEPS) -> list[torch.Tensor]:
    return [
        torch.rand(2, 2, 1, 8, 8, generator=torch.Generator().manual_seed(s)) for s in range(steps)
    ]


def descend(
    model: nn.Module, train: TrainSettings, after: Callable[[int, Optimisation], None] | None = None
) -> Optimisation:
    optimisation = Optimisation(model, train)
    for step, (infrared, visible) in enumerate(batches(), start=1):
        optimisation.begin(step)
        fused = model(infrared=infrared, visible=visible)
        optimisation.step((fused - visible).square().mean())
        optimisation.end()
        if after:
            after(step, optimisation)
    return optimisation


def test_one_pass_of_adam_moves_weights_as_its_plain_form_does() -> None:
    """Kingma and Ba, arXiv 1412.6980, algorithm 1, written out."""
    torch.manual_seed(0)
    model = nn.Linear(5, 3)
    before = [param.detach().double() for param in model.parameters()]
    first, second = [torch.zeros_like(b) for b in before], [torch.zeros_like(b) for b in before]
    optimizer = Optimisation(
        model, recipe(learning_rate=0.01, schedule="constant", momentum=0.8, beta2=0.99)
    ).optimizer
    for step in range(1, 21):
        grads = [torch.randn(param.shape) for param in model.parameters()]
        for param, grad in zip(model.parameters(), grads, strict=True):
            param.grad = grad
        optimizer.step()
        for at, grad in enumerate(grads):
            first[at] = 0.8 * first[at] + 0.2 * grad
            second[at] = 0.99 * second[at] + 0.01 * grad.double() ** 2
            mean, size = first[at] / (1 - 0.8**step), second[at] / (1 - 0.99**step)
            before[at] = before[at] - 0.01 * mean / (size.sqrt() + 1e-8)
    for param, expected in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(param.detach().double(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_weights_move_as_torchs_own_loop_moves_them(name: str) -> None:
    train = recipe(
        optimizer=name, weight_decay=0.01, learning_rate=0.01, clip_norm=0.05, final_share=0.1
    )
    model, plain = two_parts(), two_parts()
    descend(model, train)
    kind: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": lambda some, **rest: torch.optim.SGD(some, momentum=0.9, **rest),
    }
    optimizer = kind[name](plain.parameters(), lr=0.01, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=0.001)
    for infrared, visible in batches():
        optimizer.zero_grad()
        (plain(infrared=infrared, visible=visible) - visible).square().mean().backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.05)
        optimizer.step()
        schedule.step()
    for one, other in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@given(step=st.integers(1, 120), warmup=st.integers(0, 30))
def test_the_step_schedule_is_torchs_with_a_floor(step: int, warmup: int) -> None:
    train = recipe(
        schedule="step",
        decay_every=1 / 6,
        decay_factor=0.5,
        final_share=0.1,
        steps=120,
        warmup_steps=warmup,
    )
    found = rate_factor(step, train, steps=120)
    if step <= warmup:
        assert found == (step - 1) / warmup
    else:
        assert found == max(0.1, 0.5 ** ((step - 1 - warmup) // 20))


@given(st.sampled_from(["constant", "cosine", "step"]), st.integers(0, 9), st.integers(10, 50))
def test_a_rate_lies_between_the_final_share_and_1_and_never_rises_after_warm_up(
    schedule: str, warmup: int, steps: int
) -> None:
    train = recipe(schedule=schedule, warmup_steps=warmup, steps=steps, final_share=0.2)
    rates = [rate_factor(step, train, steps=steps) for step in range(1, steps + 1)]
    assert rates[:warmup] == [step / warmup for step in range(warmup)]
    after = rates[warmup:]
    assert after[0] == 1
    assert all(0.2 <= rate <= 1 for rate in after)
    assert after == sorted(after, reverse=True)


def test_a_part_that_moves_later_has_the_whole_rate_then() -> None:
    """As CDDFuse's train.py: the schedules of its fuse layers count from phase II."""
    stages = [{"share": 0.5, "parts": ["encoder"]}, {}]
    seen: dict[int, dict[str, float]] = {}

    def look(step: int, optimisation: Optimisation) -> None:
        seen[step] = {g["part"]: g["lr"] for g in optimisation.optimizer.param_groups}

    descend(
        two_parts(),
        recipe(
            stages=stages, schedule="step", decay_every=0.25, final_share=0.0, learning_rate=1.0
        ),
        look,
    )
    assert [seen[step]["encoder"] for step in (1, 6, 11, 16)] == [1, 0.5, 0.25, 0.125]
    assert [seen[step]["decoder"] for step in (11, 16)] == [1, 0.5]


def test_a_stage_moves_its_parts_alone_and_moments_are_carried_over() -> None:
    stages = [{"share": 0.5, "parts": ["encoder"]}, {"share": 0.25, "parts": ["decoder"]}, {}]
    moved: dict[int, set[str]] = {}
    model = two_parts()
    last = {name: param.detach().clone() for name, param in model.named_parameters()}

    def look(step: int, optimisation: Optimisation) -> None:
        now = {name: param.detach().clone() for name, param in model.named_parameters()}
        moved[step] = {
            name.partition(".")[0] for name in now if not torch.equal(now[name], last[name])
        }
        last.update(now)

    optimisation = descend(model, recipe(stages=stages, schedule="constant"), look)
    assert moved[5] == {"encoder"}
    assert moved[12] == {"decoder"}
    assert moved[20] == {"encoder", "decoder", "up", "last"}
    steps = {
        group["part"]: int(optimisation.optimizer.state[group["params"][0]]["step"])
        for group in optimisation.optimizer.param_groups
    }
    assert steps == {"encoder": 15, "decoder": 10, "up": 5, "last": 5}


def test_each_part_is_clipped_by_its_own_norm() -> None:
    def norms(clip_by: str) -> dict[str, float]:
        found: dict[str, float] = {}

        def look(step: int, optimisation: Optimisation) -> None:
            for name, child in optimisation.model.named_children():
                grads = [p.grad.flatten() for p in child.parameters() if p.grad is not None]
                found[name] = max(found.get(name, 0.0), float(torch.cat(grads).norm()))

        descend(two_parts(), recipe(clip_norm=1e-4, clip_by=clip_by), look)
        return found

    by_part, together = norms("part"), norms("network")
    assert all(norm == pytest.approx(1e-4, rel=0.02) for norm in by_part.values())
    assert math.hypot(*together.values()) <= 2e-4
    assert min(together.values()) < 0.9e-4


def test_the_moving_average_starts_at_the_first_weights_and_is_what_is_scored() -> None:
    model = two_parts()
    expected = [param.detach().clone() for param in model.parameters()]

    def follow(step: int, optimisation: Optimisation) -> None:
        for mean, param in zip(expected, model.parameters(), strict=True):
            mean.mul_(0.9).add_(param.detach(), alpha=0.1)

    optimisation = descend(model, recipe(ema=0.9), follow)
    assert optimisation.scored is not model
    for mean, param in zip(expected, optimisation.scored.parameters(), strict=True):
        torch.testing.assert_close(mean, param)
    assert Optimisation(model, recipe()).scored is model


def test_biases_do_not_decay_where_matrices_alone_do() -> None:
    groups = Optimisation(
        two_parts(), recipe(weight_decay=0.1, decayed="matrices")
    ).optimizer.param_groups
    assert {(group["params"][0].ndim > 1, group["weight_decay"]) for group in groups} == {
        (True, 0.1),
        (False, 0.0),
    }
    count = sum(param.numel() for group in groups for param in group["params"])
    assert count == sum(param.numel() for param in two_parts().parameters())


def test_what_a_network_froze_or_keeps_stays() -> None:
    model = two_parts()
    frozen = next(iter(model.parameters())).requires_grad_(False)
    before = frozen.clone()
    descend(model, recipe())
    assert torch.equal(frozen, before)
    kept = nn.Conv2d(1, 1, 3)
    keep(kept)
    weights = kept.weight.detach().clone()
    initialise(nn.Sequential(kept, nn.Conv2d(1, 1, 3)), seed=0)
    assert torch.equal(kept.weight, weights)


@pytest.mark.parametrize("name", ["cddfuse", "densefuse", "restormer", "seafusion", "unet"])
def test_a_last_layer_at_0_predicts_nothing_and_the_rest_is_alive(name: str) -> None:
    model = models.build({"name": name, "width": 4, "output": "mean"})
    initialise(model, seed=3, last_layer="zero")
    infrared, visible = torch.rand(2, 2, 1, 24, 24)
    fused = model(infrared=infrared, visible=visible)
    assert torch.equal(fused, (infrared + visible) / 2)
    (fused - visible).square().mean().backward()
    assert float(model.last_layer().weight.grad.abs().max()) > 0


@pytest.mark.parametrize("scheme", ["torch", "he"])
def test_weights_follow_from_the_seed_and_the_scheme(scheme: str) -> None:
    made = [two_parts() for _ in range(3)]
    for model, seed in zip(made, (5, 5, 6), strict=True):
        initialise(model, seed=seed, scheme=scheme)
    first, same, other = (next(iter(model.parameters())) for model in made)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    if scheme == "he":
        wide = nn.Conv2d(64, 64, 3)
        initialise(nn.Sequential(wide), seed=0, scheme="he")
        assert float(wide.weight.detach().std()) == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
        assert float(present(wide.bias).detach().abs().max()) == 0


def test_epochs_are_written_out_as_steps() -> None:
    assert in_steps({"epochs": 10, "batch_size": 16, "warmup_epochs": 2}, items=100) == {
        "batch_size": 16,
        "steps": 63,
        "warmup_steps": 13,
    }
    assert in_steps({"epochs": 0.001, "batch_size": 16}, items=100)["steps"] == 1


def test_stages_share_the_steps_end_to_end() -> None:
    three = stages_of([{"share": 0.301}, {"share": 0.5}, {}], steps=10)
    assert [(one.first, one.last) for one in three] == [(1, 3), (4, 8), (9, 10)]
    assert stages_of(None, steps=7)[0].last == 7
    with pytest.raises(
        ConfigError, match=r"stages\[0\]\.share: 0\.01 of 10 steps is less than one"
    ):
        stages_of([{"share": 0.01}, {}], steps=10)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ([], "must be a list of stages"),
        ([{"share": 0.4}, {"share": 0.4}], "the shares add up to 0.8, not to 1"),
        ([{"share": 0.6}, {"share": 0.6}, {}], "add up to 1.2; nothing is left for the last"),
        ([{}, {}], "stage 1: share is missing"),
        ([{"share": 0.5, "partz": []}, {}], "stage 1: no such setting as 'partz'; did you mean"),
        ([{"share": 0.5, "parts": "encoder"}, {}], "parts must be a list of names"),
        ([{"share": True}], "share must be a number above 0"),
        ([{"loss": 3}], "loss must be a mapping"),
    ],
)
def test_stages_of_a_wrong_form_are_refused(raw: Any, text: str) -> None:
    assert text in str(fault_of(raw))


def test_a_stage_that_names_no_part_of_the_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"stages\[0\]\.parts: the network has no part 'encodr'"):
        Optimisation(two_parts(), recipe(stages=[{"parts": ["encodr"]}]))


def test_what_cannot_be_combined_is_told_at_once() -> None:
    faults = faults_of(
        TrainSettings.of({"steps": 10, "epochs": 2, "warmup_steps": 10, "graph": "always"})
    )
    assert len(faults) == 3
    assert "2 epochs and 10 steps are both given" in faults[0]
    assert "10 steps of warm-up leave none of the 10" in faults[1]


@given(
    optimizer=st.sampled_from(["adam", "adamw", "sgd"]),
    schedule=st.sampled_from(["constant", "cosine", "step"]),
    ema=st.sampled_from([0.0, 0.9]),
    warmup=st.sampled_from([0, 3, 11]),
    stages=st.sampled_from([None, [{"share": 0.3, "parts": ["encoder"]}, {}]]),
    clip=st.sampled_from([0.0, 0.01]),
    stop=st.integers(1, STEPS - 1),
)
@settings(max_examples=15)
def test_a_training_that_goes_on_from_its_state_is_bit_equal(stop: int, **changes: Any) -> None:
    names = {"warmup": "warmup_steps", "clip": "clip_norm"}
    train = recipe(**{names.get(name, name): value for name, value in changes.items()})
    whole = descend(two_parts(), train)
    kept: dict[str, Any] = {}

    def leave(step: int, optimisation: Optimisation) -> None:
        if step == stop:
            state = optimisation.state()
            kept.update({name: _copied(part) for name, part in state.items()})

    descend(two_parts(), train, leave)
    again = Optimisation(two_parts(), train)
    again.restore(kept)
    for step, (infrared, visible) in list(enumerate(batches(), start=1))[stop:]:
        again.begin(step)
        again.step((again.model(infrared=infrared, visible=visible) - visible).square().mean())
        again.end()
    for one, other in zip(whole.scored.parameters(), again.scored.parameters(), strict=True):
        assert torch.equal(one, other)


def _copied(value: Any) -> Any:
    """Return a copy through what a checkpoint does."""
    import io

    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def test_what_stages_and_weights_cannot_be_is_told_before_a_run(tmp_path: Path) -> None:
    settings = {
        "train": {
            "stages": [
                {"share": 0.5, "parts": ["encoder"], "objective": "fusoin"},
                {"parts": ["lst"]},
            ]
        },
        "model": {"name": "unet", "width": 2, "depth": 1},
    }
    with pytest.raises(ConfigError) as caught:
        check_starts([settings])
    assert len(caught.value.faults) == 2
    assert "no part 'lst'; did you mean 'last'?" in str(caught.value)
    other = {
        "train": {"initial_weights": str(tmp_path / "no.safetensors")},
        "model": settings["model"],
    }
    with pytest.raises(ConfigError, match=r"initial_weights: .*: no such file"):
        check_starts([other])
    trained = models.build({"name": "unet", "width": 3, "depth": 1})
    other["train"] = {"initial_weights": str(write_weights(trained, tmp_path))}
    with pytest.raises(ConfigError, match="not the weights of this network"):
        check_starts([other])
    check_starts([{**other, "model": {"name": "unet", "width": 3, "depth": 1}}])


def test_a_training_starts_from_the_weights_of_a_run(tmp_path: Path) -> None:
    run = tmp_path / "store" / "study" / "runs" / "abc123"
    run.mkdir(parents=True)
    trained = two_parts()
    write_weights(trained, run)
    for initial in (str(run), "run:abc123", str(run / "weights.safetensors")):
        model = models.build({"name": "unet", "width": 2, "depth": 1})
        here = tmp_path / "store" / "other" / "runs" / "x"
        start(model, seed=5, settings={}, initial=initial, folder=here)
        for one, two in zip(model.parameters(), trained.parameters(), strict=True):
            assert torch.equal(one, two)
    with pytest.raises(ConfigError, match=r"0 runs of .* with kept weights begin so"):
        start(model, seed=5, settings={}, initial="run:zzz", folder=here)


@pytest.mark.parametrize("name", ["unet", "densefuse"])
def test_leaky_layers_leave_no_channel_without_a_gradient(name: str) -> None:
    model = models.build({"name": name, "width": 2, "activation": "leaky_relu"})
    for parameter in model.parameters():
        nn.init.constant_(parameter, -0.1)  # every ReLU would be dead
    model(infrared=torch.rand(1, 1, 16, 16), visible=torch.rand(1, 1, 16, 16)).sum().backward()
    assert all(float(one.grad.abs().sum()) > 0 for one in model.parameters())
    with pytest.raises(ConfigError, match=r"model\.activation: no such name as 'gelu'"):
        models.build({"name": name, "activation": "gelu"})
