"""Runs of stand-ins: small pairs, and a folder like that of a store."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ablate.config.defaults import trial_defaults
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.spec import RunResult, RunSpec

PAIRS = {
    "name": "synthetic",
    "crop": 32,
    "size": [24, 24],
    "pairs": {"train": 2, "val": 1, "test": 2},
}
Make = Callable[..., RunResult]


class Kept(NullRecorder):
    """Keeps what it is given; stops a run at a rung where it is told to.

    Args:
        stops: Whether a run is pruned at its first rung.
        leave: Set at the second point of a curve.
    """

    def __init__(self, *, stops: bool = False, leave: Event | None = None) -> None:
        self.leave = leave
        self.points: list[tuple[int, dict[str, float]]] = []
        self.reports: dict[int, float] = {}
        self.stops = stops

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        self.points.append((step, dict(values)))
        if self.leave is not None and len(self.points) == 2:
            self.leave.set()

    def report(self, value: float, *, step: int) -> bool:
        self.reports[step] = value
        return self.stops


def spec_of(task: Mapping[str, Any], *, seed: int = 1, **more: Any) -> RunSpec:
    metrics = {"names": ["qabf", "en"], "protocol": "cddfuse-py"}
    steps = {**trial_defaults()["train"], "steps": 3, "gallery": 2}
    return RunSpec(
        run_id="r",
        arm_id="a",
        study="s",
        phase="p",
        trial=0,
        seed=seed,
        name="n",
        settings={"task": dict(task), "data": PAIRS, "train": steps, "metrics": metrics},
        **more,
    )


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes a run of a section `task` in a folder of a store."""
    monkeypatch.chdir(tmp_path)

    def made(task: Mapping[str, Any], *, name: str = "r", **more: Any) -> RunResult:
        folder = tmp_path / "store" / "study" / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        given = {key: more.pop(key) for key in ("leave", "heartbeat") if key in more}
        recorder = more.pop("recorder", NullRecorder())
        return train(spec_of(task, **more), recorder, folder=folder, **given)

    return made
