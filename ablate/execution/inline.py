"""Runs in the driver's own process, one after the other: for tests and debuggers."""

import functools
from pathlib import Path

from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.worker import work
from ablate.training.spec import RunResult, RunSpec


@EXECUTORS.register("inline")
class Inline:
    """No processes at all; `slots` other than 1 are refused by having no effect."""

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        del slots
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
        return [
            work(spec, folder, ask=functools.partial(self._decide, spec))
            for spec, folder in waiting
        ]

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
