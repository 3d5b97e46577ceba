"""The steps that every training shares: descend, record, report at rungs, checkpoint."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, DivergedError
from ablate.identity import derive_seed
from ablate.losses.total import FusionLoss
from ablate.training.checkpoints import Checkpoints
from ablate.training.determinism import precision
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.scoring import Row, means
from ablate.training.spec import RunSpec

RECORDS = 100  # recorded steps of a run, about
RARER = 10  # of so many recorded steps one has the loss diagnosed


class PrunedError(Exception):
    """The recorder said stop; the text says at which step."""


def descend(
    *,
    spec: RunSpec,
    model: nn.Module,
    loss: FusionLoss,
    batch: Callable[[int], tuple[Tensor, Tensor]],
    score_val: Callable[[], list[Row]],
    recorder: Recorder,
    checkpoints: Checkpoints,
    device: torch.device,
    pulse: Pulse,
    scale: float = 1.0,
) -> float:
    """Take all steps, going on from a checkpoint where there is one; return seconds per step.

    A run that goes on gives the same numbers as one that was never interrupted: the batch of a
    step depends on its number alone, and weights, optimiser and random state are restored.

    Args:
        spec: The run.
        model: Called with infrared= and visible=; already initialised.
        loss: Called with infrared=, visible= and fused=.
        batch: Takes the number of a step, from 1, and returns (infrared, visible).
        score_val: Returns the rows of val, for the rungs.
        recorder: Told of losses and rungs.
        checkpoints: Of this run.
        device: Where the model lies.
        pulse: Told of every step.
        scale: Factor of the loss that is descended; records show the loss without it.

    Raises:
        DivergedError: The loss left the numbers.
        PrunedError: The recorder said stop at a rung.
        LeaveError: The worker is to go; the state is saved.
    """
    train = spec.settings["train"]
    steps = int(train["steps"])
    optimizer = torch.optim.Adam(model.parameters(), lr=train["learning_rate"])
    torch.manual_seed(derive_seed(spec.seed, "network"))
    first, before_s = _restore(checkpoints, model, optimizer)
    started = time.monotonic()
    every = max(1, steps // RECORDS)
    for step in range(first, steps + 1):
        loss.at_step(step)
        infrared, visible = (image.to(device) for image in batch(step))
        with precision(train["precision"], device):
            fused = model(infrared=infrared, visible=visible)
        value = loss(infrared=infrared, visible=visible, fused=fused.float())
        optimizer.zero_grad(set_to_none=True)
        (value * scale).backward()
        optimizer.step()
        if step % every == 0 or step == steps:
            if step % (every * RARER) == 0 or step == steps:
                loss.diagnose(infrared=infrared, visible=visible, fused=fused.float())
            _record(recorder, value, loss, step=step)
        if step in spec.rungs and step < steps:
            _report(recorder, score_val(), spec, step=step)
        if checkpoints.is_due():
            checkpoints.save(
                step=step, weights=model.state_dict(), optimizer=optimizer.state_dict(),
                random=torch.get_rng_state(), seconds=before_s + time.monotonic() - started,
            )  # fmt: skip
            checkpoints.raise_if_leaving(step)
        pulse.beat(step)
    return (before_s + time.monotonic() - started) / steps


def _restore(
    checkpoints: Checkpoints, model: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """Return the first step to take and the seconds that earlier sessions took."""
    state: dict[str, Any] | None = checkpoints.load()
    if state is None:
        return 1, 0.0
    model.load_state_dict(state["weights"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return int(state["step"]) + 1, float(state["seconds"])


def _record(recorder: Recorder, value: Tensor, loss: FusionLoss, *, step: int) -> None:
    """Record the loss and its terms; raise DivergedError when it is not finite."""
    number = float(value.detach())
    if not math.isfinite(number):
        raise DivergedError(f"the loss became {number} at or before step {step}")
    terms = {f"train/{name}": float(term) for name, term in loss.last_terms.items()}
    recorder.metrics({"train/loss": number, **terms}, step=step)


def _report(recorder: Recorder, rows: list[Row], spec: RunSpec, *, step: int) -> None:
    """Record val and report the objective at a rung; raise PrunedError when told to stop."""
    values = means(rows)
    recorder.metrics(values, step=step)
    if spec.objective not in values:
        raise ConfigError(
            f"objective {spec.objective!r}: not among the computed {', '.join(sorted(values))}"
        )
    if recorder.report(values[spec.objective], step=step):
        raise PrunedError(f"pruned at step {step}")
