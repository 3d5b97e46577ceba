"""Interactions: found where planted, not claimed where effects add up, described where unasked."""

from typing import Any

import pytest

from ablate.analysis.contrasts import cells_in_order, interactions
from ablate.analysis.interactions import agreement
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.analysis.verdict import Verdict
from ablate.published import CrossedFactor
from ablate.stats.ranks import kendall_tau

PAD = CrossedFactor(factor="padding", values=("zeros", "replicate"), baseline="zeros")
CROP = CrossedFactor(factor="crop", values=(64, 128), baseline=128)
LEVELS = CrossedFactor(factor="levels", values=(1, 2, 3), baseline=2)


def judged(
    effects: list[float], *, crossed: tuple[Any, Any] = (PAD, CROP), is_registered: bool = True
) -> Verdict:
    """Return the verdict; effects in the order of the cells, the second factor fastest."""
    cells = cells_in_order(crossed)
    scores = planted.scores(planted.generator("interaction"), effects=effects)
    question = planted.question(
        values=cells,
        baseline=cells[1],
        factor="padding x crop",
        contrasts=interactions(crossed, is_registered=is_registered),
    )
    return judge(question, planted.chosen(scores, values=cells), planted.FACTS)


def test_a_planted_interaction_is_found_with_its_size() -> None:
    """Replicate adds 1 at 128 and 5 at 64: the contrast of contrasts is 4."""
    verdict = judged([0.0, 0.0, 5.0, 1.0])
    assert verdict.verdict == "supported"
    (row,) = verdict.rows
    assert row.contrast == "interaction padding (replicate vs zeros) x crop (64 vs 128)"
    assert row.estimate == pytest.approx(4.0, abs=1.5)
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert row.ci_low < 4.0 < row.ci_high
    assert f"{row.contrast} changes" in row.sentence
    assert verdict.reason == f"{row.contrast} in Qabf"  # neither side of it is the better one


def test_effects_that_add_up_are_no_interaction() -> None:
    """Both main effects are large, their sum is exact."""
    verdict = judged([10.0, 0.0, 13.0, 3.0])
    assert verdict.verdict == "undecided"
    (row,) = verdict.rows
    assert abs(row.estimate) < 1.5


def test_the_rate_of_false_interactions_on_additive_truth_is_alpha() -> None:
    from ablate.stats.contrasts import difference
    from ablate.stats.crossed import crossed_t

    scores = planted.scores(planted.generator("additive"), effects=[9, 0, 12, 3], studies=2000)
    (contrast,) = interactions((PAD, CROP), is_registered=True)
    p = crossed_t(difference(scores, contrast.weights)).p
    assert 0.03 < (p < 0.05).mean() < 0.065


def test_more_values_give_a_contrast_per_pair_that_is_not_the_baseline() -> None:
    found = interactions((PAD, LEVELS), is_registered=True)
    assert [contrast.name for contrast in found] == [
        "interaction padding (replicate vs zeros) x levels (1 vs 2)",
        "interaction padding (replicate vs zeros) x levels (3 vs 2)",
    ]
    cells = cells_in_order((PAD, LEVELS))
    assert dict(zip(cells, found[1].weights, strict=True)) == {
        "zeros x 1": 0,
        "zeros x 2": 1,
        "zeros x 3": -1,
        "replicate x 1": 0,
        "replicate x 2": -1,
        "replicate x 3": 1,
    }


def test_what_nobody_registered_is_described_and_never_judged() -> None:
    verdict = judged([0.0, 0.0, 50.0, 1.0], is_registered=False)
    assert verdict.verdict == "undecided"
    assert verdict.reason == "not registered: described, never judged"
    (row,) = verdict.rows
    assert (row.role, row.verdict, row.p_holm) == ("exploratory", "described", None)


def test_an_order_that_turns_is_told_with_its_tau() -> None:
    kinds = CrossedFactor(factor="kind", values=("a", "b", "c"), baseline="a")
    other = CrossedFactor(factor="lambda", values=("fixed", "tuned"), baseline="fixed")
    cells = cells_in_order((kinds, other))
    effects = [0.0, 20.0, 10.0, 10.0, 20.0, 0.0]  # fixed: a < b < c, tuned: a > b > c
    question = planted.question(
        values=cells,
        contrasts=interactions((kinds, other), is_registered=True),
        crossed=(kinds, other),
    )
    scores = planted.scores(planted.generator("turn"), effects=effects)
    (found,) = agreement(question, planted.table(scores, values=cells))
    assert found.order_at_baseline == ("c", "b", "a")
    assert found.order_at_value == ("a", "b", "c")
    assert (found.tau, found.tau_over_blocks, found.same_best) == (-1.0, -1.0, False)


@pytest.mark.parametrize(
    ("first", "second", "tau"),
    [
        ([1, 2, 3], [1, 2, 3], 1.0),
        ([1, 2, 3], [1, 3, 2], 1 / 3),
        ([1, 1], [1, 2], 0.0),
        ([1], [2], 1),
    ],
)
def test_kendalls_tau_by_hand(first: list[float], second: list[float], tau: float) -> None:
    assert kendall_tau(first, second) == pytest.approx(tau)
