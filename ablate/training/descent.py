"""The steps of every fusion: descend its loss, record it, picture it now and then."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ablate import losses
from ablate.losses.total import FusionLoss
from ablate.models.contract import FusionNetwork
from ablate.settings.stages import FUSION, Stage
from ablate.stats.health import Health
from ablate.training.course import RECORDS, is_recorded, record, walk
from ablate.training.graph import Replayed, engine_of
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import Scored
from ablate.training.step import Step, fusion_step, objective_step
from ablate.training.watching import moments

if TYPE_CHECKING:
    from ablate.training.tasks.run import Run

RARER = 10  # of so many recorded steps one has the loss diagnosed


def descend(
    run: "Run",
    optimisation: Optimisation,
    loss: FusionLoss,
    *,
    batch: Callable[[int], tuple[Tensor, Tensor]],
    score_val: Callable[[], Scored],
    examine_some: Callable[[], Health],
    calibrate: Callable[[FusionLoss], Any] = lambda loss: None,
    scale: float = 1.0,
    look: Callable[[int], None] | None = None,
) -> float:
    """Take all steps, see `course.walk`; return seconds per step.

    Args:
        run: The run, its device and its listeners.
        optimisation: Of the network, already initialised.
        loss: Called with infrared=, visible= and fused=.
        batch: Takes the number of a step, from 1, and returns (infrared, visible).
        score_val: Returns the rows of val and their health, for the rungs.
        examine_some: Returns the health of a few val images.
        calibrate: Measures the constants of the loss of a stage that has its own.
        scale: Factor of the loss that is descended; records show the loss without it.
        look: Called with the step at the few moments when the run is pictured.

    Raises:
        ConfigError: The settings ask for a graph where there is none, or for an objective that the
            network does not have.
        DivergedError: The loss left the numbers.
        PrunedError: The recorder said stop at a rung.
        LeaveError: The worker is to go; the state is saved.
    """
    steps, device = optimisation.steps, run.device
    engine = engine_of(run.train, device)
    every = max(1, steps // RECORDS)
    pictured = moments(steps) if look else frozenset()
    made: dict[int, tuple[FusionLoss, Step]] = {}

    def of_stage(stage: Stage) -> tuple[FusionLoss, Step]:
        """Return the loss and the step of a stage, made when it begins."""
        if stage.first not in made:
            criterion, take = _of_stage(stage, run, optimisation, loss, calibrate, scale=scale)
            if engine is not None and stage.objective == FUSION:
                take = Replayed(take, loss=criterion, engine=engine, device=device)
            made[stage.first] = criterion, take
        return made[stage.first]

    def take_and_record(step: int) -> None:
        if look and step == 1:
            look(0)
        stage = optimisation.begin(step)
        criterion, take = of_stage(stage)
        criterion.at_step(step)
        infrared, visible = (image.to(device) for image in batch(step))
        taken = take(infrared, visible)
        optimisation.end()
        if is_recorded(step, steps):
            terms = dict(taken.terms)
            if stage.objective == FUSION:
                if step % (every * RARER) == 0 or step == steps:
                    criterion.diagnose(infrared=infrared, visible=visible, fused=taken.fused)
                terms = dict(criterion.last_terms)
            numbers = {name: float(term) for name, term in terms.items()}
            record(run.recorder, float(taken.value), numbers, step=step)
        if look and step in pictured:
            look(step)

    return walk(
        run,
        take_and_record,
        optimisation=optimisation,
        score_val=score_val,
        examine_some=examine_some,
    )


def _of_stage(
    stage: Stage,
    run: "Run",
    optimisation: Optimisation,
    loss: FusionLoss,
    calibrate: Callable[[FusionLoss], Any],
    *,
    scale: float,
) -> tuple[FusionLoss, Step]:
    """Return the loss of a stage and its step."""
    if stage.loss:
        section = losses.canonical({**losses.ABSENT, **run.spec.settings["loss"], **stage.loss})
        loss = losses.build(section).to(run.device)
        calibrate(loss)
    if stage.objective == FUSION:
        return loss, fusion_step(optimisation, loss, device=run.device, scale=scale)
    assert isinstance(optimisation.model, FusionNetwork)  # `Optimisation` saw to it
    objective = optimisation.model.objectives()[stage.objective]
    return loss, objective_step(optimisation, objective, loss, device=run.device)
