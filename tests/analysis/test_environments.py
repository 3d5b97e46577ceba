"""Blocks of several environments: compared within, refused where mixed."""

import pandas as pd
import pytest

from ablate.analysis.environments import within_environments
from ablate.analysis.facts import Facts
from ablate.analysis.guards import _environments
from ablate.published import EnvironmentFacts

ENVIRONMENTS = (
    EnvironmentFacts(id="a"),
    EnvironmentFacts(id="b", differs=("torch 2.12 -> 2.13",)),
)


def points(*strata: str) -> pd.DataFrame:
    """Return two values in each of four blocks, in the order block 1, block 1, block 2, ..."""
    blocks = [block for block in (1, 2, 3, 4) for _ in range(2)]
    return pd.DataFrame({"block": blocks, "stratum": strata})


def test_one_environment_changes_nothing() -> None:
    facts = Facts()
    assert within_environments(facts, points(*"aaaaaaaa"), ENVIRONMENTS) is facts
    assert within_environments(facts, points(*"aaaaaaaa").drop(columns="stratum"), ()) is facts


def test_whole_blocks_of_two_environments_are_a_caveat() -> None:
    found = within_environments(Facts(), points(*"aaaabbbb"), ENVIRONMENTS)
    assert found.caveats == (
        "blocks of 2 environments (torch 2.12 -> 2.13): values are compared within blocks only",
    )
    assert list(_environments(found)) == []


def test_a_block_of_two_environments_answers_nothing() -> None:
    found = within_environments(Facts(), points(*"aaaababb"), ENVIRONMENTS)
    assert list(_environments(found)) == [
        "1 block holds runs of several environments (torch 2.12 -> 2.13), the first is block 3"
    ]
    assert found.caveats == ()


def test_a_run_that_was_lost_with_its_worker_mixes_nothing() -> None:
    table = points("b", "b", "b", "", "b", "b", "b", "b").assign(state="finished")
    assert within_environments(Facts(), table, ENVIRONMENTS).mixed_blocks == (2,)
    table.loc[3, "state"] = "failed"
    facts = Facts()
    assert within_environments(facts, table, ENVIRONMENTS) is facts


@pytest.mark.parametrize("known", [(), ENVIRONMENTS[:1]])
def test_what_is_not_known_is_said(known: tuple[EnvironmentFacts, ...]) -> None:
    found = within_environments(Facts(), points(*"aaaabbbb"), known)
    assert "not known how they differ" in found.caveats[0]
