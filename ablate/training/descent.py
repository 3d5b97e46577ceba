"""The steps of every fusion: descend its loss, record it, picture it now and then."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ablate.losses.total import FusionLoss
from ablate.training.checkpoints import Checkpoints
from ablate.training.course import RECORDS, is_recorded, record, walk
from ablate.training.graph import Replayed, engine_of
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.scoring import Row
from ablate.training.spec import RunSpec
from ablate.training.step import Step, adam, stepper
from ablate.training.watching import moments

RARER = 10  # of so many recorded steps one has the loss diagnosed


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
    look: Callable[[int], None] | None = None,
) -> float:
    """Take all steps, see `course.walk`; return seconds per step.

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
        look: Called with the step at the few moments when the run is pictured.

    Raises:
        ConfigError: The settings ask for a graph where there is none.
        DivergedError: The loss left the numbers.
        PrunedError: The recorder said stop at a rung.
        LeaveError: The worker is to go; the state is saved.
    """
    train = spec.settings["train"]
    steps = int(train["steps"])
    engine = engine_of(train, device)
    is_captured = engine is not None and device.type == "cuda"
    optimizer = adam(model, learning_rate=train["learning_rate"], is_captured=is_captured)
    take: Step = stepper(
        model=model, loss=loss, optimizer=optimizer, arithmetic=train["precision"], device=device,
        scale=scale,
    )  # fmt: skip
    if engine is not None:
        take = Replayed(take, loss=loss, engine=engine, device=device)
    every = max(1, steps // RECORDS)
    pictured = moments(steps) if look else frozenset()

    def take_and_record(step: int) -> None:
        if look and step == 1:
            look(0)
        loss.at_step(step)
        infrared, visible = (image.to(device) for image in batch(step))
        taken = take(infrared, visible)
        if is_recorded(step, steps):
            if step % (every * RARER) == 0 or step == steps:
                loss.diagnose(infrared=infrared, visible=visible, fused=taken.fused)
            terms = {name: float(term) for name, term in loss.last_terms.items()}
            record(recorder, float(taken.value), terms, step=step)
        if look and step in pictured:
            look(step)

    return walk(
        take_and_record, spec=spec, model=model, optimizer=optimizer, score_val=score_val,
        recorder=recorder, checkpoints=checkpoints, pulse=pulse,
    )  # fmt: skip
