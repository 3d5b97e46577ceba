"""Effects at another budget: told beside the verdict, with known truth, and in nothing else."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.analysis.answers import answer
from ablate.analysis.budgets import effect_held
from ablate.analysis.document import budgets_table
from ablate.analysis.exploration import explore
from ablate.analysis.verdict import Row
from ablate.report.best import best
from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn, in_order
from ablate.report.summary import summary
from ablate.report.tables import arm_table
from ablate.stats.crossed import crossed_t
from ablate.stored import encode
from tests.present import present
from tests.report.answered import VARIANT, answered_contents

ALPHA = 0.05


@functools.cache
def study(left: float | None) -> Contents:
    effects = {"sign_free": -0.05, "magnitude": -0.2, "signed_sum": 0.0}
    return answered_contents(
        effects=effects,
        left=left,
        blocks=8,
        images=3,
        questions=[VARIANT],
        selecting=["qabf"],
        explored=0,
        hunted=0,
    )


def row_of(contents: Contents, contrast: str, metric: str = "qabf") -> Row:
    assert contents.verdicts is not None
    (question,) = contents.verdicts.questions
    return next(row for row in question.rows if (row.contrast, row.metric) == (contrast, metric))


def studies(
    *, d_z: float, left: float, shared: float, count: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return studies of 8 blocks and 12 images that find an effect of `d_z` at budget 1.

    Args:
        d_z: True effect over the deviation of blocks.
        left: True share of it at the other budget.
        shared: Correlation of what blocks, and images, add at the two budgets.
        count: Of the studies.
        seed: Of all that is random.
    """
    random = np.random.default_rng(seed)
    mix = np.linalg.cholesky([[1, shared], [shared, 1]]).T
    found: list[tuple[np.ndarray, np.ndarray]] = []
    while len(found) < count:
        noise = (random.normal(size=(8, 1, 2)) + 0.5 * random.normal(size=(1, 12, 2))) @ mix
        noise += 0.5 * random.normal(size=(8, 12, 2))
        here, there = d_z + noise[..., 0], left * d_z + noise[..., 1]
        if float(crossed_t(here).p) < ALPHA:
            found.append((here, there))
    return found


@pytest.mark.parametrize(
    ("d_z", "left", "fewest", "most"),
    [
        (1.74, 1.0, 0.0, 0.10),  # the effect that 8 blocks find, and it holds: 3 % by simulation
        (3.0, 0.5, 0.80, 1.0),  # halved: 92 %
        (3.0, 0.0, 0.97, 1.0),  # gone
        (1.74, -0.5, 0.97, 1.0),  # turned
    ],
)
def test_what_is_told_is_what_was_planted(
    d_z: float, left: float, fewest: float, most: float
) -> None:
    told = [
        effect_held(here, there, margin=None, alpha=ALPHA)[0] == "does not hold"
        for here, there in studies(d_z=d_z, left=left, shared=0.5, count=100, seed=1)
    ]
    assert fewest <= np.mean(told) <= most


@given(
    seed=st.integers(0, 50),
    left=st.sampled_from([-1.0, 0.2, 0.5, 0.8, 1.0, 1.5]),
    side=st.booleans(),
)
def test_neither_the_side_nor_the_unit_of_an_effect_matters(
    seed: int, left: float, side: bool
) -> None:
    ((here, there),) = studies(d_z=2.0, left=left, shared=0.5, count=1, seed=seed)
    scale = -1000.0 if side else 1e-3
    assert effect_held(here, there, margin=None, alpha=ALPHA) == effect_held(
        scale * here, scale * there, margin=None, alpha=ALPHA
    )


def test_an_effect_below_the_smallest_one_does_not_hold_though_its_interval_excludes_0() -> None:
    here = np.linspace(1.9, 2.1, 8)[:, None]
    there = 0.6 * here
    assert effect_held(here, there, margin=1.3, alpha=ALPHA) == (
        "does not hold",
        "60 % of it is left, less than the smallest effect",
    )
    assert effect_held(here, there, margin=None, alpha=ALPHA) == ("holds", "")
    assert effect_held(here, here, margin=1.3, alpha=ALPHA) == ("holds", "")


def test_a_planted_effect_that_halves_is_told_in_the_row_its_sentence_and_the_caveats() -> None:
    contents = study(0.4)
    row = row_of(contents, "both")
    (there,) = row.budgets
    assert row.verdict == "supported"
    assert (there.times, there.steps, there.blocks) == (2.0, 80, 8)
    assert there.held == "does not hold"
    assert there.percent == pytest.approx(0.4 * present(row.percent), rel=0.2)
    assert present(there.ci_low) < there.estimate < present(there.ci_high)
    assert there.change == pytest.approx(there.estimate - row.estimate)
    assert f"At twice the steps it is {there.percent:+.1f} % (95 % CI " in row.sentence
    assert "the effect does not hold at that budget:" in row.sentence
    assert contents.verdicts is not None
    (caveat,) = [text for text in contents.verdicts.questions[0].caveats if "twice" in text]
    assert caveat.startswith("at twice the steps (80) does not hold: ")
    assert "both in Qabf (" in caveat
    words = " ".join(summary(contents).split())
    assert "the effect does not hold at that budget" in words


def test_an_effect_that_stays_holds_and_one_that_turns_is_told_so() -> None:
    assert row_of(study(1.0), "both").budgets[0].held == "holds"
    assert "the effect holds at that budget." in row_of(study(1.0), "both").sentence
    turned = row_of(study(-1.0), "both").budgets[0]
    assert (turned.held, turned.reason) == ("does not hold", "its sign turns")


def test_what_is_undecided_is_described_at_the_other_budget_and_not_judged() -> None:
    row = row_of(study(1.0), "axes", "qabf")
    assert row.verdict == "undecided"
    assert (row.budgets[0].held, row.budgets[0].reason) == ("not judged", "")


def test_blocks_that_are_missing_at_the_other_budget_leave_it_open() -> None:
    whole = study(0.4)
    runs = whole.runs
    is_lost = (runs["phase"] == "answer_2x") & (runs["block"] > 5)
    found = answer(whole.facts, runs[~is_lost], whole.images, generated_by="x")
    assert found is not None
    row = next(r for r in found.questions[0].rows if r.contrast == "both")
    assert (row.budgets[0].held, row.budgets[0].blocks) == ("open", 5)
    assert "open at that budget, 5 of 8 blocks have all scores there." in row.sentence
    none = answer(whole.facts, runs[runs["phase"] != "answer_2x"], whole.images, generated_by="x")
    assert none is not None
    assert none.questions[0].rows[0].budgets == ()
    assert any("no block has all scores" in text for text in none.questions[0].caveats)


def test_runs_of_another_budget_are_in_no_other_number() -> None:
    """Twice the steps score 10 % more here: whatever takes them in is found out."""
    alone, both = study(None), study(0.4)
    assert alone.verdicts is not None
    assert both.verdicts is not None
    (first,), (second,) = alone.verdicts.questions, both.verdicts.questions
    told = ("sentence", "budgets")
    for one, other in zip(first.rows, second.rows, strict=True):
        kept = ({k: v for k, v in encode(row).items() if k not in told} for row in (one, other))
        assert next(kept) == next(kept)
        assert other.sentence.startswith(one.sentence)
        assert "budgets" not in encode(one)
    assert "at twice the steps" in second.headline
    rest = {"rows": (), "caveats": (), "headline": ""}
    assert replace(first, **rest) == replace(second, **rest)  # type: ignore[arg-type]
    assert tuple(text for text in second.caveats if "twice" not in text) == first.caveats
    assert explore(alone.facts, alone.runs) == explore(both.facts, both.runs)
    assert best(alone).questions == best(both).questions
    pd.testing.assert_frame_equal(arm_table(alone), arm_table(both))
    for name, figure in in_order():
        numbers, others = figure.numbers(alone), figure.numbers(both)
        if isinstance(numbers, NotDrawn) or isinstance(others, NotDrawn):
            assert numbers == others
        elif name != "budget":
            pd.testing.assert_frame_equal(numbers, others, obj=name)
    assert budgets_table(alone.verdicts).empty
    assert len(budgets_table(both.verdicts)) == len(second.rows)
