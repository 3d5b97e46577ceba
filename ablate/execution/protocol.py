"""What an executor is: it takes specs, runs them somewhere, and hands results back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from ablate.registry import Registry
from ablate.training.spec import RunResult, RunSpec

Decide = Callable[[RunSpec, Mapping[int, float]], bool]  # (spec, objective by rung) -> stop?


class Executor(Protocol):
    """Runs specs on `slots` places; keeps no state that the ledger would need."""

    slots: int

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Take one run; called only while fewer than `slots` are open."""

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return the runs that ended, waiting at most `timeout_s`; answers rung reports."""

    def close(self) -> None:
        """Stop every worker now; open runs are simply not finished."""


EXECUTORS: Registry[Callable[..., Executor]] = Registry("executor", package="ablate.execution")
