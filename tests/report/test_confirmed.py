"""A confirmation that no question asks for: mean, deviation and difference, and no verdict."""

from statistics import fmean, stdev
from typing import Any

import pytest

from ablate.analysis.answers import answer
from ablate.analysis.confirmation import described
from ablate.report.best import best
from ablate.report.confirmed import confirmed_table, in_words
from ablate.report.contents import Contents
from ablate.report.first_page import first_part
from tests.report.searching import contents_of, run
from tests.report.test_first_page import sentences

BASE, WINNER = (0.50, 0.52, 0.54), (0.55, 0.53, 0.60)


def confirmed(*, question: str = "", same_arm: bool = False) -> Contents:
    """Return a search of one trial, and its winner against the baseline in three blocks."""
    runs = [run("hunt", 0, **{"factor.rate": "0.1", "val/qabf": 0.9})]
    for block, scores in enumerate(zip(BASE, WINNER, strict=True), start=1):
        for name, score in zip(("base", "won"), scores, strict=True):
            made = run("again", 2 * block + (name == "won"), block, block=block)
            arm = "baseline" if name == "base" or same_arm else "rate 0.1"
            runs.append({**made, "arm": arm, "arm_id": arm, "recipe_id": name, "test/qabf": score})
    frozen: list[dict[str, Any]] = [
        {"name": "baseline", "source": "the base values"},
        {"name": "winner 1", "source": "trial 0", "settings": {"rate": 0.1}, "val": 0.9},
    ]
    confirmation = {
        "phase": "again",
        "question": question,
        "of": "hunt",
        "arms": frozen,
        "recipes": [["baseline", "base"], ["winner 1", "won"]],
    }
    phases = {"hunt": {"design": "search"}, "again": {"design": "confirm", "blocks": 3}}
    return contents_of(runs, phases=phases, confirmations=[confirmation])


def test_mean_deviation_and_difference_are_those_of_the_blocks() -> None:
    given = confirmed()
    base, winner = described(given.facts, given.runs)
    assert (base.mean, base.sd, base.blocks) == (fmean(BASE), pytest.approx(stdev(BASE)), 3)
    assert base.difference is None
    apart = [one - other for one, other in zip(WINNER, BASE, strict=True)]
    assert winner.difference == pytest.approx(fmean(apart))
    assert winner.difference_sd == pytest.approx(stdev(apart))


def test_the_first_page_and_the_table_say_it_and_nothing_is_answered() -> None:
    given = confirmed()
    assert answer(given.facts, given.runs, given.images, generated_by="x") is None
    (text,) = in_words(given)
    assert text == (
        "The best of hunt (rate 0.1), trained anew on 3 fresh seeds, has test Qabf 0.5600 ± "
        "0.0361; the baseline has 0.5200 ± 0.0200, a difference of +0.0400 ± 0.0265."
    )
    assert text in set(sentences(first_part(given, ()).blocks))
    rows = [[cell.text for cell in row] for row in confirmed_table(given).rows]
    assert [row[:5] for row in rows] == [
        ["again", "baseline", "as it is", "the base values", "3"],
        ["again", "winner 1", "rate 0.1", "trial 0", "3"],
    ]


def test_best_lists_what_was_confirmed_with_its_deviation() -> None:
    (first, second) = best(confirmed()).arms
    assert (first.arm, first.runs, first.sd) == ("rate 0.1", 3, pytest.approx(stdev(WINNER)))
    assert second.arm == "baseline"


def test_recipes_of_one_arm_are_told_apart() -> None:
    assert [one.arm for one in best(confirmed(same_arm=True)).arms] == [
        "baseline (winner 1)",
        "baseline (baseline)",
    ]


def test_what_a_question_asks_for_is_not_described() -> None:
    given = confirmed(question="q")
    assert described(given.facts, given.runs) == ()
    assert best(given).arms == ()
