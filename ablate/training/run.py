"""One run as its task sees it: settings, seeds, batches, and the training of a plug-in's model."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.identity import JsonValue, derive_seed
from ablate.models.contract import parameter_count
from ablate.settings.train import TrainSettings
from ablate.training.checkpoints import Checkpoints
from ablate.training.determinism import layout_of, precision
from ablate.training.initialisation import initialise
from ablate.training.optimisation import Optimisation
from ablate.training.recorder import Heartbeat, Recorder
from ablate.training.scoring import Row, Scored, evaluating, means
from ablate.training.spec import RunSpec
from ablate.training.tasks.contract import Measure, Trained
from ablate.training.trainable import StepOutput, Trainable

Score = Callable[[tuple[str, ...]], Mapping[str, Sequence[float] | Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run in training: everything that a task needs for it.

    Args:
        spec: Settings, seed, rungs and names of the run.
        recipe: The section `train` of its settings.
        examples: The data, split as this run has them.
        measures: The metrics that the task declares.
        recorder: Receives what is recorded.
        folder: The run's own.
        checkpoints: Of the run.
        device: Where it is trained, train.device.
        heartbeat: Notified of progress.
    """

    spec: RunSpec
    recipe: TrainSettings
    examples: Any
    measures: Mapping[str, Measure]
    recorder: Recorder
    folder: Path
    checkpoints: Checkpoints
    device: torch.device
    heartbeat: Heartbeat

    @property
    def train(self) -> Mapping[str, Any]:
        """Settings of the section `train`: steps, batch_size, learning_rate, ..."""
        section: Mapping[str, Any] = self.spec.settings["train"]
        return section

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that this run is scored on: a search never sees test."""
        return ("val", "test") if self.spec.scores_test else ("val",)

    def seed(self, purpose: str) -> int:
        """Return a seed of this run, another one for every purpose."""
        return derive_seed(self.spec.seed, purpose)

    def batch(self, step: int) -> tuple[str, ...]:
        """Return the names of the train items of a step, drawn with replacement.

        They depend on the run's seed and the number of the step alone, not on the arm: arms of a
        block meet the same items.
        """
        names = self.examples.stems("train")
        random = np.random.default_rng([self.seed("batches"), step])
        return tuple(names[i] for i in random.integers(len(names), size=self.recipe.batch_size))

    def fit(self, model: nn.Module, *, loss: Callable[[int], Tensor], score: Score) -> Trained:
        """Train a model by the recipe of the section `train`, score it, and return its results.

        The weights of convolutions and linear layers are drawn anew from the run's seed. The run
        goes on from its last checkpoint where there is one and then gives the same numbers; the
        loss is recorded, val is scored at every rung, where the run may be pruned, and val and
        test at the end. `model` is in training mode for `loss`, and in evaluation mode without
        gradients for `score`.

        Args:
            model: Moved to `device`.
            loss: Takes the number of a step, from 1, and returns its loss, a scalar.
            score: Takes names of items and returns, per metric, one value for each; NaN where a
                metric has none.

        Raises:
            DivergedError: The loss is not finite.
            PrunedError: The run was stopped at a rung.
            LeaveError: The worker has to go; the state is saved.
            ConfigError: `score` returned what the task does not declare, or a graph is asked for.
        """
        from ablate.training.loop import train_loop  # which makes the run

        if self.recipe.graph == "always":
            raise ConfigError(
                "train.graph: always: only the task fusion has a graph; use auto or never"
            )
        trained = train_loop(self, _OfPlugin(self, model, loss=loss, score=score))
        return replace(trained, facts={**trained.facts, "parameters": parameter_count(model)})

    def rows(self, split: str, values: Mapping[str, Sequence[float] | Tensor]) -> list[Row]:
        """Return rows of a split from one value per item and metric.

        Args:
            split: "val" or "test".
            values: Per metric, values in the order of the split's names.

        Raises:
            ConfigError: A metric is not declared, is missing, or has not one value per item.
        """
        names = self.examples.stems(split)
        wanted = self.spec.settings["metrics"]["names"]
        faults = [
            f"score: {name!r} is not among the declared measures {', '.join(self.measures)}"
            for name in values
            if name not in self.measures
        ]
        faults += [
            f"score: {name!r} is missing; return it" for name in wanted if name not in values
        ]
        plain = {
            name: values[name].double().flatten().tolist()  # type: ignore[union-attr]
            if isinstance(values[name], Tensor)
            else [float(value) for value in values[name]]
            for name in wanted
            if name in values
        }
        faults += [
            f"score: {name!r} has {len(found)} values for {len(names)} items of {split}"
            for name, found in plain.items()
            if len(found) != len(names)
        ]
        if faults:
            raise ConfigError(*faults)
        self.heartbeat.beat()
        return [
            (split, item, name, value if math.isfinite(value) else None)
            for name, found in plain.items()
            for item, value in zip(names, found, strict=True)
        ]

    def ended(self, rows: Sequence[Row], **facts: JsonValue) -> Trained:
        """Record the means of the rows and return both; for a training without `fit`.

        Args:
            rows: Of every split in `splits`, see `rows`.
            facts: Kept with the result, for example seconds_per_step.
        """
        values, steps = means(rows), int(self.train["steps"])
        self.recorder.metrics(values, step=steps)
        return Trained(rows=tuple(rows), values=values, facts={"steps": steps, **facts})


class _OfPlugin(Trainable):
    """The training of a task that gives `Run.fit` a model, its loss and its scores."""

    def __init__(
        self, run: Run, model: nn.Module, *, loss: Callable[[int], Tensor], score: Score
    ) -> None:
        initialise(model, seed=run.seed("weights"))
        layout = layout_of(run.recipe.layout)
        model.to(run.device, memory_format=layout).train()  # type: ignore[call-overload]  # torch's stub lacks it
        self.optimisation = Optimisation(model, run.recipe)
        self._run, self._loss, self._score = run, loss, score

    def batch(self, step: int) -> tuple[int]:
        return (step,)

    def forward(self, *batch: int) -> StepOutput:
        with precision(self._run.recipe.precision, self._run.device):
            value = self._loss(*batch)
        return StepOutput(loss=value.float(), value=value.detach(), terms={})

    def score(self, split: str) -> Scored:
        run, model = self._run, self.optimisation.model
        with self.optimisation.averaged_in(model), evaluating(model):
            return Scored(rows=run.rows(split, self._score(run.examples.stems(split))))
