"""The listeners of a training: a recorder of its events, and a heartbeat."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

Notify = Callable[[int, float], None]  # (last step, seconds of the slowest step so far)


class Recorder(Protocol):
    """Receives the events of one run; must return quickly and never raise for a slow tracker."""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Take values of one step, for example {"train/loss": 0.1}."""

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Take a PNG file that lies in the run's folder, for example name "fused/00004N"."""

    def report(self, value: float, *, step: int) -> bool:
        """Take the objective at a rung; True stops the run (it is pruned)."""


class NullRecorder:
    """Forgets everything and never stops a run."""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Forget the values."""

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Forget the image."""

    def report(self, value: float, *, step: int) -> bool:
        """Return False: nothing is pruned."""
        return False


class Heartbeat:
    """Notifies a listener of the progress of a run, at most every `every_s` seconds.

    The training itself beats, no thread beside it: a step that hangs sends nothing, so the
    listener sees the silence. Only the monotonic clock is read; setting the date changes nothing.

    Args:
        notify: Receives the number of the last step and the seconds of the slowest step so far.
        every_s: Least time between two notifications.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self,
        notify: Notify = lambda step, slowest_s: None,
        *,
        every_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notify, self._every_s, self._clock = notify, every_s, clock
        self._notified = -math.inf
        self._at_step: float | None = None  # when the last step ended; None behind other work
        self._step = 0
        self._slowest_s = 0.0

    def beat(self, step: int | None = None) -> None:
        """Note progress.

        Args:
            step: Of the training that has ended; None where an image was scored.
        """
        now = self._clock()
        if step is not None:
            if self._at_step is not None:
                self._slowest_s = max(self._slowest_s, now - self._at_step)
            self._step = step
        self._at_step = None if step is None else now
        if now - self._notified >= self._every_s:
            self._notified = now
            self._notify(self._step, self._slowest_s)
