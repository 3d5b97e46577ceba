"""The verdict engine: order of its steps, directions, families, guardrails, contrasts."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ablate.analysis.cells import with_bases
from ablate.analysis.contrasts import (
    against_baseline,
    interaction,
    named,
    sequence,
    trends,
)
from ablate.analysis.coverage import COVERAGE, agreed, in_both
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.judging import answer_of, judge
from ablate.analysis.selftest import planted
from ablate.analysis.verdict import Verdict
from ablate.errors import ConfigError, DataError
from tests.analysis.conftest import Judged
from tests.present import present

HIGHER = {"expects": "higher"}


@pytest.mark.parametrize(
    ("effect", "expects", "better", "verdict"),
    [
        (1.0, "higher", "higher", "supported"),
        (-1.0, "higher", "higher", "contradicted"),
        (1.0, "lower", "higher", "contradicted"),
        (-1.0, "lower", "higher", "supported"),
        (1.0, "higher", "lower", "contradicted"),
        (-1.0, "higher", "lower", "supported"),
        (1.0, "differs", "higher", "supported"),
        (-1.0, "differs", "higher", "supported"),
        (0.0, "higher", "higher", "practically equivalent"),
        (0.05, "higher", "higher", "practically equivalent"),
    ],
)
def test_direction_follows_the_metric_and_the_hypothesis(
    judged: Any, effect: float, expects: str, better: str, verdict: str
) -> None:
    found = judged({"qabf": [0.0, effect]}, expects=expects, better={"qabf": better})
    assert found.verdict == verdict
    row = found.rows[0]
    if abs(effect) == 1:
        assert row.is_better == ((effect > 0) == (better == "higher"))
        assert row.p_better == (1.0 if row.is_better else 0.0)
        assert (row.estimate > 0) == (effect > 0)
        assert (row.d_z > 0) == (effect > 0)


def test_equivalence_goes_before_a_small_p(judged: Any) -> None:
    row = judged({"qabf": [0.0, 0.05]}).rows[0]
    assert row.p_holm < 0.01
    assert row.verdict == "practically equivalent"
    without = judged({"qabf": [0.0, 0.05]}, smallest_effect={}).rows[0]
    assert without.verdict == "supported"


def test_wide_intervals_are_undecided_and_say_what_would_do(judged: Any) -> None:
    found = judged({"qabf": [0.0, 0.0]}, sd=2.0)
    row = found.rows[0]
    assert found.verdict == "undecided"
    assert row.blocks_needed is None or str(row.blocks_needed) in found.reason
    assert f"finds {row.detectable * row.to_percent:.1f} % with 80 % power" in row.sentence


@pytest.mark.parametrize(
    ("effects", "verdict", "reason"),
    [
        ({"qabf": [0, 1], "vif": [0, 1]}, "supported", "b vs a better in Qabf, VIF"),
        ({"qabf": [0, 1], "vif": [0, 0]}, "supported", "b vs a better in Qabf"),
        ({"qabf": [0, 1], "vif": [0, -1]}, "undecided", "metrics disagree"),
        ({"qabf": [0, -1], "vif": [0, 0]}, "contradicted", "b vs a worse in Qabf"),
        ({"qabf": [0, 0], "vif": [0, 0]}, "practically equivalent", "inside"),
        ({"qabf": [0, 1, -1]}, "undecided", "contrasts disagree"),
    ],
)
def test_the_answer_follows_from_its_primary_rows(
    judged: Any, effects: dict[str, list[float]], verdict: str, reason: str
) -> None:
    found = judged(effects, **HIGHER)
    assert found.verdict == verdict
    assert reason in found.reason


def test_a_secondary_metric_never_decides(judged: Any) -> None:
    found = judged({"qabf": [0, 0], "mi": [0, -5]}, primary=("qabf",), secondary=("mi",), **HIGHER)
    assert found.verdict == "practically equivalent"
    assert found.rows_of("secondary")[0].verdict == "contradicted"


@pytest.mark.parametrize(
    ("effect", "guard", "verdict"),
    [
        (1.0, 0.0, "supported"),
        (1.0, 5.0, "supported"),
        (1.0, -1.0, "undecided"),
        (-1.0, -1.0, "contradicted"),
    ],
)
def test_a_guardrail_vetoes_a_claim_of_better_and_supports_none(
    judged: Any, effect: float, guard: float, verdict: str
) -> None:
    effects = {"qabf": [0, effect], "sd": [0, guard]}
    found = judged(effects, primary=("qabf",), guardrails=("sd",), **HIGHER)
    assert found.verdict == verdict
    alone = judged({"qabf": [0, 0], "sd": [0, 5]}, primary=("qabf",), guardrails=("sd",), **HIGHER)
    assert alone.verdict == "practically equivalent"


def test_a_guardrail_that_is_lost_is_told_from_one_that_may_be(judged: Any) -> None:
    found = judged(
        {"qabf": [0, 1, 1], "sd": [0, -1, 1], "en": [0, 0, -1]},
        primary=("qabf",),
        guardrails=("sd", "en"),
        smallest_effect={"qabf": 0.1, "sd": 0.1, "en": 1e-6},
        **HIGHER,
    )
    assert found.verdict == "undecided"
    assert found.reason == (
        "a trade-off, guardrail worse: b vs a in SD; c vs a in EN. "
        "guardrail not shown to be no worse: b vs a in EN"
    )


def test_a_guardrail_without_a_margin_cannot_be_passed(judged: Any) -> None:
    found = judged(
        {"qabf": [0, 1], "sd": [0, 1]},
        primary=("qabf",),
        guardrails=("sd",),
        smallest_effect={"qabf": 0.1},
        **HIGHER,
    )
    assert (found.verdict, found.reason[:9]) == ("undecided", "guardrail")


def test_families_are_corrected_apart(judged: Any) -> None:
    effects = {"qabf": [0, 0.02, 0.03], "vif": [0, 0.01, 0.02], "mi": [0, 0.01, 0.01]}
    found = judged(effects, primary=("qabf", "vif"), secondary=("mi",))
    primary, secondary = found.rows_of("primary"), found.rows_of("secondary")
    least = min(primary, key=lambda row: row.p)
    assert least.p_holm == pytest.approx(4 * least.p)
    least = min(secondary, key=lambda row: row.p)
    assert least.p_holm == pytest.approx(min(1, 2 * least.p))


def test_exploratory_contrasts_are_described_and_weigh_nothing(judged: Any) -> None:
    values = planted.VALUES[:3]
    registered = against_baseline(values, baseline="a")
    extra = replace(named(values, {"extra": {"c": 1, "b": -1}})[0], is_exploratory=True)
    alone = judged({"qabf": [0, 1, 5]}, contrasts=registered)
    found = judged({"qabf": [0, 1, 5]}, contrasts=(*registered, extra))
    row = found.rows_of("exploratory")[0]
    assert (row.verdict, row.p_holm) == ("described", None)
    assert found.rows_of("primary") == alone.rows


def test_the_sign_flip_is_compared_at_the_unadjusted_alpha(judged: Any) -> None:
    found = judged({"qabf": [0, 0.5, 0.6, 0.7]}, blocks=8)
    for row in found.rows:
        assert row.p_sign_flip == 2 / 2**8
        assert 3 * row.p_sign_flip < 0.05
        assert row.is_test_dependent is False


def test_a_disagreement_of_the_tests_is_marked() -> None:
    scores = planted.scores(
        planted.generator("one outlier"),
        effects=[0.0, 0.0],
        noise_sd=0.0,
        image_sd=0.0,
        seed_sd=0.0,
    )
    scores[:, 1] += [[0.1], [0.1], [0.1], [0.1], [0.1], [0.1], [0.1], [3.0]]
    found = judge(
        planted.question(values=("a", "b")),
        planted.chosen(scores, values=("a", "b")),
        planted.FACTS,
    ).rows[0]
    assert present(found.p) > 0.05 > present(found.p_sign_flip)
    assert found.is_test_dependent
    assert "Test-dependent" in found.sentence
    assert found.verdict == "undecided"


@pytest.mark.parametrize(("large", "is_told"), [(3.0, True), (0.1, False)])
def test_a_mean_that_a_few_blocks_make_is_told(large: float, is_told: bool) -> None:
    scores = planted.scores(
        planted.generator("few large"), effects=[0.0, 0.0], noise_sd=0.0, image_sd=0.0, seed_sd=0.0
    )
    scores[:, 1] += [[-0.1]] * 7 + [[large]]
    found = judge(
        planted.question(values=("a", "b")),
        planted.chosen(scores, values=("a", "b")),
        planted.FACTS,
    ).rows[0]
    assert found.p_better == 1 / 8
    assert ("Most blocks lie on the other side of 0" in found.sentence) is is_told


def test_percent_refers_to_the_frozen_base_and_not_to_the_answers(judged: Any) -> None:
    row = judged({"qabf": [0, 1]}, percent_base={"qabf": 20.0}).rows[0]
    assert row.percent == pytest.approx(100 * row.estimate / 20)
    row = judged({"qabf": [0, 1]}, percent_base={}).rows[0]
    assert row.percent is None
    assert "%" not in row.sentence.replace("95 %", "")


@pytest.mark.parametrize(
    ("smallest", "base", "margin"), [("0.2%", 50.0, 0.1), (" 2 %", -5.0, 0.1), (0.1, None, 0.1)]
)
def test_the_smallest_effect_has_the_units_of_the_metric(
    smallest: str | float, base: float | None, margin: float
) -> None:
    question = planted.question(
        smallest_effect={"qabf": smallest}, percent_base={"qabf": base} if base else {}
    )
    assert question.margin_of("qabf") == pytest.approx(margin)


@pytest.mark.parametrize("wrong", ["0.2%", "much", "-1%", 0.0])
def test_a_percentage_without_a_base_or_no_positive_number_is_refused(wrong: str | float) -> None:
    question = planted.question(smallest_effect={"qabf": wrong}, percent_base={})
    with pytest.raises(ConfigError, match=r"questions\.planted\.smallest_effect\.qabf"):
        question.margin_of("qabf")


def test_trends_find_their_shape(judged: Any) -> None:
    values = (1.0, 2.0, 3.0, 4.0)
    contrasts = trends(values, factor="levels")
    rising = judged({"qabf": [0, 1, 2, 3]}, contrasts=contrasts, **HIGHER)
    curved = judged({"qabf": [0, 2, 2, 0]}, contrasts=contrasts, **HIGHER)
    assert [row.verdict for row in rising.rows] == ["supported", "practically equivalent"]
    assert [row.verdict for row in curved.rows] == ["practically equivalent", "supported"]
    assert rising.rows[0].value is None
    assert curved.rows[1].is_better is False  # the ends lie below the middle


def test_contrasts_have_names_and_unknown_values_are_offered_the_nearest() -> None:
    assert [c.name for c in sequence([1, 2, 3])] == ["2 vs 1", "3 vs 2"]
    with pytest.raises(ConfigError, match="did you mean 'signed'"):
        against_baseline(["signed", "magnitude"], baseline="signd")
    with pytest.raises(ConfigError, match="sum to 1"):
        named(["a", "b"], {"wrong": {"a": 1}})
    with pytest.raises(ConfigError, match="log2 axis"):
        trends([0.0, 1.0, 2.0], factor="ratio", spacing="log2")
    cells, contrast = interaction(name="x", first={"a": 1, "b": -1}, second={1: 1, 2: -1})
    assert cells == ("a x 1", "a x 2", "b x 1", "b x 2")
    assert contrast.weights == (1, -1, -1, 1)
    assert contrast.is_exploratory


def test_run_ids_are_ours_and_of_the_values_compared(judged: Any) -> None:
    row = judged({"qabf": [0, 1, 2]}, blocks=6).rows[1]
    assert row.run_ids[:2] == ("1-a", "1-c")
    assert len(row.run_ids) == 12


def test_coverage_needs_both_designs() -> None:
    base = Verdict(
        id="q", asks="?", verdict="supported", reason="", scope="", caveats=(), alpha=0.05, rows=()
    )
    other = {
        name: replace(base, verdict=name)
        for name in ("undecided", "not answerable", "practically equivalent")
    }
    assert agreed(fixed_levels=base, fixed_coarsest=base).verdict == "supported"
    for name, verdict in other.items():
        both = agreed(fixed_levels=base, fixed_coarsest=verdict)
        assert both.verdict == name
        assert both.reason.startswith(COVERAGE) == (name != "not answerable")
        assert agreed(fixed_levels=verdict, fixed_coarsest=base).verdict == "undecided"


def test_what_both_designs_compare_is_told_side_by_side(judged: Any) -> None:
    found = judged({"qabf": [0, 1, 2]}, blocks=6)
    (row,) = [row for row in found.rows if row.metric == "qabf" and row.contrast == "b vs a"]

    def told(**change: Any) -> str:
        rows = (replace(row, percent=1.5, contrast="linear in log2 ratio", factor="ratio"),)
        changed = replace(rows[0], factor="tied", contrast="linear in log2 tied", **change)
        there, here = replace(found, rows=rows), replace(found, rows=(changed,))
        (text,) = in_both(fixed_levels=there, fixed_coarsest=here)
        return text

    assert row.verdict == "supported"
    start = "Qabf at fixed levels and at a fixed coarsest scale, what lies beyond chance"
    assert told(percent=0.5).startswith(start)
    assert told(percent=0.5).endswith("the same side in both: linear in log2 (+1.50 % and +0.50 %)")
    assert "opposite sides: linear" in told(is_better=not row.is_better)
    for name in ("undecided", "practically equivalent"):
        little = {"verdict": name, "estimate": row.estimate * 0.2}
        assert "coverage may explain it: linear" in told(**little)
        assert "at least half as large in the other: linear" in told(verdict=name)
        turned = {"verdict": name, "estimate": -row.estimate}
        assert "coverage may explain it: linear" in told(**turned)
    alone = replace(found, rows=(replace(row, contrast="else"),))
    assert not list(in_both(fixed_levels=found, fixed_coarsest=alone))


def test_a_cell_with_two_scores_or_a_missing_column_is_refused() -> None:
    arrays = planted.scores(planted.generator("x"), effects=[0.0, 0.0])
    answers = planted.table(arrays, values=("a", "b"))
    question = planted.question(values=("a", "b"))
    with pytest.raises(DataError, match="two scores"):
        judge(question, Selected(answers=answers.iloc[[0, *range(len(answers))]]), Facts())
    with pytest.raises(DataError, match="no column score"):
        judge(question, Selected(answers=answers.drop(columns="score")), Facts())


def test_no_row_at_all_is_undecided_and_never_equivalent() -> None:
    assert answer_of(planted.question(), ())[0] == "undecided"


def test_sign_flips_stand_beside_every_row_that_decides(judged: Judged) -> None:
    verdict = judged({"qabf": [0.0, 1.0, 0.0], "vif": [0.0, 0.0, 0.0]})
    rows = verdict.rows_of("primary")
    shown = np.array([row.p_step_down for row in rows])
    assert shown.min() == 2 / 2**8
    assert not any(re.search(r"\bp\b|p_", row.sentence) for row in rows)  # tables have it


def test_a_smallest_effect_in_percent_is_of_the_tuned_baseline_where_that_is_registered() -> None:
    question = planted.question(percent_of="tuned_baseline", percent_base={})
    assert question.margin_of("qabf") is None  # nothing is scored yet
    scores = planted.scores(planted.generator("bases"), effects=[0.0, 1.0, 0.0, 0.0])
    known = with_bases(question, planted.table(scores))
    mean = scores[:, 0].mean()
    assert known.margin_of("qabf") == pytest.approx(0.002 * mean)
    row = judge(known, planted.chosen(scores), Facts()).rows[0]
    assert row.percent == pytest.approx(100 * row.estimate / mean)
    old = with_bases(planted.question(), planted.table(scores))  # the margin is of the pilot
    assert old.margin_of("qabf") == pytest.approx(0.002 * planted.BASE)
    verdict = judge(old, planted.chosen(scores), Facts())
    assert (verdict.percent_of, verdict.margins_of) == ("tuned_baseline", "pilot")


def test_metrics_with_other_blocks_have_no_p_by_sign_flips(judged: Judged) -> None:
    verdict = judged({"qabf": [0.0, 1.0]}, blocks=1)
    assert [row.p_step_down for row in verdict.rows] == [None]
