"""Unhealthy trainings are counted per value and state, tested exactly over blocks, and never win."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from ablate.analysis.health import TrainingHealth, health_of, is_unhealthy
from ablate.analysis.selection import select
from ablate.analysis.selftest import planted
from ablate.stats.sign_flip import sign_test
from ablate.stored import encode

BLOCKS, POINTS = 16, 6
PAIR = ("sign_free", "signed")


def points(unhealthy: dict[str, dict[int, int]], state: str = "negative") -> pd.DataFrame:
    """Return trainings of both values: value -> block -> how many of its points ended so."""
    return pd.DataFrame(
        [
            {
                "value": value,
                "block": block,
                "point": point,
                "health": state if point <= unhealthy.get(value, {}).get(block, 0) else "healthy",
            }
            for value in PAIR
            for block in range(1, BLOCKS + 1)
            for point in range(1, POINTS + 1)
        ]
    )


def found(table: pd.DataFrame, **changes: Any) -> TrainingHealth:
    return health_of(planted.question(values=PAIR, **changes), table)


NEGATIVES = dict.fromkeys(range(1, 9), 3) | {9: 4, 10: 4}  # 32 of 96, in 10 of 16 blocks


def test_the_states_of_each_value_are_counted_and_tested_over_blocks() -> None:
    health = found(points({"sign_free": NEGATIVES}))
    assert [(one.value, one.trainings, one.states) for one in health.counts] == [
        ("sign_free", 96, {"negative": 32}),
        ("signed", 96, {}),
    ]
    (sentence,) = health.sentences
    assert sentence == (
        "photographic negatives: 32 of 96 for sign_free, 0 of 96 for signed; in 10 of 16 blocks more "
        "under sign_free than under signed, in none fewer"
    )
    (row,) = encode(health)["comparisons"]
    assert (row["more"], row["fewer"], row["blocks"]) == (0, 10, 16)  # of signed, the value
    assert row["p"] == pytest.approx(2 / 2**10)
    assert health.caveats[0] == sentence
    assert len(health.caveats) == 2


def test_few_unhealthy_trainings_stand_in_the_table_alone() -> None:
    assert found(points({})).sentences == ()
    few = found(points({"signed": {1: 4}}))  # 4 %
    (sentence,) = few.sentences
    assert sentence.endswith("no two values differ by the exact test over blocks")
    assert few.caveats == ()
    assert len(found(points({"signed": {1: 5}})).caveats) == 2


def test_every_pair_and_state_that_occurs_belongs_to_one_family() -> None:
    table = points({"sign_free": NEGATIVES})
    table.loc[(table["value"] == "signed") & (table["point"] == 1), "health"] = "constant"
    health = found(table)
    assert health.states == ("constant", "negative")
    by_state = {one.state: one for one in health.comparisons}
    assert by_state["constant"].p_holm == pytest.approx(2 * 2 / 2**16)
    assert by_state["negative"].p_holm == pytest.approx(2 / 2**10)


def test_a_point_that_one_value_lost_to_the_machine_compares_nothing() -> None:
    table = points({"sign_free": {1: 1}})
    table.loc[(table["value"] == "signed") & (table["block"] == 1), "health"] = ""
    (row,) = found(table).comparisons
    assert (row.more, row.fewer, row.blocks) == (0, 0, 15)


def test_runs_of_earlier_tables_and_trends_have_no_test() -> None:
    table = points({"sign_free": NEGATIVES})
    assert found(table.drop(columns="health")) == TrainingHealth()
    assert not is_unhealthy(table.drop(columns="health")).any()
    assert found(table.assign(health="")).counts == ()
    whole = planted.question(values=PAIR)
    described = tuple(
        type(one)(name=one.name, weights=one.weights, is_exploratory=True)
        for one in whole.contrasts
    )
    assert found(table, contrasts=described).comparisons == ()
    assert whole.pair_of(type(whole.contrasts[0])(name="x", weights=(0.5, 0.5))) is None


@pytest.mark.parametrize(("more", "fewer"), [(0, 0), (1, 0), (3, 3), (10, 2), (0, 40)])
def test_the_sign_test_is_the_binomial_test_of_scipy(more: int, fewer: int) -> None:
    theirs = binomtest(more, more + fewer).pvalue if more + fewer else 1.0
    assert sign_test(more=more, fewer=fewer) == pytest.approx(theirs)


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_equal_rates_are_rejected_in_at_most_alpha_of_studies(shared: float) -> None:
    """Of 1,000 null studies; a part of the deaths may hang on the seed of the block."""
    random = np.random.default_rng(7)
    studies, blocks, trainings = 1000, 16, 4
    of_block = random.random((studies, blocks, 1)) < 0.2
    rate = np.where(of_block, 0.8, 0.1) * shared + 0.3 * (1 - shared)
    counts = random.binomial(trainings, np.repeat(rate, 2, axis=2))
    d = counts[..., 0] - counts[..., 1]
    p = [sign_test(more=int((one > 0).sum()), fewer=int((one < 0).sum())) for one in d]
    assert np.mean(np.array(p) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    assert np.mean(np.array(p) < 0.05) > 0.005  # a test that never rejects would pass above


def test_a_collapse_of_one_value_is_found() -> None:
    random = np.random.default_rng(3)
    counts = random.binomial(4, [0.05, 0.4], size=(500, 16, 2))
    d = counts[..., 1] - counts[..., 0]
    p = [sign_test(more=int((one > 0).sum()), fewer=int((one < 0).sum())) for one in d]
    assert np.mean(np.array(p) < 0.05) > 0.9


def scored(health: dict[str, list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return three blocks of three points per value, better with the number of the point."""
    runs, images = [], []
    for block in (1, 2, 3):
        for at, value in enumerate(("a", "b")):
            for point, state in enumerate(health.get(f"{block}{value}", ["healthy"] * 3), start=1):
                run, score = f"{block}{value}{point}", 0.1 * point + at
                runs.append(
                    {
                        "run_id": run,
                        "block": block,
                        "value": value,
                        "point": point,
                        "state": "finished",
                        "reason": "",
                        "health": state,
                        "val/qabf": score,
                    }
                )
                images.append((run, "test", "x", "qabf", score))
    columns = ["run_id", "split", "image", "metric", "value"]
    return pd.DataFrame(runs), pd.DataFrame(images, columns=columns)


def test_the_best_point_does_not_win_when_it_is_a_negative() -> None:
    chosen = select(*scored({"1a": ["healthy", "healthy", "negative"]}))
    assert chosen.winners.set_index(["block", "value"])["point"][1, "a"] == 2
    assert chosen.winners.set_index(["block", "value"])["point"][1, "b"] == 3
    assert "1a3" not in set(chosen.offered["run_id"])
    assert chosen.replaced == ()


def test_a_value_without_any_healthy_point_gets_the_worst_healthy_score_of_its_block() -> None:
    chosen = select(*scored({"2b": ["constant"] * 3, "2a": ["copy", "healthy", "healthy"]}))
    assert chosen.replaced == (("b", 2),)
    cell = chosen.answers[(chosen.answers["block"] == 2) & (chosen.answers["value"] == "b")]
    assert cell["score"].tolist() == [pytest.approx(0.2)]  # not 0.1, the copy's


def test_a_dead_block_stays_with_equal_scores_for_all() -> None:
    chosen = select(*scored({"2a": ["constant"] * 3, "2b": ["negative"] * 3}))
    assert set(chosen.replaced) == {("a", 2), ("b", 2)}
    mine = chosen.answers[chosen.answers["block"] == 2]
    assert sorted(mine["value"]) == ["a", "b"]
    assert mine["score"].nunique() == 1
