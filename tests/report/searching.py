"""Studies of searches and grids as a report reads them; nothing is trained."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.report.contents import Contents
from tests.analysis import written

RUNGS = (10, 20, 30)


def run(phase: str, trial: int, seed: int = 0, /, **values: Any) -> dict[str, Any]:
    """Return a row of the run table."""
    return {
        "run_id": f"{phase}{trial}s{seed}",
        "arm_id": f"{phase}{trial}",
        "arm": f"arm {trial}",
        "phase": phase,
        "trial": trial,
        "seed": seed,
        "state": "finished",
        "reason": "",
        "health": "healthy",
        **values,
    }


def contents_of(runs: Sequence[dict[str, Any]], curves: Any = (), **facts: Any) -> Contents:
    """Return a study of these runs; facts that are not named are those of any small study."""
    return Contents(
        facts=written.study(
            {"metrics": ["qabf", "vif"], "counts": {"train": 2, "val": 1, "test": 2}, **facts}
        ),
        runs=pd.DataFrame(list(runs)),
        curves=pd.DataFrame(list(curves), columns=["run_id", "key", "step", "value"]),
        images=pd.DataFrame(columns=["run_id", "split", "image", "metric", "value"]),
        trivial_baselines=pd.DataFrame(
            columns=["kind", "name", "split", "image", "metric", "value"]
        ),
        gallery={},
    )


def hunted(count: int = 12, *, pruned: int = 3, named: bool = False, **facts: Any) -> Contents:
    """Return a search over a rate, a weight and, where `named`, a name in the weight's place.

    The score rises with the logarithm of the rate, and a little with the weight; the last `pruned` trials were stopped
    at the first rung.
    """
    random = np.random.default_rng(0)
    runs, curves = [], []
    for trial in range(count):
        rate, weight = 10 ** random.uniform(-3, -1), random.uniform(0, 1)
        is_stopped = trial >= count - pruned
        score = 0.6 + 0.2 * (np.log10(rate) + 2) + (0.0 if named else 0.1 * weight)
        values: dict[str, Any] = {
            "factor.rate": str(rate),
            "factor.name" if named else "factor.weight": "abc"[trial % 3] if named else str(weight),
        }
        if is_stopped:
            values |= {"state": "pruned"}
        else:
            values |= {"val/qabf": score, "val/vif": 1 - score}
        runs.append(run("hunt", trial, **values))
        for step in RUNGS[:1] if is_stopped else RUNGS:
            curves.append((f"hunt{trial}s0", "val/qabf", step, score - 0.3 / step))
            curves.append((f"hunt{trial}s0", "train/loss", step, 1.0 / step))
    return contents_of(
        runs,
        curves,
        **{
            "phases": {"hunt": {"design": "search"}},
            "ranges": [{"name": "rate", "low": 0.001, "high": 0.1, "is_log": True}],
            **facts,
        },
    )


def crossed(seeds: int = 1) -> Contents:
    """Return a full factorial of a rate, a name and a whole number: score = 10 a + b + 0.1 c."""
    points = itertools.product((0.001, 0.01, 0.1), ("p", "q"), (1, 2))
    runs = [
        run(
            "grid",
            trial,
            seed,
            **{
                "factor.rate": str(rate),
                "factor.name": name,
                "factor.levels": str(levels),
                "val/qabf": 10 * rate + "pq".index(name) + 0.1 * levels,
            },
        )
        for trial, (rate, name, levels) in enumerate(points)
        for seed in range(seeds)
    ]
    return contents_of(runs, phases={"grid": {"design": "full_factorial"}})
