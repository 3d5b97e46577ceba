"""Expected best of T: equal to all subsets counted, unbiased for new tries, fair to failures."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.analysis.best_of import expected_best, of_blocks, of_trials
from ablate.analysis.published import StudyFacts
from tests.analysis.written import question, study
from tests.present import present

scores = st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=1, max_size=7)


@given(scores=scores, is_lower=st.booleans())
def test_it_is_the_mean_best_of_all_subsets(scores: list[float], is_lower: bool) -> None:
    best = min if is_lower else max
    counted = [
        np.mean([best(some) for some in itertools.combinations(scores, tries)])
        for tries in range(1, len(scores) + 1)
    ]
    assert expected_best(scores, is_lower=is_lower) == pytest.approx(counted, abs=1e-9)


def test_it_is_unbiased_for_new_tries_and_the_form_with_replacement_is_not() -> None:
    random = np.random.default_rng(0)
    drawn = random.random((4000, 8))
    found = np.mean([expected_best(row) for row in drawn], axis=0)
    tries = np.arange(1, 9)
    assert found == pytest.approx(tries / (tries + 1), abs=0.01)  # of T uniform numbers
    places = np.arange(1, 9)
    weights = (places / 8) ** 4 - ((places - 1) / 8) ** 4  # Dodge et al. 2019, T = 4
    replaced = np.mean(np.sort(drawn, axis=1) @ weights)
    assert abs(replaced - 4 / 5) > 0.02


def test_hundreds_of_tries_stay_finite_and_rise() -> None:
    best = expected_best(np.random.default_rng(0).normal(size=600))
    assert np.isfinite(best).all()
    assert (np.diff(best) >= 0).all()


def blocked(*, failed: bool = False) -> tuple[StudyFacts, pd.DataFrame]:
    rows = [
        {
            "phase": "answer",
            "run_id": f"{arm}{block}{point}",
            "arm_id": arm,
            "block": block,
            "point": point,
            "state": "finished",
            "val/qabf": shift + 10 * block + point,
        }
        for arm, shift in (("1", 0.0), ("2", 0.5))
        for block in (1, 2, 3)
        for point in (1, 2)
    ]
    runs = pd.DataFrame(rows)
    if failed:
        lost = (runs["arm_id"] == "2") & (runs["point"] == 2)
        runs = runs.assign(**{"val/qabf": runs["val/qabf"].mask(lost)})
    facts = {
        "phases": {"answer": {"design": "blocked"}},
        "questions": [{"id": "q", "factor": "v", "arms": [["a", "1"], ["b", "2"]]}],
    }
    return study(facts), runs


def test_blocks_are_averaged_and_never_mixed() -> None:
    rows = of_blocks(*blocked(), "val/qabf", is_lower=False)
    a = [row for row in rows if row.value == "a"]
    assert [row.expected for row in a] == pytest.approx([21.5, 22.0])
    assert {row.samples for row in rows} == {3}
    assert all(present(row.low) < row.expected < present(row.high) for row in rows)


def test_a_failed_point_counts_as_the_worst_of_its_block() -> None:
    rows = of_blocks(*blocked(failed=True), "val/qabf", is_lower=False)
    b = [row.expected for row in rows if row.value == "b"]
    assert b == pytest.approx([21.25, 21.5])  # 1.5 and the worst of the block, 1


def test_trials_of_an_exploration_count_for_the_nearest_value() -> None:
    trials = pd.DataFrame({"factor.r": ["0.1", "0.2", "0.8", "0.9"], "val/qabf": [1, 3, 5, 9.0]})
    asked = question({"factor": "r", "baseline": 0.25, "arms": [[0.25, "1"], [0.75, "2"]]})
    rows = of_trials([asked], trials, "val/qabf", is_lower=True)
    assert [(row.value, row.expected) for row in rows] == [
        (0.25, 2.0),
        (0.25, 1.0),
        (0.75, 7.0),
        (0.75, 5.0),
    ]
    assert of_trials([replace(asked, dimension="x")], trials, "val/qabf", is_lower=True) == []
