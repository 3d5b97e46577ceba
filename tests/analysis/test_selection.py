"""The winner of a block: best on val, scored on test; failures keep their place."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.analysis.facts import Facts
from ablate.analysis.judging import judge
from ablate.analysis.selection import select
from ablate.analysis.selftest import planted
from ablate.analysis.sensitivity import sensitivity
from ablate.errors import DataError
from ablate.metrics.catalogue import Direction

VALUES = ("a", "b")
METRICS = ("qabf", "vif")


def design(
    *, blocks: int = 6, points: int = 4, seed: int = 0, images: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(seed)
    runs, scores = [], []
    for block in range(1, blocks + 1):
        for value in VALUES:
            for point in range(1, points + 1):
                run = f"{block}{value}{point}"
                runs.append(
                    {
                        "block": block,
                        "value": value,
                        "point": point,
                        "run_id": run,
                        "state": "finished",
                        "reason": "",
                        "weight": float(point),
                        **{f"val/{metric}": random.normal() for metric in METRICS},
                    }
                )
                scores += [
                    (run, split, f"i{i}", metric, random.normal())
                    for split in ("val", "test")
                    for i in range(images)
                    for metric in METRICS
                ]
    return pd.DataFrame(runs), pd.DataFrame(
        scores, columns=["run_id", "split", "image", "metric", "value"]
    )


def fail(points: pd.DataFrame, where: Any, reason: str = "diverged at step 3") -> pd.DataFrame:
    failed = points.copy()
    failed.loc[where, ["state", "reason"]] = ["failed", reason]
    failed.loc[where, [f"val/{metric}" for metric in METRICS]] = np.nan
    return failed


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), better=st.sampled_from(["higher", "lower"]))
def test_the_winner_is_the_best_on_val_and_its_scores_are_of_test(
    seed: int, better: Direction
) -> None:
    points, images = design(blocks=2, seed=seed)
    found = select(points, images, metric="vif", better={"qabf": "higher", "vif": better})
    pick = max if better == "higher" else min
    for (block, value), part in points.groupby(["block", "value"]):
        best = pick(part.itertuples(), key=lambda row: row[1 + list(part.columns).index("val/vif")])
        mine = found.answers[(found.answers["block"] == block) & (found.answers["value"] == value)]
        theirs = images[(images["run_id"] == best.run_id) & (images["split"] == "test")]
        assert sorted(mine["score"]) == sorted(theirs["value"])
        assert set(mine["run_id"]) == {best.run_id}
    assert (found.replaced, found.adaptive, found.unfinished) == ((), 0, 0)


def test_the_order_of_rows_and_ties_choose_nothing() -> None:
    points, images = design()
    points["val/qabf"] = 1.0
    one = select(points, images)
    other = select(points.sample(frac=1, random_state=1), images.sample(frac=1, random_state=2))
    assert set(one.winners["point"]) == {1}
    assert one.winners.equals(other.winners)


def test_a_failed_point_has_lost_and_its_block_stays() -> None:
    points, images = design()
    best = points[points["block"] == 1].sort_values("val/qabf").iloc[-1]
    found = select(fail(points, points["run_id"] == best.run_id), images)
    assert best.run_id not in set(found.winners["run_id"])
    assert len(found.winners) == 12
    assert found.failures[0].failed == 0  # a divergence is a result, not a loss


def test_where_all_points_failed_the_worst_finite_score_of_the_block_stands_in() -> None:
    points, images = design()
    lost = (points["block"] == 2) & (points["value"] == "b")
    found = select(fail(points, lost), images)
    assert found.replaced == (("b", 2),)
    test = images[images["split"] == "test"]
    rivals = points.loc[(points["block"] == 2) & (points["value"] == "a"), "run_id"]
    for metric in METRICS:
        rows = test[(test["metric"] == metric) & test["run_id"].isin(rivals)]
        worst = rows.groupby("run_id")["value"].mean().min()
        cell = found.answers[
            (found.answers["block"] == 2)
            & (found.answers["value"] == "b")
            & (found.answers["metric"] == metric)
        ]
        assert cell["score"].mean() == pytest.approx(worst)
        assert set(cell["run_id"]) == {"2b1"}


def test_a_block_without_any_finite_run_has_no_answer() -> None:
    points, images = design()
    found = select(fail(points, points["block"] == 2), images)
    assert 2 not in set(found.answers["block"])
    assert {block for _, block in found.replaced} == {2}


def test_runs_lost_to_the_machine_searched_or_open_are_counted() -> None:
    points, images = design()
    lost = fail(points, points["run_id"].isin(["1a1", "1a2"]), reason="oom")
    lost.loc[lost["run_id"] == "3b1", "state"] = "interrupted"
    lost["adaptive"] = lost["run_id"] == "4a1"
    found = select(lost, images)
    assert [(f.value, f.failed, f.planned) for f in found.failures] == [("a", 2, 24), ("b", 0, 24)]
    assert (found.adaptive, found.unfinished) == (1, 1)


def test_a_point_that_the_machine_lost_for_one_value_is_left_out_for_all() -> None:
    points, images = design()
    best = points[(points["block"] == 1) & (points["value"] == "b")].nlargest(1, "val/qabf").iloc[0]
    lost = fail(points, points["run_id"] == best.run_id, reason="oom")
    found = select(lost, images, drops_lost_points=True)
    assert found.left_out == ((1, best.point),)
    assert not set(found.offered.query("block == 1")["point"]) & {best.point}
    assert found.replaced == ()
    assert [(f.value, f.failed, f.planned) for f in found.failures] == [("a", 0, 24), ("b", 1, 24)]
    rest = points[(points["block"] != 1) | (points["point"] != best.point)]
    assert found.winners["run_id"].tolist() == select(rest, images).winners["run_id"].tolist()
    assert select(lost, images).left_out == ()  # the rule of studies that began before it
    (caveat,) = judge(planted.question(values=VALUES), found, Facts()).caveats[-1:]
    assert "1 tuning point is left out for all values in 1 block" in caveat
    assert "(1 of b)" in caveat


def test_a_divergence_is_left_out_for_nobody() -> None:
    points, images = design()
    found = select(fail(points, points["run_id"] == "1b1"), images, drops_lost_points=True)
    assert found.left_out == ()


def test_a_block_that_lost_every_point_counts_as_missing() -> None:
    points, images = design(blocks=8, images=20)
    gone = (points["block"] == 2) & (points["value"] == "b")
    found = select(fail(points, gone, reason="oom"), images, drops_lost_points=True)
    assert 2 not in set(found.answers["block"])
    facts = Facts(planned_blocks=8)
    assert "7 of 8 planned blocks" in judge(planted.question(values=VALUES), found, facts).reason


def test_numbers_as_values_keep_their_order_and_type() -> None:
    points, images = design()
    points["value"] = points["value"].map({"a": 0.5, "b": 0.25})
    found = select(points, images)
    assert found.winners["value"].tolist()[:2] == [0.25, 0.5]


@pytest.mark.parametrize("column", ["point", "val/qabf"])
def test_a_missing_column_is_named(column: str) -> None:
    points, images = design()
    with pytest.raises(DataError, match=f"no column {column}"):
        select(points.drop(columns=column), images)


def test_the_answer_is_given_for_every_selecting_metric() -> None:
    points, images = design(blocks=8, images=20)
    # vif selects the points where b is truly better; qabf selects among equals
    better = points["run_id"].str.match(r".b1")
    points.loc[better, "val/vif"] = 99.0
    points.loc[better, "val/qabf"] = -99.0
    gain = images["run_id"].isin(points.loc[better, "run_id"]) & (images["metric"] == "qabf")
    images.loc[gain, "value"] += 50.0
    question = planted.question(values=VALUES, expects="higher")
    found = sensitivity(points, images, question=question, facts=Facts(), metrics=("qabf", "vif"))
    assert [entry.metric for entry in found] == ["qabf", "vif"]
    assert found[1].verdict == "supported"
    assert found[0].verdict != "supported"
    assert list(found[0].own) == ["b vs a"]
    assert found[1].own == {}  # vif decides nothing here
