"""What is compared, and whether other choices of the tuning point would say the same."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.estimand import (
    JOINT,
    ByPoints,
    Estimand,
    easily_tuned,
    estimand_of,
    with_caveats,
)
from ablate.analysis.facts import Facts
from ablate.analysis.judging import judge
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.selection import select
from ablate.analysis.selftest.sharpness import AXES, METRIC, QUESTION, Case, rates, study
from ablate.analysis.verdict import Verdict
from ablate.metrics.catalogue import BETTER
from ablate.stored import decode, encode

FACTS = Facts(data="synthetic scores", points=4, nuisance=AXES)
EQUAL = Case(name="equal", sharpness=(20,) * 4, blocks=8)


def found(
    points: pd.DataFrame,
    images: pd.DataFrame,
    *,
    question: RegisteredQuestion = QUESTION,
    facts: Facts = FACTS,
) -> tuple[Verdict, Estimand]:
    selected = select(points, images, metric=METRIC, better=question.better)
    more: dict[str, Any] = {"selected": selected, "facts": facts, "selecting": METRIC}
    return judge(question, selected, facts), estimand_of(question, points, images, **more)


def of(case: Case, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    return study(case, np.random.default_rng(seed))


def test_the_estimand_has_a_name() -> None:
    _, estimand = found(*of(EQUAL))
    assert estimand.name == "the best of 4 random tuning points by val Qabf"
    assert replace(estimand, points=1).name == "the score at one random tuning point"
    assert decode(Estimand, encode(estimand), where="x") == estimand


def test_a_claim_that_only_tuning_makes_has_a_caveat() -> None:
    sharp = rates(Case(name="sharp", sharpness=(5, 20, 40, 80), blocks=8), studies=5)
    assert sharp["claims"] >= 0.6
    assert sharp["caveats"] >= 0.75
    better = rates(Case(name="b", sharpness=(20,) * 4, best=(0, 4, 0, 0), blocks=8), studies=5)
    assert better["claims"] >= 0.8
    assert better["caveats"] <= 0.25


def test_the_caveat_names_contrast_metric_and_estimand() -> None:
    verdict, estimand = found(*of(Case(name="one", sharpness=(5, 5, 5, 80))))
    (caveat,) = easily_tuned(verdict, estimand)
    assert caveat == (
        "what differs is how easily it is tuned, not its best (d vs a in Qabf): found for the best "
        "of 4 random tuning points by val Qabf, not between the fitted optima"
    )
    assert with_caveats(verdict, estimand).caveats[-1] == caveat
    only_half = replace(estimand.of("surface")[2], percent=verdict.contrasts[2].effects[0].change)
    others = (*estimand.alternatives[:2], only_half)
    assert list(easily_tuned(verdict, replace(estimand, alternatives=others))) == []


def test_the_expected_best_by_number_of_points_is_that_of_all_subsets() -> None:
    points, images = of(replace(EQUAL, blocks=3), seed=4)
    _, estimand = found(points, images)
    base = select(points, images).answers.query("value == 'a'")["score"].mean()
    for one in estimand.by_points:
        value = one.contrast[0]
        assert [count for count, _ in one.percents] == [1, 2, 4]
        for count, percent in one.percents:
            means = {}
            for name in ("a", value):
                best = [
                    max(some, key=lambda row: row[0])[1]
                    for _, block in points[points["value"] == name].groupby("block")
                    for some in itertools.combinations(
                        block[[f"val/{METRIC}", f"test/{METRIC}"]].itertuples(index=False), count
                    )
                ]
                means[name] = float(np.mean(best))
            assert percent == pytest.approx(100 * (means[value] - means["a"]) / base)


def test_a_failed_point_is_the_worst_of_its_block_by_number_of_points() -> None:
    points, images = of(replace(EQUAL, blocks=2), seed=4)
    best = points[points["value"] == "b"].nlargest(1, f"val/{METRIC}").index
    points.loc[best, ["state", "reason"]] = ["failed", "diverged at step 2"]
    points.loc[best, [f"val/{METRIC}", f"test/{METRIC}"]] = np.nan
    worst = points[points["block"] == points.loc[best[0], "block"]][f"test/{METRIC}"].min()
    _, estimand = found(points, images)
    filled = points.fillna({f"test/{METRIC}": worst, f"val/{METRIC}": -99.0})
    _, expected = found(filled.assign(state="finished", reason=""), images)
    assert estimand.by_points[0].percents[0][1] == pytest.approx(
        expected.by_points[0].percents[0][1]
    )


def test_an_order_turns_where_the_sign_does() -> None:
    assert ByPoints(contrast="b vs a", metric=METRIC, percents=((1, -1.0), (2, 0.5))).turns
    assert not ByPoints(contrast="b vs a", metric=METRIC, percents=((1, 0.0), (2, 0.5))).turns


def two_metrics() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Qabf and VIF rise at opposite ends of the points; b is better in VIF at VIF's own points."""
    points, images = of(replace(EQUAL, blocks=8), seed=2)
    is_first = points["point"] == 1
    points["val/vif"] = np.where(is_first, 2.0, 0.0) + 0.01 * points["point"]
    points[f"val/{METRIC}"] = np.where(points["point"] == 4, 90.0, 50.0)
    noise = np.random.default_rng(1).normal(size=len(points))
    gain = 5.0 * (is_first & (points["value"] == "b"))
    points["test/vif"] = 10 + gain + 0.01 * noise
    of_run = points.set_index("run_id")["test/vif"]
    vif = images.assign(metric="vif", value=images["run_id"].map(of_run))
    return points, pd.concat([images, vif])


def test_a_metric_at_its_own_points_and_a_joint_choice() -> None:
    points, images = two_metrics()
    question = replace(QUESTION, primary=(METRIC, "vif"), better=dict(BETTER))
    verdict, estimand = found(points, images, question=question)
    assert verdict.contrasts[0].primary["vif"] == "open"
    own = {one.contrast: one for one in estimand.of("own")}
    assert {one.metric for one in own.values()} == {"vif"}
    assert own["b vs a"].word == "gain"
    assert own["b vs a"].percent == pytest.approx(50, abs=1)
    joint = {(one.contrast, one.metric): one for one in estimand.of("joint")}
    assert len(joint) == 6
    assert joint["b vs a", "vif"].word == "open"  # point 4 wins by both together
    assert JOINT not in str(encode(verdict))


def test_lower_is_better_mirrors_the_surface() -> None:
    points, images = of(Case(name="x", sharpness=(20,) * 4, best=(0, 4, 0, 0)), seed=3)
    up = found(points, images)[1].of("surface")
    turned = points.assign(**{name: -points[name] for name in (f"val/{METRIC}", f"test/{METRIC}")})
    question = replace(QUESTION, better={**BETTER, METRIC: "lower"})
    down = found(turned, images.assign(value=-images["value"]), question=question)[1].of("surface")
    assert [one.word for one in down] == [one.word for one in up]
    assert up[0].word == "gain"
    assert [one.percent for one in down] == pytest.approx([-one.percent for one in up])
    assert [one.high for one in down] == pytest.approx([-one.low for one in up])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(points=4), "nothing is tuned"),
        (replace(FACTS, nuisance=AXES * 2), "4 tuned settings in 8 blocks"),
    ],
)
def test_without_a_surface_it_says_why(facts: Facts, reason: str) -> None:
    verdict, estimand = found(*of(EQUAL), facts=facts)
    assert reason in estimand.no_surface
    assert estimand.of("surface") == ()
    assert list(easily_tuned(verdict, estimand)) == []


def test_a_setting_that_some_values_lack_has_no_surface() -> None:
    points, images = of(EQUAL)
    points.loc[points["value"] == "c", "x"] = np.nan
    assert found(points, images)[1].no_surface == "some values have no such setting to tune"
