"""Trainings that fuse: the loss of a batch of pairs, and a network that learns it on crops."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ablate import losses
from ablate.data.pairs import Pair, PairSet
from ablate.data.sampling import CropSampler
from ablate.errors import DivergedError
from ablate.identity import derive_seed
from ablate.losses.total import FusionLoss
from ablate.models.contract import Fused, FusionNetwork
from ablate.settings.stages import FUSION, Stage
from ablate.stats.health import Health
from ablate.training.checkpoints import write_weights
from ablate.training.determinism import laid_out, layout_of, precision
from ablate.training.graph import Replayed, engine_of
from ablate.training.initialisation import initialise, start
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import FEW, Scored, fuse_all, health_of, save_png, score
from ablate.training.trainable import StepOutput, Trainable, steps_per_record
from ablate.training.watching import look, middle, moments

if TYPE_CHECKING:
    from ablate.training.run import Run

RECORDS_PER_DIAGNOSIS = 10
CALIBRATION_CROPS = 16


def fusion_output(
    optimisation: Optimisation, loss: FusionLoss, infrared: Tensor, visible: Tensor
) -> StepOutput:
    """Fuse a batch and compute its loss.

    Args:
        optimisation: Its model is called with infrared= and visible=, in the precision of its
            recipe.
        loss: Called with infrared=, visible= and fused=, always in at least float32.
        infrared: (batch, 1, height, width) in [0, 1], on the model's device.
        visible: Same shape.
    """
    with precision(optimisation.train.precision, infrared.device):
        model = optimisation.model
        if isinstance(model, FusionNetwork) and model.features:
            found = model.with_features(infrared=infrared, visible=visible)
        else:
            found = Fused(image=model(infrared=infrared, visible=visible), features={})
    fused, features = found.image, found.features
    value = loss(
        infrared=infrared,
        visible=visible,
        fused=_at_least_float32(fused),
        features={name: _at_least_float32(each) for name, each in features.items()},
    )
    return StepOutput(
        loss=value,
        value=value.detach(),
        terms=dict(loss.last_terms),
        fused=fused.detach().float(),
        features={name: each.detach() for name, each in features.items()},
    )


def objective_output(
    optimisation: Optimisation, name: str, loss: FusionLoss, infrared: Tensor, visible: Tensor
) -> StepOutput:
    """Compute an objective of the network's own: the sum of its weighted terms.

    Args:
        optimisation: Its model has the objective.
        name: Of the objective, see `FusionNetwork.objectives`.
        loss: The study's, for objectives that have it among their terms.
        infrared: (batch, 1, height, width) in [0, 1], on the model's device.
        visible: Same shape.
    """
    assert isinstance(optimisation.model, FusionNetwork)  # `Optimisation` has checked it
    objective, device = optimisation.model.objectives()[name], infrared.device

    def in_float32(**images: Tensor) -> Tensor:
        with torch.autocast(device.type, enabled=False):
            value: Tensor = loss(**{k: _at_least_float32(v) for k, v in images.items()})
        return value

    with precision(optimisation.train.precision, device):
        terms = objective(infrared=infrared, visible=visible, loss=in_float32)
    value = torch.stack([_at_least_float32(term) for term in terms.values()]).sum()
    return StepOutput(
        loss=value,
        value=value.detach(),
        terms={name: term.detach() for name, term in terms.items()},
    )


def _at_least_float32(values: Tensor) -> Tensor:
    return values if values.dtype is torch.float64 else values.float()


def calibrate(
    loss: FusionLoss, pairs: PairSet, *, crop_px: int, device: torch.device
) -> dict[str, float]:
    """Measure the constants of a loss on crops of train that no seed or arm changes.

    Args:
        loss: Left alone where it needs none.
        pairs: The study's data.
        crop_px: Side of a crop; the constants belong to it.
        device: Where the loss lives.

    Raises:
        ConfigError: The images are flat.
    """
    if not loss.needs_calibration:
        return {}
    sampler = CropSampler(
        pairs.pairs("train"),
        crop=crop_px,
        batch_size=CALIBRATION_CROPS,
        seed=derive_seed("calibration"),
    )
    infrared, visible = (images.to(device) for images in sampler.batch(0))
    return loss.calibrate(infrared=infrared, visible=visible)


class FusionTraining(Trainable):
    """The training of a model that fuses: the stages of its recipe, each with a loss.

    Args:
        run: Its examples are a `PairSet`.
        model: With the weights that it starts from, on the run's device.
        loss: Of the study; a stage may have another one.
    """

    def __init__(self, run: "Run", model: nn.Module, loss: FusionLoss) -> None:
        assert isinstance(run.examples, PairSet)
        self.run, self.pairs = run, run.examples
        recipe = run.recipe
        self.optimisation = Optimisation(
            model,
            recipe,
            is_captured=recipe.graph != "never" and run.device.type == "cuda",
            beside=loss.learned,
        )
        self.crop_px: int = run.spec.settings["data"]["crop"]
        self._of_study = self._loss = loss
        for name, opponent in loss.opponents.items():
            initialise(opponent, seed=run.seed(f"opponent {name}"))
        self._stage: Stage | None = None
        self._engine = None if loss.opponents else engine_of(recipe, run.device)
        self._pictured: frozenset[int] = frozenset()

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return infrared and visible images of a step, (batch, 1, height, width)."""
        raise NotImplementedError

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the images of a step on the run's device; enter its stage first."""
        stage = self.optimisation.stage_at(step)
        if stage is not self._stage:
            self._enter(stage)
        self._loss.at_step(step)
        infrared, visible = self.images(step)
        return infrared.to(self.run.device), visible.to(self.run.device)

    def _enter(self, stage: Stage) -> None:
        device = self.run.device
        self._stage, self._loss, self.graph = stage, self._of_study, None
        if stage.loss:
            section = {**self.run.spec.in_places["loss"], **stage.loss}
            self._loss = losses.FusionLoss(losses.typed(section)).to(device)
            calibrate(self._loss, self.pairs, crop_px=self.crop_px, device=device)
        if self._engine is not None and stage.objective == FUSION:
            self.graph = Replayed(
                self._whole_step, loss=self._loss, engine=self._engine, device=device
            )

    def forward(self, *batch: Tensor) -> StepOutput:
        """Return the loss of infrared and visible images, or the objective of the stage."""
        assert self._stage is not None
        if self._stage.objective == FUSION:
            return fusion_output(self.optimisation, self._loss, *batch)
        return objective_output(self.optimisation, self._stage.objective, self._loss, *batch)

    def _whole_step(self, infrared: Tensor, visible: Tensor) -> StepOutput:
        output = self.forward(infrared, visible)
        self.optimisation.step(output.loss)
        return replace(output, loss=output.value)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs: also what learns against the network."""
        opponents = {name: one.state() for name, one in self._of_study.opponents.items()}
        return super().state() | ({"opponents": opponents} if opponents else {})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        super().restore(state)
        for name, one in self._of_study.opponents.items():
            one.restore(state["opponents"][name])

    def terms(
        self, output: StepOutput, batch: tuple[Tensor, ...], *, step: int
    ) -> dict[str, Tensor]:
        """Return the terms of the loss, and now and then its diagnosis."""
        if output.fused is None:  # an objective of the network's own
            return dict(output.terms)
        steps = self.optimisation.steps
        if step == steps or step % (steps_per_record(steps) * RECORDS_PER_DIAGNOSIS) == 0:
            infrared, visible = batch
            self._loss.diagnose(
                infrared=infrared, visible=visible, fused=output.fused, features=output.features
            )
        return dict(self._loss.last_terms)

    def scored(self, split: str, pairs: Sequence[Pair], images: Sequence[Tensor]) -> Scored:
        """Score the fused images of pairs, (1, 1, height, width) each."""
        metrics = self.run.spec.settings["metrics"]
        rows = score(
            pairs,
            images,
            split=split,
            names=metrics["names"],
            protocol=metrics["protocol"],
            tick=self.run.heartbeat.beat,
            cache=self.pairs.cache,
        )
        return Scored(rows=rows, health=health_of(pairs, images))

    def save(self) -> None:
        """Write what the run keeps after its last step: pictures, and the weights of a network."""
        raise NotImplementedError

    def show(self, pair: Pair, image: Tensor, *, is_recorded: bool = True) -> None:
        """Write a fused image as fused/NAME.png, and record it."""
        path = save_png(image, self.run.folder / "fused" / f"{pair.stem}.png")
        if is_recorded:
            self.run.recorder.image(f"fused/{pair.stem}", path, step=self.optimisation.steps)


class NetworkTraining(FusionTraining):
    """A network that learns on random crops of train and fuses whole images of val and test.

    Args:
        run: The run.
        model: Its weights are drawn from the run's seed, or read where its recipe names some.
        loss: Of the study.
    """

    def __init__(self, run: "Run", model: nn.Module, loss: FusionLoss) -> None:
        recipe = run.recipe
        start(
            model,
            seed=run.seed("weights"),
            settings=run.spec.in_places["model"],
            initial=recipe.initial_weights,
            folder=run.folder,
        )
        self._layout = layout_of(recipe.layout, model)
        model.to(run.device, memory_format=self._layout)  # type: ignore[call-overload]  # torch's stub lacks it
        super().__init__(run, model, loss)
        self._sampler = CropSampler(
            self.pairs.pairs("train"),
            crop=self.crop_px,
            batch_size=recipe.batch_size,
            seed=run.seed("crops"),
            augment=recipe.augment,
        )
        self._shown_split = run.splits[-1]
        self._shown = self.pairs.pairs(self._shown_split)[: recipe.gallery]
        self._last: dict[str, list[Tensor]] = {}  # fused images to show, by split
        if self._shown:
            self._pictured = moments(self.optimisation.steps)

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the crops of a step."""
        infrared, visible = self._sampler.batch(step - 1)
        return laid_out(infrared, self._layout), laid_out(visible, self._layout)

    def score(self, split: str) -> Scored:
        """Fuse and score all images of a split."""
        pairs = self.pairs.pairs(split)
        images = self._fused(pairs)
        self._last[split] = images[: len(self._shown)]
        return self.scored(split, pairs, images)

    def examine(self) -> Health:
        """Return the health of the first val images."""
        some = self.pairs.pairs("val")[:FEW]
        return health_of(some, self._fused(some))

    def picture(self, step: int) -> None:
        """Record the middle of the first image that is shown, at five moments of the training."""
        if step not in self._pictured:
            return
        pair, run = middle(self._shown[0], side=self.crop_px), self.run
        with contextlib.suppress(DivergedError):  # the loss, or the scoring, will raise it
            fused, names = self._fused([pair])[0], self.pairs.sources
            look(run.recorder, pair, fused, step=step, folder=run.folder, sources=names)

    def save(self) -> None:
        """Write the weights of a run that is scored on test or may be best, and its pictures."""
        if self.run.spec.scores_test or self.run.spec.keeps_weights:
            write_weights(self.optimisation.scored, self.run.folder)
        for pair, image in zip(self._shown, self._last[self._shown_split], strict=True):
            self.show(pair, image)

    def _fused(self, pairs: Sequence[Pair]) -> list[Tensor]:
        return fuse_all(
            self.optimisation.scored,
            pairs,
            device=self.run.device,
            arithmetic=self.optimisation.train.precision,
            layout=self._layout,
            tick=self.run.heartbeat.beat,
        )
