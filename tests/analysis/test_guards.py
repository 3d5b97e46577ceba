"""Each guard at its border: on the right side it is silent, one step on it refuses."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.facts import Facts, Failures, Selected
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.published import NuisanceRange
from tests.present import present

EFFECT = {"qabf": [0.0, 1.0]}
PAIR = ("a", "b")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(), None),
        (Facts(preset="smoke", may_claim=False), "preset smoke"),
        (Facts(may_claim=False), "this phase"),
        (Facts(scored_on="val"), "val, which also selected"),
        (Facts(planned_blocks=8), None),
        (Facts(planned_blocks=9), "8 of 9 planned blocks"),
    ],
)
def test_facts_of_the_launch(judged: Any, facts: Facts, reason: str | None) -> None:
    expect(judged(EFFECT, facts=facts), reason)


@pytest.mark.parametrize(
    ("selected", "reason"),
    [
        ({"adaptive": 0}, None),
        ({"adaptive": 1}, "1 of the runs were suggested by a search"),
        ({"unfinished": 1}, "1 planned run has no result"),
        ({"failures": (Failures(value="b", failed=2, planned=10),)}, None),
        ({"failures": (Failures(value="b", failed=3, planned=10),)}, "3 of 10 runs of b"),
        ({"replaced": (("b", 3),)}, None),
        ({"replaced": (("a", 3), ("b", 3))}, None),
        ({"replaced": (("b", 3), ("b", 4))}, "no healthy run of b in 2 blocks"),
    ],
)
def test_facts_of_the_runs(judged: Any, selected: dict[str, Any], reason: str | None) -> None:
    expect(judged(EFFECT, selected=selected), reason)


@pytest.mark.parametrize(
    ("blocks", "reason"), [(1, "1 block, a claim needs 6"), (5, "5 blocks"), (6, None)]
)
def test_fewer_than_six_blocks_claim_nothing(judged: Any, blocks: int, reason: str | None) -> None:
    found = judged(EFFECT, blocks=blocks)
    expect(found, reason)
    assert found.rows[0].blocks == blocks
    assert (found.rows[0].p is None) == (blocks == 1)


def test_a_smaller_alpha_needs_more_blocks(judged: Any) -> None:
    expect(judged(EFFECT, blocks=7, alpha=0.01), "needs 8")
    expect(judged(EFFECT, blocks=8, alpha=0.01), None)


def answers_with(gaps: int) -> pd.DataFrame:
    answers = planted.table(
        planted.scores(planted.generator("gaps"), effects=[0.0, 5.0]), values=PAIR
    )
    is_gap = (answers["block"] == 2) & (answers["value"] == "b")
    is_gap &= answers["image"] < f"{gaps:03d}"
    return answers.assign(score=answers["score"].mask(is_gap))


@pytest.mark.parametrize(("gaps", "reason"), [(0, None), (2, None), (3, "3 of 40 images")])
def test_images_without_a_number_are_dropped_everywhere(gaps: int, reason: str | None) -> None:
    found = judge(planted.question(values=PAIR), Selected(answers=answers_with(gaps)), Facts())
    expect(found, reason)
    row = found.rows[0]
    assert (row.images, row.images_dropped) == (40 - gaps, gaps)
    whole = answers_with(0)
    kept = whole[whole["image"] >= f"{gaps:03d}"]
    alone = judge(planted.question(values=PAIR), Selected(answers=kept), Facts()).rows[0]
    assert (row.estimate, row.p) == (alone.estimate, alone.p)
    assert any("left out" in caveat for caveat in found.caveats) == bool(gaps)


def test_dropped_images_of_a_secondary_metric_cost_that_metric_only() -> None:
    gaps = answers_with(4).assign(metric="scd")
    answers = pd.concat([answers_with(0), gaps])
    question = planted.question(values=PAIR, secondary=("scd",))
    found = judge(question, Selected(answers=answers), Facts())
    assert found.verdict == "supported"
    assert found.rows_of("secondary")[0].verdict == "not answerable"


def test_a_secondary_metric_without_scores_costs_its_own_rows_only() -> None:
    answers = answers_with(0)
    half = answers[answers["block"] > 3].assign(metric="scd")
    question = planted.question(values=PAIR, secondary=("scd", "mi"))
    found = judge(question, Selected(answers=pd.concat([answers, half])), Facts())
    assert found.verdict == "supported"
    assert [(row.metric, row.blocks) for row in found.rows_of("secondary")] == [("scd", 5)]


def test_a_missing_cell_or_metric_is_not_answerable() -> None:
    answers = answers_with(0)
    lost = answers[(answers["block"] != 3) | (answers["value"] != "b")]
    question = planted.question(values=PAIR)
    expect(judge(question, Selected(answers=lost), Facts()), "1 cells, the first b in block 3")
    unscored = planted.question(values=PAIR, primary=("qabf", "vif"))
    expect(judge(unscored, Selected(answers=answers), Facts()), "VIF has no score at all")
    guarded = planted.question(values=PAIR, guardrails=("en",))
    expect(judge(guarded, Selected(answers=answers), Facts()), "EN has no score at all")


def winners(outer: int, blocks: int = 8) -> pd.DataFrame:
    weights = np.where(np.arange(blocks) < outer, 0.101, 1.0)
    rows = [(block + 1, value) for block in range(blocks) for value in PAIR]
    table = pd.DataFrame(rows, columns=["block", "value"])
    return table.assign(weight=[weights[b - 1] if v == "b" else 1.0 for b, v in rows])


@pytest.mark.parametrize(
    ("outer", "reason"), [(0, None), (2, None), (3, None), (4, "range too narrow: 4 of 8")]
)
def test_winners_crowd_at_the_end_only_beyond_chance(
    judged: Any, outer: int, reason: str | None
) -> None:
    facts = Facts(nuisance=(NuisanceRange(name="weight", low=0.1, high=10, is_log=True),))
    expect(judged(EFFECT, facts=facts, selected={"winners": winners(outer)}), reason)


def test_all_failed_guards_are_told_together_and_the_numbers_stay(judged: Any) -> None:
    found = judged(EFFECT, facts=Facts(may_claim=False), selected={"adaptive": 3}, blocks=3)
    assert found.reason.count(";") >= 2
    assert found.rows[0].p is not None
    assert found.rows[0].verdict == "not answerable"
    assert found.rows[0].sentence.startswith("not answerable: ")  # the question says why


def test_held_settings_fixed_images_and_few_images_are_caveats(judged: Any) -> None:
    found = judged(EFFECT, facts=Facts(held=("learning_rate",), caveats=("a probe",)), images=8)
    text = " ".join(found.caveats)
    assert "learning_rate" in text
    assert "a probe" in text
    assert "only 8 images" in text
    assert "too short, by up to 21%" in text  # Student's t on 7 degrees of freedom: 2.365 to 1.960
    assert not judged(EFFECT).caveats


def test_fixed_images_are_said_and_drop_the_image_term() -> None:
    random = planted.generator("fixed images")
    arrays = planted.scores(random, effects=[0.0, 5.0], image_sd=3.0)
    selected = planted.chosen(arrays, values=PAIR)
    found = {
        kind: judge(planted.question(values=PAIR, images=kind), selected, Facts())
        for kind in ("random", "fixed")
    }
    assert "this test set only" in found["fixed"].caveats[0]
    assert present(found["fixed"].rows[0].se) < present(found["random"].rows[0].se)
    assert found["fixed"].rows[0].df == 7


def expect(found: Any, reason: str | None) -> None:
    if reason is None:
        assert found.verdict == "supported", found.reason
    else:
        assert found.verdict == "not answerable"
        assert reason in found.reason


def test_a_value_without_healthy_trainings_takes_its_own_contrasts_alone(judged: Any) -> None:
    effects = {"qabf": [0.0, 1.0, 2.0]}
    before = judged(effects)
    dead = judged(effects, selected={"replaced": tuple(("c", block) for block in range(1, 5))})
    assert {one.contrast: one.word for one in dead.contrasts} == {
        "b vs a": "gain",
        "c vs a": "not answerable",
    }
    assert dead.verdict == "supported"
    assert "no healthy run of c in 4 blocks: its contrasts are not answered" in dead.caveats
    assert dead.headline.startswith("value b vs a is a gain")
    assert dead.advice == "What to use: value b."
    (row,) = [one for one in before.rows if one.contrast == "b vs a"]
    (same,) = dead.rows  # c has no scores of its own
    assert (same.estimate, same.p) == (row.estimate, row.p)
    assert present(same.p_holm) == 2 * present(same.p)  # the family keeps its size
    silent = judged(
        effects,
        facts=replace(planted.FACTS, may_claim=False),
        selected={"replaced": tuple(("c", block) for block in range(1, 5))},
    )
    assert [one.contrast for one in silent.rows] == ["b vs a"]  # that of others is never described
    for other in ("a", "b"):
        both = tuple((value, block) for value in (other, "c") for block in (1, 2))
        found = judged(effects, selected={"replaced": both})
        expect(found, f"no healthy run of {other} in 2 blocks")  # no contrast is left
