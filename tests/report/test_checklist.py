"""The checklist: 27 items whose answers follow from the facts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ablate.published import Provenance
from ablate.report.checklist import ACL, NEURIPS, REFORMS, checklist
from ablate.report.contents import Contents
from ablate.stored import decode

ORIGIN: dict[str, Any] = {
    "revision": "abc",
    "is_dirty": False,
    "packages": {"torch": "2"},
    "python": "3.11",
    "cpu": {"kind": "k", "used": "AVX2", "flags": []},
    "system": "Linux",
    "device": {"name": "cpu"},
    "determinism": {"deterministic_algorithms": True},
    "command": "ablate run s",
    "data": {"in_two_splits": 0, "licence": "research only"},
}


def origin(**changes: Any) -> Provenance:
    return decode(Provenance, {**ORIGIN, **changes}, where="provenance")


def said(contents: Contents, words: str) -> tuple[str, str]:
    (item,) = [item for item in checklist(contents) if words in item.asks]
    return item.reply, item.why


def changed(contents: Contents, **facts: Any) -> Contents:
    return replace(contents, facts=replace(contents.facts, **{"provenance": origin(), **facts}))


def test_there_are_27_items_from_the_three_lists(answered: Contents) -> None:
    items = checklist(answered)
    assert len(items) == 27
    assert {item.source for item in items} == {NEURIPS, ACL, REFORMS}
    assert len({item.asks for item in items}) == 27
    assert {item.reply for item in items} <= {"yes", "no", "not applicable"}
    assert all(item.why for item in items)


@pytest.mark.parametrize(
    ("words", "key", "worse"),
    [
        ("exact code", "is_dirty", True),
        ("exact code", "revision", "unknown"),
        ("all packages", "packages", {}),
        ("environment recorded", "cpu", None),
        ("one command", "command", ""),
        ("same numbers", "determinism", {"deterministic_algorithms": False}),
        ("two splits", "data", {"in_two_splits": 3}),
        ("time and hardware", "device", None),
    ],
)
def test_an_answer_turns_to_no_when_its_fact_is_missing_or_bad(
    answered: Contents, words: str, key: str, worse: Any
) -> None:
    assert said(changed(answered), words)[0] == "yes"
    assert said(changed(answered, provenance=origin(**{key: worse})), words)[0] == "no"


@pytest.mark.parametrize(
    ("words", "key", "worse"),
    [
        ("how each metric", "protocol_hash", ""),
        ("same data", "data_hash", ""),
        ("was tuned", "nuisance", ()),
        ("every split", "counts", {"train": 1, "val": 0, "test": 1}),
        ("out of every choice", "objective", "test/qabf"),
    ],
)
def test_an_answer_turns_to_no_with_a_published_fact(
    answered: Contents, words: str, key: str, worse: Any
) -> None:
    assert said(answered, words)[0] == "yes"
    assert said(changed(answered, **{key: worse}), words)[0] == "no"


def test_test_scores_in_a_search_are_a_leak(answered: Contents) -> None:
    runs = answered.runs.copy()
    runs.loc[runs["phase"] == "hunt", "test/qabf"] = 0.5
    assert said(replace(answered, runs=runs), "out of every choice")[0] == "no"


def test_unequal_effort_is_said(answered: Contents) -> None:
    last = answered.runs.index[-1]
    assert said(answered, "same effort")[0] == "yes"
    reply, why = said(replace(answered, runs=answered.runs.drop(index=last)), "same effort")
    assert (reply, why) == ("no", "between 15 and 16 runs per value")


def test_a_value_that_collapsed_more_often_did_not_get_the_same_effort(answered: Contents) -> None:
    runs = answered.runs.assign(health="healthy")
    same = replace(answered, runs=runs.copy())
    assert said(same, "same effort")[0] == "yes"
    last = runs[runs["arm_id"] == runs["arm_id"].iloc[-1]].index[-3:]
    runs.loc[last, "health"] = "constant"
    reply, why = said(replace(answered, runs=runs), "same effort")
    assert reply == "no"
    assert why.endswith("between 0 and 3 of them ended unhealthy and could not win")
    why = said(replace(answered, runs=runs), "failures")[1]
    assert f"3 of {len(runs)} runs ended unhealthy: 3 constant images" in why


def test_failures_are_counted(answered: Contents) -> None:
    runs = answered.runs.copy()
    runs.loc[runs.index[:3], "state"] = "failed"
    assert "3 of" in said(replace(answered, runs=runs), "failures")[1]


def test_generated_pairs_have_no_licence_and_nobody_in_them(answered: Contents) -> None:
    real = changed(answered, data_name="msrs", data_label="MSRS")
    for words in ("licence", "people", "society"):
        assert said(answered, words)[0] == "not applicable"
    assert said(real, "licence") == ("yes", "research only")
    assert said(real, "people")[0] == said(real, "society")[0] == "no"


def test_a_study_without_answers_claims_nothing(contents: Callable[..., Contents]) -> None:
    given = contents()
    for words in ("fixed before", "how far", "interval", "corrected"):
        assert said(given, words)[0] == "not applicable"


def test_a_single_seed_is_no_mean(contents: Callable[..., Contents]) -> None:
    given = contents()
    assert said(given, "means over several runs")[0] == "yes"
    one = replace(given, runs=given.runs[given.runs["seed"] == 0])
    assert said(one, "means over several runs")[0] == "no"
