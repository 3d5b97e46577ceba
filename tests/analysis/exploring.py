"""Explorations with known truth: points that fill the space, and scores that follow a formula."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import qmc

from ablate.analysis.dimensions import Varied
from ablate.analysis.published import StudyFacts
from tests.analysis import written

Floats = npt.NDArray[np.float64]


def spread(count: int, width: int, seed: int) -> Floats:
    return np.asarray(qmc.Sobol(width, rng=seed).random(count), dtype=np.float64)


def plain(columns: Floats) -> tuple[pd.DataFrame, list[Varied]]:
    """Return trials and dimensions x0, x1, ... of ranges from 0 to 1."""
    names = [f"x{at}" for at in range(columns.shape[1])]
    return pd.DataFrame(columns, columns=names), [Varied(name=n, column=n) for n in names]


def study(
    score: Callable[[str, float, float], float],
    *,
    trials: int = 32,
    searched: int = 0,
    seeds: int = 1,
    seed: int = 0,
    noise: float = 0.0,
    **facts: Any,
) -> tuple[StudyFacts, pd.DataFrame]:
    """Return facts and runs of an exploration over a factor, a log nuisance and the dummy.

    Args:
        score: Of the factor's value, the nuisance's place in its range and the dummy.
        trials: Of the exploration.
        searched: Adaptive trials, all at the best settings.
        seeds: Runs per trial.
        seed: Of points and noise.
        noise: Standard deviation.
        facts: Replace published facts.
    """
    random = np.random.default_rng(seed)
    rows = []

    def add(phase: str, trial: int, value: str, place: float, dummy: float | None) -> None:
        for repeat in range(seeds):
            rows.append(
                {
                    "run_id": f"{phase}{trial}s{repeat}",
                    "phase": phase,
                    "trial": trial,
                    "seed": repeat,
                    "state": "finished",
                    "factor.variant": value,
                    "nuisance.rate": 0.001 * 100**place,
                    "dummy": dummy,
                    "val/qabf": score(value, place, dummy or 0.0) + noise * random.normal(),
                }
            )

    for trial, (where, place, dummy) in enumerate(spread(trials, 3, seed)):
        add("explore", trial, "ab"[int(2 * where)], float(place), float(dummy))
    for trial in range(searched):
        add("hunt", trials + trial, "a", 0.5, None)
    known = {
        "phases": {"explore": {"design": "sobol"}, "hunt": {"design": "search"}},
        "questions": [
            {
                "id": "q",
                "factor": "variant",
                "baseline": "a",
                "trend": None,
                "arms": [["a", "1"], ["b", "2"]],
            }
        ],
        "nuisance": [{"name": "rate", "low": 0.001, "high": 0.1, "is_log": True}],
        "objective": "val/qabf",
        "primary": ["qabf"],
    }
    return written.study({**known, **facts}), pd.DataFrame(rows)
