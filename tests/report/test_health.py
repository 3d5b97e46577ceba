"""What a report says of unhealthy trainings: tables, sentences, links, recipes."""

from dataclasses import replace

import pandas as pd
import pytest

from ablate.analysis.answers import answer
from ablate.report.best import best
from ablate.report.blocks import Block, Bullets
from ablate.report.contents import Contents
from ablate.report.runs import health_table, runs_table, searched_table
from ablate.report.sections import report
from ablate.report.summary import summary
from ablate.report.tables import arm_table
from ablate.tracking.reader import with_health
from tests.report.answered import VARIANT, answered_contents


@pytest.fixture(scope="module")
def plain() -> Contents:
    return answered_contents(
        questions=(VARIANT,),
        selecting=("qabf",),
        blocks=8,
        points=2,
        images=4,
        pilot=2,
        explored=0,
        hunted=6,
    )


@pytest.fixture(scope="module")
def negatives(plain: Contents) -> Contents:
    """Return a study in which all first points of one value, and the best trial, are negatives."""
    runs = plain.runs.assign(health="healthy")
    (registered,) = plain.facts.questions
    value, arm = registered.values[1], registered.arms[1]
    runs.loc[(runs["arm_id"] == arm) & (runs["point"] == 1), "health"] = "negative"
    best_trial = runs.loc[runs["phase"] == "hunt", "val/qabf"].idxmax()
    runs.loc[best_trial, "health"] = "negative"
    verdicts = answer(plain.facts, runs, plain.images, generated_by="x")
    assert value != registered.baseline
    return replace(plain, runs=runs, verdicts=verdicts)


def blocks(contents: Contents) -> tuple[Block, ...]:
    """Return what the part on the health of trainings shows."""
    return next(part.blocks for part in report(contents, []).parts if part.anchor == "health")


def test_counts_and_exact_tests_stand_in_verdicts_page_and_terminal(negatives: Contents) -> None:
    (question,) = negatives.answered
    value = question.values[1]
    (sentence,) = question.health.sentences
    assert sentence.startswith("photographic negatives: ")
    assert f"8 of 16 for {value}" in sentence
    assert f"in 8 of 8 blocks more under {value} than under" in sentence
    assert Bullets(texts=(f"{question.id}: {sentence}",)) in blocks(negatives)
    assert sentence in question.caveats
    words = " ".join(summary(negatives).split())
    assert sentence in words
    assert f"9 of {len(negatives.runs)} runs ended unhealthy: 9 photographic negatives" in words
    assert {winner.run_id for winner in question.winners}.isdisjoint(
        negatives.runs.loc[negatives.runs["health"] == "negative", "run_id"]
    )


def test_the_table_counts_every_state_that_occurs(negatives: Contents, plain: Contents) -> None:
    grid = health_table(negatives)
    assert grid.columns == ("phase", "arm", "trainings", "healthy", "photographic negatives")
    rows = {(row[0].text, row[1].text): [cell.text for cell in row[2:]] for row in grid.rows}
    assert rows["hunt", "all"] == ["6", "5", "1"]
    assert ["16", "8", "8"] in rows.values()
    assert health_table(plain).rows == ()  # a table of an earlier version, and nothing tells it
    assert not [block for block in blocks(plain) if isinstance(block, Bullets)]


def test_runs_name_their_state_and_unhealthy_trials_come_last(negatives: Contents) -> None:
    texts = [link.text for row in runs_table(negatives).rows for link in row[2].links]
    assert sum(text.endswith(" (negative)") for text in texts) == 9
    searched = [row[3].text for row in searched_table(negatives).rows]
    assert searched == ["healthy"] * 5 + ["negative"]


def test_recipes_are_healthy_ones(negatives: Contents, plain: Contents) -> None:
    first, healthy = best(plain).recipes, best(negatives).recipes
    assert first[0].run_id not in {recipe.run_id for recipe in healthy}
    assert healthy[0] == first[1]


def test_arms_count_their_unhealthy_runs(negatives: Contents) -> None:
    runs = negatives.runs.assign(health="copy")
    table = arm_table(replace(negatives, runs=runs))
    assert set(table["unhealthy"].dropna()) == {2}


def test_a_run_table_of_an_earlier_version_gets_its_health_from_mean_metrics() -> None:
    old = pd.DataFrame(
        {
            "reason": ["", "", "", "diverged at step 3", "oom", None],
            "val/en": [6.5, 0.0, 6.5, None, None, None],
            "val/scd": [1.7, 0.1, -0.5, None, None, None],
            "test/sd": [40.0, 0.0, 40.0, None, None, 40.0],
        }
    )
    states = ["healthy", "constant", "negative", "not_finite", "", "healthy"]
    assert with_health(old)["health"].tolist() == states
    assert with_health(old.assign(health="copy"))["health"].tolist() == ["copy"] * 6
    assert with_health(old.iloc[:0])["health"].tolist() == []
