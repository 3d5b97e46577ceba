"""Contrasts over studies: which cells belong together, what limits them, what is refused."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from ablate.analysis.synthesis import (
    BUDGETS,
    NO_CELL,
    ONE_CELL,
    SHARED,
    Asked,
    Synthesized,
    synthesized,
    tuned_baseline,
)
from ablate.analysis.verdict import Row
from ablate.errors import ConfigError
from ablate.stats.synthesis import CellEffect, synthesize
from tests.analysis.cells_made import asked, budget, row


def only(*several: Asked, smallest: dict[str, float] | None = None) -> Synthesized:
    (one,) = synthesized(several, smallest=smallest).contrasts
    return one


def test_cells_are_in_percent_of_the_tuned_baseline_and_the_model_is_that_of_stats() -> None:
    found = only(asked("A", row(5.2, se=1.2)), asked("B", row(12.7, se=3.1)))
    assert [cell.effect for cell in found.cells] == pytest.approx([5.2, 12.7])
    assert [cell.se for cell in found.cells] == pytest.approx([1.2, 3.1])
    cells = [CellEffect(estimate=e, se=se, df=7) for e, se in ((5.2, 1.2), (12.7, 3.1))]
    assert found.smallest == pytest.approx(1)
    assert found.found is not None
    wanted = synthesize(cells, smallest_effect=1)
    assert found.found.mean == pytest.approx(wanted.mean)
    assert (found.word, found.named) == (wanted.word, "b vs a")


def test_a_metric_of_which_less_is_better_is_turned() -> None:
    less = [asked(name, row(-6, metric="mse", is_better=True)) for name in "AB"]
    assert [cell.effect for cell in only(*less).cells] == pytest.approx([6, 6])


def test_a_contrast_written_the_other_way_round_is_the_same_contrast() -> None:
    turned = row(-6, contrast="a vs b", value="a", baseline="b")
    other = asked("B", turned, weights={"a vs b": (1.0, -1.0)}, study="t")
    found = only(asked("A", row(6)), other)
    assert [cell.effect for cell in found.cells] == pytest.approx([6, 6])
    swapped = only(other, asked("A", row(6)))
    assert [cell.effect for cell in swapped.cells] == pytest.approx([-6, -6])
    assert found.found is not None
    assert swapped.found is not None
    assert swapped.found.p_loss == pytest.approx(found.found.p_gain)


def test_networks_and_the_probe_other_values_and_other_metrics_stand_apart() -> None:
    several = [
        asked("A", row(6), row(3, metric="vif")),
        asked("A", row(6), network="none (probe)", study="t"),
        asked("B", row(6, value="c", contrast="c vs a"), values=("a", "c"), study="u"),
    ]
    found = synthesized(several).contrasts
    assert len(found) == 4
    assert {one.word for one in found} == {ONE_CELL}
    assert {one.trained for one in found} == {"networks", "probe"}


def test_the_largest_smallest_effect_counts_and_one_that_is_given_goes_first() -> None:
    several = asked("A", row(6)), asked("B", row(6, smallest_effect=0.015))
    assert only(*several).smallest == pytest.approx(3)
    assert only(*several, smallest={"qabf": 2}).smallest == 2


def test_curvature_and_interactions_are_named_and_not_synthesized() -> None:
    name = "quadratic in log2 v"
    bare: dict[str, Any] = {"contrast": name, "value": None, "baseline": None}
    weights = {name: (-1.0, 1.0)}
    found = synthesized([asked(d, row(6, **bare), weights=weights) for d in "AB"])
    assert found.contrasts == ()
    (remark,) = found.remarks
    assert name in remark


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(40, verdict="not answerable"), "not answerable: too few"),
        (row(40, role="exploratory"), "exploratory: the contrast was not registered"),
        (row(40, se=None), "no spread over blocks"),
    ],
)
def test_a_cell_that_cannot_count_is_listed_and_left_out(bad: Row, why: str) -> None:
    registered = row(1, contrast="other")  # what makes qabf a primary metric of the study
    weights = {"b vs a": (-1.0, 1.0), "other": (-2.0, 2.0)}
    found = synthesized(
        [asked("A", row(6)), asked("B", bad, registered, weights=weights, study="t")]
    )
    first = found.contrasts[0]
    assert [cell.left_out for cell in first.cells] == ["", why]
    assert (first.found, first.word) == (None, ONE_CELL)
    alone = synthesized([asked("B", bad, registered, weights=weights)]).contrasts[0]
    assert alone.word == NO_CELL


def test_unhealthy_and_shared_cells_are_marked() -> None:
    found = only(
        asked("A", row(6), unhealthy={"a": 0.05, "b": 0.3}, point=0.0123),
        asked("B", row(6), point=0.0123),
        asked("C", row(6), point=0.0456),
    )
    marks = [cell.marks for cell in found.cells]
    assert marks == [("unhealthy trainings: 30 % of b", SHARED), (SHARED,), ()]


def test_budgets_of_one_study_are_shown_and_count_as_one() -> None:
    found = only(asked("A", row(6, se=1, budgets=(budget(4, se=3),))), asked("B", row(5)))
    first, second, _ = found.cells
    assert (first.budget, second.budget) == ("9 steps, batch 4", "18 steps, batch 4")
    assert second.effect == pytest.approx(4)
    assert [first.se, second.se] == pytest.approx([1, 3])
    assert BUDGETS in first.marks
    mean = only(asked("A", row(5, se=2)), asked("B", row(5)))
    assert found.found == mean.found
    alone = only(asked("A", row(6, budgets=(budget(4),))))
    assert (alone.found, alone.word) == (None, ONE_CELL)


def test_budgets_that_share_blocks_make_no_false_words() -> None:
    random = np.random.default_rng(0)
    false, studies = 0, 60
    for _ in range(studies):
        several = []
        for name in "AB":
            effect, blocks = 2 * random.normal(), random.standard_t(7)
            there = 0.9 * blocks + 0.44 * random.standard_t(7)
            several.append(
                asked(name, row(effect + blocks, budgets=(budget(effect + there),))),
            )
        false += only(*several).word in ("gain", "loss")
    assert false / studies <= 0.05 + 0.05


def test_the_baseline_of_a_document_that_does_not_name_it_is_the_value_that_most_contrasts_have() -> (
    None
):
    weights = {"split": (0.0, 1.0, -1.0), "sign": (1.0, -1.0, 0.0), "both": (1.0, 0.0, -1.0)}
    weights["axes"] = (1.0, 0.0, -1.0)
    one = asked("A", row(1, contrast="sign"), values=("s", "f", "m"), weights=weights)
    cells = tuple(
        dataclasses.replace(cell, score={"s": 0.7, "f": 0.4, "m": 0.2}[str(cell.value)])
        for cell in one.question.cells
    )
    question = dataclasses.replace(one.question, cells=cells, baseline=None)
    # s and m stand in three contrasts each; others are compared with m
    assert tuned_baseline(question, "qabf") == pytest.approx(0.2)
    assert tuned_baseline(dataclasses.replace(question, baseline="s"), "qabf") == 0.7
    assert tuned_baseline(question, "vif") is None


def test_faults_are_reported_together_each_with_its_fix() -> None:
    first = asked("A", row(6))
    other = asked("B", row(6, contrast="b vs a"), weights={"b vs a": (-2.0, 2.0)})
    bare = asked("C", row(6, smallest_effect=None))
    with pytest.raises(ConfigError) as raised:
        synthesized([first, other, bare, asked("A", row(6), where="again")])
    text = str(raised.value)
    assert "reports/B-unet (width 4) and reports/A-unet (width 4): s.q has other contrasts" in text
    assert "Qabf has no smallest effect" in text
    assert "--smallest qabf=1" in text
    assert "again and reports/A-unet (width 4): the same answer to q" in text
    assert only(asked("C", row(6, smallest_effect=None)), smallest={"qabf": 1}).smallest == 1
