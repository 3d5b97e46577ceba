from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ablate import losses
from ablate.training.spec import RunSpec

SETTINGS: dict[str, dict[str, Any]] = {
    "data": {
        "name": "synthetic",
        "crop": 32,
        "pairs": {"train": 2, "val": 1, "test": 2},
        "size": [48, 48],
        "seed": 0,
    },
    "model": {"name": "densefuse", "width": 2},
    "loss": dict(losses.canonical({"levels": 2})),
    "train": {
        "steps": 6,
        "batch_size": 1,
        "learning_rate": 1e-3,
        "precision": "fp32",
        "device": "cpu",
        "gallery": 1,
    },
    "metrics": {"protocol": "cddfuse-py", "names": ["qabf", "mi"]},
}


class Listener:
    """Keeps every event; says stop at the rungs named."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.seen: list[tuple[str, int]] = []
        self.losses: list[float] = []
        self.reports: dict[int, float] = {}

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        self.seen += [(name, step) for name in values]
        if "train/loss" in values:
            self.losses.append(values["train/loss"])

    def image(self, name: str, path: Path, *, step: int) -> None:
        assert path.exists()
        self.seen.append((name, step))

    def report(self, value: float, *, step: int) -> bool:
        self.reports[step] = value
        return step == self.stop_at


@pytest.fixture
def spec() -> Callable[..., RunSpec]:
    """Return a maker of small runs; `train={...}` and the like change single settings."""

    def make(*, seed: int = 0, rungs: tuple[int, ...] = (), **changes: Any) -> RunSpec:
        fields = {key: changes.pop(key) for key in ("scores_test",) if key in changes}
        settings = {name: {**part, **changes.get(name, {})} for name, part in SETTINGS.items()}
        return RunSpec(
            run_id="r",
            arm_id="a",
            study="s",
            phase="p",
            trial=0,
            seed=seed,
            name="n",
            settings=settings,
            rungs=rungs,
            **fields,
        )

    return make
