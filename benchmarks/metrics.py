"""Six metrics of a 640x480 image, against the same definitions in plain numpy and scipy.

Run: python -m benchmarks.metrics [--repeats N] [--out FOLDER]
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ablate.data.synthetic import scene
from ablate.metrics import NAMES, evaluate
from ablate.metrics.statistics import SourceStatistics
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate
from tests.reference import metrics as plain

ABOUT = (
    "EN, MI, VIF, SD, SCD and Qabf of one 640x480 image on one CPU thread; the denominator is the "
    "plain form in float64 (dense two-dimensional convolutions), of two generated scenes."
)
TOLERANCES = {  # of METRICS.md
    torch.float64: {"en": 1e-10, "mi": 1e-10, "scd": 1e-10, "qabf": 1e-10, "sd": 1e-8, "vif": 1e-7},
    torch.float32: {"en": 1e-6, "mi": 1e-6, "scd": 1e-5, "qabf": 1e-6, "sd": 1e-4, "vif": 5e-4},
}
GOALS = {
    (torch.float64, False): 9.0,
    (torch.float64, True): 14.0,
    (torch.float32, False): 14.0,
    (torch.float32, True): 25.0,
}
SIZE = (480, 640)


class Images(TypedDict):
    """A pair and its fused image, as `evaluate` takes them."""

    infrared: Tensor
    visible: Tensor
    fused: Tensor


def images() -> list[Images]:
    """Return a day and a night scene with their mean, on which some noise lies."""
    found = []
    for index, stem in enumerate(("bench000D", "bench001N")):
        pair = scene(stem, height=SIZE[0], width=SIZE[1], seed=0)
        noise = np.random.default_rng(index).normal(0, 3, SIZE)
        mean = (pair.infrared.astype(np.float64) + pair.visible) / 2 + noise
        fused = np.rint(mean).clip(0, 255).astype(np.uint8)
        found.append(
            Images(
                infrared=torch.tensor(pair.infrared)[None, None],
                visible=torch.tensor(pair.visible)[None, None],
                fused=torch.tensor(fused)[None, None],
            )
        )
    return found


def _planes(each: Images) -> list[npt.NDArray[np.uint8]]:
    """Return infrared, visible and fused as arrays."""
    return [plane[0, 0].numpy() for plane in (each["infrared"], each["visible"], each["fused"])]


def check(some: list[Images], *, dtype: torch.dtype) -> float:
    """Return the largest error over its tolerance; refuse one above 1."""
    worst = 0.0
    for each in some:
        values = evaluate(**each, dtype=dtype)
        for name, form in plain.SIX.items():
            wanted = form(*_planes(each))
            worst = max(worst, abs(values[name].item() - wanted) / TOLERANCES[dtype][name])
    if worst > 1:
        raise SystemExit(f"{dtype}: {worst:.2g} times the tolerance away from the plain form")
    return worst


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    some = images()
    planes = [_planes(each) for each in some]
    errors = {dtype: check(some, dtype=dtype) for dtype in TOLERANCES}

    with tempfile.TemporaryDirectory() as folder:
        statistics = SourceStatistics(Path(folder))

        def ours(dtype: torch.dtype, *, is_cached: bool) -> Callable[[], object]:
            kept = statistics if is_cached else None
            return lambda: [evaluate(**each, dtype=dtype, statistics=kept) for each in some]

        sides: dict[str, Callable[[], object]] = {
            "plain": lambda: [form(*each) for form in plain.SIX.values() for each in planes],
            **{str(key): ours(key[0], is_cached=key[1]) for key in GOALS},
        }
        seconds = alternate(sides, repeats=given.repeats or 7)
        apart: dict[str, Callable[[], object]] = {}
        for name, form in plain.SIX.items():
            apart[f"plain {name}"] = lambda form=form: [form(*each) for each in planes]  # type: ignore[misc]
            apart[name] = lambda name=name: [evaluate(**each, names=[name]) for each in some]  # type: ignore[misc]
        alone = alternate(apart, repeats=given.repeats or 5)

    rows = [
        row(
            f"six metrics, {str(dtype)[6:]}, sources {'kept' if is_cached else 'computed'}",
            unit="image",
            ours=seconds[str((dtype, is_cached))],
            peer=seconds["plain"],
            peer_name="numpy and scipy, float64",
            per=len(some),
            goal=goal,
            largest_error=errors[dtype],
        )
        for (dtype, is_cached), goal in GOALS.items()
    ]
    rows += [
        row(
            f"{name.upper()} alone, float64, sources computed",
            unit="image",
            ours=alone[name],
            peer=alone[f"plain {name}"],
            peer_name="numpy and scipy, float64",
            per=len(some),
        )
        for name in NAMES
    ]
    found = content(
        "metrics",
        about=ABOUT,
        rows=rows,
        load_before=load,
        notes=["largest_error is in units of the tolerance of that type"],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
