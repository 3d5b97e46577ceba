"""The pulse of a run: how far its training is, told by the training itself.

There is no thread that beats on its own: a step that hangs tells nothing, so whoever listens sees
the silence. Only the monotonic clock is read; setting the date changes nothing.
"""

import math
import time
from collections.abc import Callable

Tell = Callable[[int, float], None]  # (last step, seconds of the slowest step so far)


class Pulse:
    """Tells of progress, at most every `every_s` seconds.

    Args:
        tell: Receives the number of the last step and the seconds of the slowest step so far.
        every_s: Least time between two tellings.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self,
        tell: Tell = lambda step, slowest_s: None,
        *,
        every_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._every_s, self._clock = tell, every_s, clock
        self._told = -math.inf
        self._at_step: float | None = None  # when the last step ended; None behind other work
        self._step = 0
        self._slowest_s = 0.0

    def beat(self, step: int | None = None) -> None:
        """Say that there was progress: a step has ended, or an image was scored."""
        now = self._clock()
        if step is not None:
            if self._at_step is not None:
                self._slowest_s = max(self._slowest_s, now - self._at_step)
            self._step = step
        self._at_step = None if step is None else now
        if now - self._told >= self._every_s:
            self._told = now
            self._tell(self._step, self._slowest_s)
