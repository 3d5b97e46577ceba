"""What every training does beside its steps: go on from a checkpoint, record, report at rungs."""

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from ablate.errors import ConfigError, DivergedError
from ablate.stats.health import IN_WORDS, Health, State
from ablate.training.checkpoints import Checkpoints
from ablate.training.optimisation import Optimisation
from ablate.training.recorder import Recorder
from ablate.training.scoring import Scored, means
from ablate.training.spec import RunSpec

if TYPE_CHECKING:
    from ablate.training.tasks.run import Run

RECORDS = 100  # recorded steps of a run, about


DEAD: Final[tuple[State, ...]] = ("constant", "half_constant", "saturated")
EARLY = 10  # a search looks at the health of a run after this part of its steps ...
EARLIEST = 50  # ... and not before this step: networks start flat


class PrunedError(Exception):
    """The run is stopped early; the text says at which step and why.

    Args:
        text: Ends up as the reason of the run.
        health: Of its images then, where it was looked at.
    """

    def __init__(self, text: str, *, health: Health | None = None) -> None:
        super().__init__(text)
        self.health = health


def walk(
    run: "Run",
    take: Callable[[int], None],
    *,
    optimisation: Optimisation,
    score_val: Callable[[], Scored],
    examine_some: Callable[[], Health] | None = None,
) -> float:
    """Take all steps, going on from a checkpoint where there is one; return seconds per step.

    A run that goes on gives the same numbers as one that was never interrupted where a step
    depends on its number alone: weights, their moving average, optimiser and random state are
    restored.

    Args:
        run: The run, its checkpoints and its listeners.
        take: Takes and records the step of a number, from 1.
        optimisation: Of the model, already initialised, and where it will be trained.
        score_val: Returns the rows of val and their health, for the rungs.
        examine_some: Returns the health of a few val images: a search stops a run early that is
            dead.

    Raises:
        DivergedError: `take` says so.
        PrunedError: The recorder said stop at a rung, or the run is dead.
        LeaveError: The worker is to go; the state is saved.
    """
    steps = optimisation.steps
    torch.manual_seed(run.seed("network"))
    first, before_s = restore(run.checkpoints, optimisation)
    started = time.monotonic()
    early = 0 if run.spec.scores_test else max(EARLIEST, steps // EARLY)

    def seconds() -> float:
        return before_s + time.monotonic() - started

    for step in range(first, steps + 1):
        take(step)
        if step in run.spec.rungs and step < steps:
            report(run.recorder, score_val(), run.spec, step=step)
        elif step == early and examine_some is not None:
            stop_if_dead(examine_some(), step=step)
        save_if_due(run.checkpoints, optimisation, step=step, seconds=seconds)
        run.pulse.beat(step)
    return seconds() / steps


def restore(checkpoints: Checkpoints, optimisation: Optimisation) -> tuple[int, float]:
    """Return the first step to take and the seconds that earlier sessions took."""
    state: dict[str, Any] | None = checkpoints.load()
    if state is None:
        return 1, 0.0
    optimisation.restore(state)
    _set_random_state(state["random"], optimisation.model)
    return int(state["step"]) + 1, float(state["seconds"])


def save_if_due(
    checkpoints: Checkpoints,
    optimisation: Optimisation,
    *,
    step: int,
    seconds: Callable[[], float],
) -> None:
    """Save what `restore` reads when the last checkpoint is old enough or the run is to go.

    Raises:
        LeaveError: The run is to go; its state is saved.
    """
    if checkpoints.is_due():
        checkpoints.save(
            step=step,
            random=_random_state(optimisation.model),
            seconds=seconds(),
            **optimisation.state(),
        )
        checkpoints.raise_if_leaving(step)


def _random_state(model: nn.Module) -> dict[str, torch.Tensor]:
    device = next(model.parameters()).device
    on_device = {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state(), **on_device}


def _set_random_state(state: Mapping[str, torch.Tensor], model: nn.Module) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], next(model.parameters()).device)


def is_recorded(step: int, steps: int) -> bool:
    """Return whether a step's loss is recorded: about a hundred of a run, the last one always."""
    return step % max(1, steps // RECORDS) == 0 or step == steps


def record(recorder: Recorder, loss: float, terms: Mapping[str, float], *, step: int) -> None:
    """Record the loss and its terms as "train/loss", "train/NAME".

    Raises:
        DivergedError: The loss is not finite.
    """
    if not math.isfinite(loss):
        raise DivergedError(f"the loss became {loss} at or before step {step}")
    named = {f"train/{name}": value for name, value in terms.items()}
    recorder.metrics({"train/loss": loss, **named}, step=step)


def stop_if_dead(health: Health, *, step: int) -> None:
    """Stop a run of a search whose images are constant or saturated: it does not recover.

    Raises:
        PrunedError: They are.
    """
    if health.state in DEAD:
        raise PrunedError(f"pruned at step {step}: {IN_WORDS[health.state]}", health=health)


def report(recorder: Recorder, scored: Scored, spec: RunSpec, *, step: int) -> None:
    """Record val and its health, and report the objective at a rung.

    Raises:
        PrunedError: The recorder said stop, or the run of a search is dead.
        ConfigError: The objective is none of the computed metrics.
    """
    values = means(scored.rows)
    health = scored.health
    recorder.metrics({**values, **scored.healthy}, step=step)
    if health is not None and not spec.scores_test:
        stop_if_dead(health, step=step)
    if spec.objective not in values:
        raise ConfigError(
            f"objective {spec.objective!r}: not among the computed {', '.join(sorted(values))}"
        )
    if recorder.report(values[spec.objective], step=step):
        raise PrunedError(f"pruned at step {step}", health=health)
