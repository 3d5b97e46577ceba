"""Trials of a search as a table: healthy scores, last reports, and what is a grid."""

import itertools

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.searched import (
    best_first,
    grid_trials,
    searched_dimensions,
    searched_trials,
    values_of,
    with_reports,
)
from tests.analysis import written

PHASES = {"hunt": {"design": "search"}, "explore": {"design": "sobol"}}


def run(phase: str, trial: int, seed: int, **values: object) -> dict[str, object]:
    return {
        "run_id": f"{phase}{trial}s{seed}",
        "phase": phase,
        "trial": trial,
        "seed": seed,
        "state": "finished",
        "health": "healthy",
        **values,
    }


def test_a_score_is_the_mean_over_healthy_finished_seeds() -> None:
    runs = pd.DataFrame(
        [
            run("hunt", 1, 0, **{"val/mse": 0.2}),
            run("hunt", 1, 1, **{"val/mse": 0.4}),
            run("hunt", 2, 0, health="negative", **{"val/mse": 0.1}),
            run("hunt", 3, 0, state="pruned"),
            run("explore", 0, 0, **{"val/mse": 0.3}),
            run("pilot", 4, 0, **{"val/mse": 0.0}),
        ]
    )
    facts = written.study({"phases": PHASES, "objective": "val/mse"})
    trials = searched_trials(facts, runs)
    assert trials["trial"].tolist() == [0, 1, 2, 3]
    assert trials["is_adaptive"].tolist() == [False, True, True, True]
    assert trials["seeds"].tolist() == [1, 2, 0, 0]
    np.testing.assert_allclose(trials["score"], [0.3, 0.3, np.nan, np.nan])
    assert trials["sd"][1] == pytest.approx(0.1 * 2**0.5)
    assert best_first(trials.assign(score=[0.3, 0.2, np.nan, np.nan]), "val/mse")[
        "trial"
    ].tolist() == [
        1,
        0,
    ]


def test_a_stopped_trial_keeps_its_last_report_and_a_scored_one_has_none() -> None:
    runs = pd.DataFrame([run("hunt", 0, 0, **{"val/qabf": 0.5}), run("hunt", 1, 0, state="pruned")])
    facts = written.study({"phases": PHASES, "objective": "val/qabf"})
    curves = pd.DataFrame(
        [
            ("hunt0s0", "val/qabf", 10, 0.4),
            ("hunt1s0", "val/qabf", 20, 0.2),
            ("hunt1s0", "val/qabf", 10, 0.3),
            ("hunt1s0", "train/loss", 30, 9.0),
        ],
        columns=["run_id", "key", "step", "value"],
    )
    trials = with_reports(searched_trials(facts, runs), curves, "val/qabf")
    assert trials["reported"].fillna(-1).tolist() == [-1, 0.2]
    assert trials["stopped_at"].fillna(-1).tolist() == [-1, 20]


EVERY = list(itertools.product((0.1, 0.2), ("a", "b", "c")))
SPREAD = [(0.1 * at, "abc"[at % 3]) for at in range(6)]


@pytest.mark.parametrize(
    ("points", "is_grid"),
    [(EVERY, True), (EVERY[:5], True), (EVERY[::2], False), (SPREAD, False)],
)
def test_a_grid_is_through_half_of_its_combinations(
    points: list[tuple[float, str]], is_grid: bool
) -> None:
    runs = pd.DataFrame(
        [
            run("hunt", at, 0, **{"factor.x": x, "factor.name": name, "val/qabf": float(at)})
            for at, (x, name) in enumerate(points)
        ]
    )
    trials, dimensions = grid_trials(written.study({"phases": PHASES}), runs)
    if not is_grid:
        assert (len(trials), dimensions) == (0, [])
        return
    assert len(trials) == len(points)
    assert {one.name: values_of(trials, one) for one in dimensions} == {
        "x": [0.1, 0.2],
        "name": list(dict.fromkeys(name for _, name in points)),
    }


def test_the_control_is_no_dimension_of_a_search() -> None:
    runs = pd.DataFrame(
        [
            run(
                "explore", at, 0, dummy=at / 4, **{"nuisance.rate": 0.1 * at + 0.1, "val/qabf": 0.1}
            )
            for at in range(4)
        ]
    )
    facts = written.study({"phases": PHASES, "objective": "val/qabf"})
    trials = searched_trials(facts, runs)
    assert [one.name for one in searched_dimensions(facts, trials)] == ["rate"]
