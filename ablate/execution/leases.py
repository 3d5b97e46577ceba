"""How long a worker may be silent before it counts as hung.

A lease is generous, since a killed worker costs the steps behind its last checkpoint: `lease_s`
seconds without progress, and never fewer than ten times the slowest step that the run has shown.
Until the first step of a run it may take two minutes: importing and decoding tell nothing.
"""

import time
from collections.abc import Callable

LEASE_S = 600.0
FIRST_STEP_S = 120.0
SLOWEST_STEPS = 10.0
LONGEST_LOOK_S = 5.0


class Lease:
    """The silence of one worker, measured by whoever looks at it.

    What counts is the time between two looks, each at most five seconds: a driver that was stopped
    or waited for a database kills nobody for what it did not watch. The clock is monotonic; should
    it go back all the same, no time has passed.

    Args:
        lease_s: Seconds without progress.
        clock: Returns seconds.
    """

    def __init__(
        self, lease_s: float = LEASE_S, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lease_s, self._clock = lease_s, clock
        self._looked = clock()
        self._silent_s = 0.0
        self._slowest_s: float | None = None  # None before the first step
        self.step = 0

    @property
    def limit_s(self) -> float:
        """Return the silence that ends the lease."""
        if self._slowest_s is None:
            return max(self._lease_s, FIRST_STEP_S)
        return max(self._lease_s, SLOWEST_STEPS * self._slowest_s)

    def heard(self, *, step: int, slowest_s: float) -> None:
        """Take a word of the worker: there was progress."""
        self.step, self._slowest_s = step, slowest_s
        self.renew()

    def renew(self) -> None:
        """Start the silence anew: the worker waited for an answer."""
        self._looked, self._silent_s = self._clock(), 0.0

    def is_over(self) -> bool:
        """Return whether the worker has been silent for too long; call it often."""
        now = self._clock()
        self._silent_s += min(max(0.0, now - self._looked), LONGEST_LOOK_S)
        self._looked = now
        return self._silent_s > self.limit_s
