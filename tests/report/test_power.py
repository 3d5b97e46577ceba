"""Power: the variances come back from the row, and agree with what the verdict says of it."""

from dataclasses import replace

import numpy as np
import pytest

from ablate.report.contents import Contents
from ablate.report.figures.power import Power, variances_of
from ablate.stats.crossed import crossed_t
from tests.present import present
from tests.report.answered import answered_contents, asked
from tests.report.drawable import numbers_of


def test_the_variances_are_those_of_the_crossed_t(answered: Contents) -> None:
    random = np.random.default_rng(3)
    table = random.normal(size=(7, 1)) + 2 * random.normal(size=(1, 9)) + random.normal(size=(7, 9))
    t = crossed_t(table)
    found = variances_of(
        replace(answered.answered[0].rows[0], se=float(t.se), df=float(t.df), blocks=7)
    )
    assert found == pytest.approx((float(t.block_variance), float(t.image_variance)))


def test_it_says_what_the_verdict_says_of_the_present_and_the_needed_blocks(
    answered: Contents,
) -> None:
    numbers = numbers_of(Power(), answered)
    for question in answered.answered:
        for row in question.deciding:
            mine = numbers[
                (numbers["question"] == question.id)
                & (numbers["metric"] == row.metric)
                & (numbers["contrast"] == row.contrast)
            ]
            now = mine[mine["is_present"]]
            base = row.estimate / present(row.percent)
            assert now["blocks"].item() == row.blocks
            assert now["detectable"].item() * base == pytest.approx(row.detectable)
            finds = mine[mine["power"] >= 0.8]["blocks"]
            if len(finds) and present(row.blocks_needed) > 3:
                assert finds.min() >= row.blocks_needed
            else:
                assert len(finds) or row.blocks_needed is None or row.blocks_needed > 60


def test_more_blocks_find_more_and_smaller(answered: Contents) -> None:
    for _, mine in numbers_of(Power(), answered).groupby(["question", "contrast", "metric"]):
        assert mine["power"].is_monotonic_increasing
        assert mine["detectable"].is_monotonic_decreasing


def test_without_a_pilot_the_tuned_baseline_is_the_base() -> None:
    bare = answered_contents(
        pilot=0, questions=[asked(smallest_effect={"qabf": 0.003})], selecting=["qabf"]
    )
    numbers = numbers_of(Power(), bare)
    assert numbers["detectable"].notna().all()
    left, right = Power().draw(bare, numbers).axes
    assert left.lines
    assert right.lines


def test_where_no_percentage_has_a_base_one_panel_says_so(answered: Contents) -> None:
    assert answered.verdicts is not None
    (question, *_) = answered.verdicts.questions
    rows = tuple(replace(row, percent=None) for row in question.rows)
    bare = replace(
        answered, verdicts=replace(answered.verdicts, questions=(replace(question, rows=rows),))
    )
    numbers = numbers_of(Power(), bare)
    assert numbers["detectable"].isna().all()
    _, right = Power().draw(bare, numbers).axes
    assert [text.get_text() for text in right.texts] == ["no base for percentages"]
    unnamed = tuple(replace(row, smallest_effect=None) for row in rows)
    nothing = replace(question, rows=unnamed)
    both = replace(answered, verdicts=replace(answered.verdicts, questions=(nothing,)))
    assert "no smallest effect is named" in str(Power().numbers(both))


def test_one_block_has_no_spread(answered: Contents) -> None:
    reason = Power().numbers(answered_contents(blocks=1, selecting=["qabf"]))
    assert "two or more blocks" in str(reason)
    assert "no answer phase" in str(Power().numbers(replace(answered, verdicts=None)))
