"""A whole training step as one CUDA graph: captured once, then replayed over the same memory.

A small network on a GPU waits for launches; a replay is one launch. The first steps are taken
as they are, on the stream that captures, as torch asks for; they count like all others. What a
step reads is copied into buffers that keep their place; what it leaves lies where it lay before.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from ablate.errors import ConfigError
from ablate.losses.total import FusionLoss
from ablate.settings.train import TrainSettings
from ablate.training.trainable import StepOutput

WARM_UP = 3  # steps before a capture
Step = Callable[[Tensor, Tensor], StepOutput]  # of infrared and visible; moves the weights


class Engine(Protocol):
    """Captures and replays steps: CUDA, or in tests something that only behaves like it."""

    def aside(self, work: Callable[[], StepOutput]) -> StepOutput:
        """Do the work on the stream that will capture, and return its output."""

    def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
        """Return a function that does the work again, into the same memory; nothing is done yet."""


def engine_of(train: TrainSettings, device: torch.device) -> Engine | None:
    """Return the engine that captures the steps of a training; None where kernels are launched.

    Args:
        train: Its `graph` is "never", "always", or "auto": on CUDA; several stages
            are never captured.
        device: Where the model lies.

    Raises:
        ConfigError: A graph was asked for where there is no CUDA.
    """
    wanted = train.graph
    if wanted not in ("never", "auto", "always"):
        raise ConfigError(f"train.graph: must be never, auto or always, got {wanted!r}")
    if wanted == "always" and device.type != "cuda":
        raise ConfigError(
            f"train.graph: always needs train.device=cuda, got {device.type}; use auto or never"
        )
    several = len(train.stages or ()) > 1  # each has a step of its own
    is_launched = wanted == "never" or device.type != "cuda" or several
    return None if is_launched else CudaEngine(device)


class Replayed:
    """A step whose first calls are launched kernel by kernel, and all later ones replayed.

    When the loss begins or ends to compute a term other kernels are needed: it starts over.

    Args:
        step: Captured; reads its arguments and the state of model and optimiser alone.
        loss: The one that `step` minimises.
        engine: Captures and replays.
        device: Where the buffers lie.
    """

    def __init__(
        self, step: Step, *, loss: FusionLoss, engine: Engine, device: torch.device
    ) -> None:
        self._step, self._loss, self._engine, self._device = step, loss, engine, device
        self._buffers: tuple[Tensor, Tensor] | None = None
        self._branch: tuple[bool, ...] | None = None
        self._left = WARM_UP
        self._replay: Callable[[], StepOutput] | None = None

    def __call__(self, infrared: Tensor, visible: Tensor) -> StepOutput:
        """Return the output of the step; the next replay overwrites it."""
        buffers = self._fill(infrared, visible)
        if self._branch != self._loss.computed:
            self._branch, self._left, self._replay = self._loss.computed, WARM_UP, None
        if self._left:
            self._left -= 1
            return self._engine.aside(lambda: self._step(*buffers))
        if self._replay is None:
            self._loss.forget()  # else kept targets would not be part of the graph
            self._replay = self._engine.captured(lambda: self._step(*buffers))
            self._loss.forget()  # those of the capture lie in the graph's own memory
        output = self._replay()
        self._loss.last_terms = dict(output.terms)
        return output

    def _fill(self, infrared: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        if self._buffers is None:
            self._buffers = (
                torch.empty_like(infrared, device=self._device),
                torch.empty_like(visible, device=self._device),
            )
        for buffer, image in zip(self._buffers, (infrared, visible), strict=True):
            assert buffer.shape == image.shape  # every batch of a run has one shape
            buffer.copy_(image, non_blocking=True)
        return self._buffers


class CudaEngine:
    """CUDA's own graphs on a stream beside the current one."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # of torch

    def aside(self, work: Callable[[], StepOutput]) -> StepOutput:
        """Do the work on the stream that will capture, and return its output."""
        with torch.cuda.device(self._device):
            current = torch.cuda.current_stream()
            self._stream.wait_stream(current)
            with torch.cuda.stream(self._stream):
                output = work()
            current.wait_stream(self._stream)
        return output

    def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
        """Return a function that replays the work; nothing is done yet."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self._device):
            torch.cuda.synchronize()
            with torch.cuda.graph(
                graph, stream=self._stream, capture_error_mode="thread_local"
            ):  # other threads may go on
                output = work()

        def replay() -> StepOutput:
            with torch.cuda.device(self._device):
                graph.replay()
            return output

        return replay
