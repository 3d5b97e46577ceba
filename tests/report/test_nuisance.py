"""Nuisance health: places of the winners are those that the guard of the verdict counts."""

from dataclasses import replace

import pytest

from ablate.report.figures import NO_ANSWERS, NotDrawn
from ablate.report.figures.nuisance import Nuisance
from ablate.stats.range_edge import count_outer
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_winners_and_their_places_are_those_of_the_verdict() -> None:
    contents = explored_contents()
    numbers = numbers_of(Nuisance(), contents)
    for question in contents.answered:
        mine = numbers[
            (numbers["question"] == question.id) & (numbers["setting"] == "learning_rate")
        ]
        won = mine[mine["is_winner"].astype(bool)]
        assert sorted(won["number"]) == pytest.approx(
            sorted(winner.nuisance["learning_rate"] for winner in question.winners)
        )
        assert mine["place"].between(0, 1).all()
        for _, of_value in won.groupby("value"):
            assert set(of_value["outer"]) == {count_outer(of_value["place"].tolist())}
            assert set(of_value["winners"]) == {8}


def test_the_share_of_the_gradient_is_the_last_one_of_every_winner() -> None:
    contents = explored_contents()
    numbers = numbers_of(Nuisance(), contents)
    shares = numbers[numbers["setting"] == "grad_share"]
    assert len(shares) == sum(len(question.winners) for question in contents.answered)
    without = replace(contents, curves=contents.curves[:0])
    assert "grad_share" not in set(numbers_of(Nuisance(), without)["setting"])


def test_what_was_not_answered_or_not_tuned_has_a_reason() -> None:
    contents = explored_contents()
    assert Nuisance().numbers(replace(contents, verdicts=None)) == NotDrawn(NO_ANSWERS)
    bare = replace(contents, facts=replace(contents.facts, nuisance=()), curves=contents.curves[:0])
    assert Nuisance().numbers(bare) == NotDrawn("nothing was tuned")
