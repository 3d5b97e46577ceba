"""One run in the hands of a task: seeds, batches, and a descent with everything around it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.identity import JsonValue, derive_seed
from ablate.models.contract import parameter_count
from ablate.settings.train import TrainSettings
from ablate.training.checkpoints import Checkpoints
from ablate.training.course import is_recorded, record, walk
from ablate.training.determinism import layout_of, precision
from ablate.training.initialisation import initialise
from ablate.training.optimisation import Optimisation
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.scoring import Row, Scored, evaluating, means
from ablate.training.spec import RunSpec

if TYPE_CHECKING:
    from ablate.training.tasks.contract import Measure, Trained

Score = Callable[[tuple[str, ...]], Mapping[str, Sequence[float] | Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that a task needs to train one run.

    `examples` are split as this run has them; `device` is train.device.
    """

    spec: RunSpec
    examples: Any
    measures: "Mapping[str, Measure]"
    recorder: Recorder
    folder: Path
    checkpoints: Checkpoints
    device: torch.device
    pulse: Pulse

    @property
    def train(self) -> Mapping[str, Any]:
        """Return the settings of the section `train`: steps, batch_size, learning_rate, ..."""
        section: Mapping[str, Any] = self.spec.settings["train"]
        return section

    @property
    def splits(self) -> tuple[str, ...]:
        """Return the splits that this run is scored on: a search never sees test."""
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
        return tuple(names[i] for i in random.integers(len(names), size=self.train["batch_size"]))

    def descend(
        self, model: nn.Module, *, loss: Callable[[int], Tensor], score: Score
    ) -> "Trained":
        """Return the run, trained by the recipe of the section `train`.

        The weights of convolutions and linear layers are drawn anew from the run's seed. The run
        goes on from its last checkpoint where there is one and then gives the same numbers;
        the loss is recorded, val is scored at every rung, where the run may be pruned, and val and
        test at the end. `model` is in training mode for `loss` and in evaluation mode, without
        gradients, for `score`.

        Args:
            model: Moved to `device`.
            loss: Takes the number of a step, from 1, and returns its loss, a scalar.
            score: Takes names of items and returns, per metric, one value for each; NaN where a
                metric has none.

        Raises:
            DivergedError: The loss left the numbers.
            PrunedError: The run was told to stop at a rung.
            LeaveError: The worker is to go; the state is saved.
            ConfigError: `score` returned what the task does not declare, or a graph is asked for.
        """
        if self.train.get("graph") == "always":
            raise ConfigError(
                "train.graph: always: only the task fusion has a graph; use auto or never"
            )
        steps = int(self.train["steps"])
        initialise(model, seed=self.seed("weights"))
        layout = layout_of(self.train.get("layout", "nchw"))
        model.to(self.device, memory_format=layout).train()  # type: ignore[call-overload]  # as in loop
        optimisation = Optimisation(model, TrainSettings.of(self.train))

        def take(step: int) -> None:
            optimisation.begin(step)
            with precision(self.train["precision"], self.device):
                value = loss(step)
            optimisation.descend(value.float())
            optimisation.end()
            if is_recorded(step, steps):
                record(self.recorder, float(value.detach()), {}, step=step)

        def scored(split: str) -> list[Row]:
            with optimisation.averaged_in(model), evaluating(model):
                return self.rows(split, score(self.examples.stems(split)))

        seconds = walk(
            self, take, optimisation=optimisation, score_val=lambda: Scored(rows=scored("val"))
        )
        rows = [row for split in self.splits for row in scored(split)]
        return self.ended(
            rows, seconds_per_step=round(seconds, 5), parameters=parameter_count(model)
        )

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
        self.pulse.beat()
        return [
            (split, item, name, value if math.isfinite(value) else None)
            for name, found in plain.items()
            for item, value in zip(names, found, strict=True)
        ]

    def ended(self, rows: Sequence[Row], **facts: JsonValue) -> "Trained":
        """Return the rows with their means, which are recorded; for a training without `descend`.

        Args:
            rows: Of every split in `splits`, see `rows`.
            facts: Kept with the result, for example seconds_per_step.
        """
        from ablate.training.tasks.contract import Trained

        values = means(rows)
        self.recorder.metrics(values, step=int(self.train["steps"]))
        return Trained(
            rows=tuple(rows), values=values, facts={"steps": int(self.train["steps"]), **facts}
        )
