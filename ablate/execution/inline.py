"""Runs in the driver's own process, one after the other: for tests and debuggers."""

import functools
import logging
from pathlib import Path

from ablate.errors import ConfigError
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.worker import work
from ablate.settings.executor import InlineSettings
from ablate.training.spec import LOST, RunResult, RunSpec

logger = logging.getLogger(__name__)
FIX = "leave it out, or use executor=processes"


@EXECUTORS.register("inline", settings=InlineSettings)
class Inline:
    """No processes at all.

    A run that runs out of memory goes on once more, after this process has freed what it can.

    Args:
        decide: Says whether a run stops at a rung; the others are those of `InlineSettings`.

    Raises:
        ConfigError: More than one slot is asked for.
    """

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        if slots != 1:
            raise ConfigError(f"executor.slots: inline makes one run at a time, got {slots}; {FIX}")
        self.slots = 1
        self._decide = decide
        self._waiting: list[tuple[RunSpec, Path]] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Keep the run for the next poll."""
        self._waiting.append((spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Run what waits, however long it takes."""
        del timeout_s
        waiting, self._waiting = self._waiting, []
        return [self._run(spec, folder) for spec, folder in waiting]

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _run(self, spec: RunSpec, folder: Path) -> RunResult:
        ask = functools.partial(self._decide, spec)
        try:
            return work(spec, folder, ask=ask, retries_oom=True)
        except MemoryError as error:
            logger.warning("%s: out of memory (%s); it goes on once more", spec.name, error)
        from ablate.training.determinism import release

        release()
        return work(spec, folder, ask=ask, lost={LOST[-1]: 1})
