"""What training tells the outside world, and the smallest listener."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Recorder(Protocol):
    """Receives the events of one run; must return quickly and never raise for a slow tracker."""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Take values of one step, for example {"train/loss": 0.1}."""

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Take a PNG file that lies in the run's folder, for example name "fused/00004N"."""

    def report(self, value: float, *, step: int) -> bool:
        """Report the objective at a rung; True means that the run should stop (pruned)."""


class NullRecorder:
    """Forgets everything and never stops a run."""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Forget the values."""

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Forget the image."""

    def report(self, value: float, *, step: int) -> bool:
        """Return False: nothing is pruned."""
        return False
