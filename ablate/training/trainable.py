"""What a task hands to the train loop: a model, its batches, its loss and its scores."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ablate.stats.health import Health
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import Scored

RECORDS = 100  # steps of a run whose loss is recorded, about


def steps_per_record(steps: int) -> int:
    """Return after how many steps the loss is recorded again, in a training of so many steps."""
    return max(1, steps // RECORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutput:
    """The outcome of one forward pass.

    Args:
        loss: The scalar that the optimiser minimises, in at least float32.
        value: The scalar that is recorded as train/loss, detached.
        terms: Parts of the loss by name, detached.
        fused: The fused batch, (batch, 1, height, width), detached; None where nothing is fused.
        features: What the network handed out beside it, detached.
    """

    loss: Tensor
    value: Tensor
    terms: Mapping[str, Tensor]
    fused: Tensor | None = None
    features: Mapping[str, Tensor] = field(default_factory=dict)


class Trainable(abc.ABC):
    """A model in training, as `ablate.training.loop.train_loop` sees it.

    At every step the loop calls `batch`, `forward` and `optimisation.step`, or `batch` and `graph`;
    then `terms` where the step is recorded, `picture`, and `score` at rungs. After the last step it
    calls `score` for every split of the run. What a step computes may depend on its number, the
    weights and torch's global generator alone: then a run that goes on from a checkpoint repeats
    the numbers of one that was never interrupted.

    Attributes:
        optimisation: The recipe of the model, which is initialised and on its device.
        graph: Takes a batch, does what `forward` and `optimisation.step` do, and returns a
            detached output; None where every kernel is launched by itself.
    """

    optimisation: Optimisation
    graph: Callable[..., StepOutput] | None = None

    @abc.abstractmethod
    def batch(self, step: int) -> tuple[Any, ...]:
        """Return the arguments of `forward` for a step, counted from 1."""

    @abc.abstractmethod
    def forward(self, *batch: Any) -> StepOutput:
        """Return the loss of a batch."""

    @abc.abstractmethod
    def score(self, split: str) -> Scored:
        """Return the metrics of every item of "val" or "test", and the health of fused images."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs, as tensors and numbers."""
        return self.optimisation.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.optimisation.restore(state)

    def terms(self, output: StepOutput, batch: tuple[Any, ...], *, step: int) -> Mapping[str, Any]:
        """Return the values of a step that are recorded as train/NAME, beside its loss."""
        del batch, step
        return output.terms

    def examine(self) -> Health | None:
        """Return the health of a few val images; None where a task fuses none."""
        return None

    def picture(self, step: int) -> None:
        """Record pictures of a step at the moments of the task's choice; 0 is before training."""
        del step
