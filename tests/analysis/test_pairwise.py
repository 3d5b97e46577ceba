"""Interactions: planted ones are found, single effects are none, noise keeps its rate."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.dimensions import Varied
from ablate.analysis.pairwise import Pair, contrasts_of_contrasts, pairwise
from ablate.analysis.published import StudyFacts
from tests.analysis.exploring import plain, spread
from tests.analysis.written import study
from tests.present import present

STUDIES, MOST = 150, 17  # at a rate of 1 in 20 more than 17 happen in 1 of 1,000


def decided(rows: Sequence[Pair]) -> set[tuple[str, str]]:
    return {(row.first, row.second) for row in rows if row.is_decided}


def test_a_planted_product_is_found_with_its_variance_and_no_other_pair() -> None:
    columns = spread(64, 4, 1)
    trials, dimensions = plain(columns)
    product = (columns[:, 0] - 0.5) * (columns[:, 1] - 0.5)
    noise = 0.05 * np.random.default_rng(0).normal(size=64)
    rows = pairwise(trials, dimensions, 3 * columns[:, 2] + 4 * product + noise)
    assert decided(rows) == {("x0", "x1")}
    found = max(row.variance for row in rows)
    assert found == pytest.approx(16 / 144, rel=0.3)  # 16 var(u) var(v), each 1/12


def test_a_slope_that_depends_on_a_name_is_found() -> None:
    columns = spread(64, 3, 2)
    trials, dimensions = plain(columns)
    trials["name"] = np.array(["a", "b", "c"])[(columns[:, 2] * 3).astype(int)]
    dimensions[2] = Varied(name="name", column="name", choices=("a", "b", "c"))
    slope = np.where(trials["name"] == "b", 2.0, 0.0)
    noise = 0.1 * np.random.default_rng(0).normal(size=64)
    rows = pairwise(trials, dimensions, slope * columns[:, 0] + noise)
    assert decided(rows) == {("x0", "name")}


def test_strong_single_effects_without_interaction_keep_the_rate() -> None:
    false = 0
    for seed in range(STUDIES):
        columns = spread(32, 3, seed)
        trials, dimensions = plain(columns)
        noise = np.random.default_rng(seed).normal(size=32)
        score = 30 * columns[:, 0] - 20 * (columns[:, 1] - 0.4) ** 2 + noise
        false += bool(decided(pairwise(trials, dimensions, score, seed=seed)))
    assert false <= MOST


def test_an_exact_sum_has_no_interaction() -> None:
    columns = spread(64, 3, 0)
    rows = pairwise(*plain(columns), 2 * columns[:, 0] + columns[:, 1])
    assert decided(rows) == set()


def test_too_few_trials_are_refused() -> None:
    with pytest.raises(ValueError, match=r"16 trials, \d+ are needed"):
        pairwise(*plain(spread(16, 5, 0)), np.arange(16.0))


def factorial(effect: float, *, seeds: int) -> tuple[StudyFacts, pd.DataFrame]:
    random = np.random.default_rng(0)
    rows = [
        {
            "phase": "cross",
            "trial": 2 * a + b,
            "seed": seed,
            "state": "finished",
            "factor.first": "xy"[a],
            "factor.second": str(b),
            "factor.third": "same",
            "test/qabf": a + 2 * b + effect * a * b + 0.001 * random.normal(),
        }
        for a in (0, 1)
        for b in (0, 1)
        for seed in range(seeds)
    ]
    facts = {
        "phases": {"cross": {"design": "full_factorial"}, "a": {"design": "blocked"}},
        "questions": [{"factor": "first", "baseline": "x"}],
    }
    return study(facts), pd.DataFrame(rows)


def test_the_contrast_of_contrasts_is_what_the_factors_do_together() -> None:
    (row,) = contrasts_of_contrasts(*factorial(0.5, seeds=4), metrics=["qabf"])
    assert (row.first_value, row.second_value, row.seeds) == ("y", "1", 4)
    assert present(row.low) < 0.5 < present(row.high)
    assert row.estimate == pytest.approx(0.5, abs=0.01)


def test_one_seed_has_no_interval_and_other_designs_no_contrast() -> None:
    facts, runs = factorial(0.5, seeds=1)
    (row,) = contrasts_of_contrasts(facts, runs, metrics=["qabf"])
    assert row.low is None
    assert row.high is None
    assert contrasts_of_contrasts(facts, runs.assign(phase="a"), metrics=["qabf"]) == ()
