"""Blocks of several environments: compared within, refused where mixed."""

import pandas as pd
import pytest

from ablate.analysis.facts import Facts
from ablate.analysis.guards import _environments
from ablate.analysis.strata import stratified

STRATA = [
    {"id": "a", "runs": 4, "differs": []},
    {"id": "b", "runs": 4, "differs": ["torch 2.12 -> 2.13"]},
]


def points(*strata: str) -> pd.DataFrame:
    """Return two values in each of four blocks, in the order block 1, block 1, block 2, ..."""
    blocks = [block for block in (1, 2, 3, 4) for _ in range(2)]
    return pd.DataFrame({"block": blocks, "stratum": strata})


def test_one_environment_changes_nothing() -> None:
    facts = Facts()
    assert stratified(facts, points(*"aaaaaaaa"), STRATA) is facts
    assert stratified(facts, points(*"aaaaaaaa").drop(columns="stratum"), ()) is facts


def test_whole_blocks_of_two_environments_are_a_caveat() -> None:
    found = stratified(Facts(), points(*"aaaabbbb"), STRATA)
    assert found.caveats == (
        "blocks of 2 environments (torch 2.12 -> 2.13): values are compared within blocks only",
    )
    assert list(_environments(found)) == []


def test_a_block_of_two_environments_answers_nothing() -> None:
    found = stratified(Facts(), points(*"aaaababb"), STRATA)
    assert list(_environments(found)) == [
        "1 block holds runs of several environments (torch 2.12 -> 2.13), the first is block 3"
    ]
    assert found.caveats == ()


def test_a_run_that_was_lost_with_its_worker_mixes_nothing() -> None:
    table = points("b", "b", "b", "", "b", "b", "b", "b").assign(state="finished")
    assert stratified(Facts(), table, STRATA).mixed_blocks == (2,)
    table.loc[3, "state"] = "failed"
    facts = Facts()
    assert stratified(facts, table, STRATA) is facts


@pytest.mark.parametrize("strata", [(), STRATA[:1]])
def test_what_is_not_known_is_said(strata: tuple[dict[str, object], ...]) -> None:
    found = stratified(Facts(), points(*"aaaabbbb"), strata)
    assert "not known how they differ" in found.caveats[0]
