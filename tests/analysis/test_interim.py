"""The look that answers a question, its level and blocks, and what a look closes."""

from typing import Any

import pandas as pd
import pytest

from ablate.analysis import interim
from ablate.analysis.answers import answer
from ablate.analysis.published import read_facts
from ablate.published import LookFacts, PhaseFacts, StudyDocument
from ablate.report.interim import closes
from ablate.stats.interim import levels_at
from ablate.stored import decode
from ablate.study.planned import Look
from ablate.study.publish import AtLook
from tests.analysis.test_answers import BLOCKS, facts, tables
from tests.analysis.written import FACTS

LEVELS = levels_at((0.75, 1.0))


def about(*taken: dict[str, Any], **phase: Any) -> dict[str, Any]:
    """Facts of a study of eight blocks that looks after six and eight."""
    found = {**FACTS, **facts(smallest_effect={"qabf": "4%", "en": "2%"})}
    found["phases"]["answer"] |= {
        "looks": 4,
        "spending": "obrien_fleming",
        "futility": 0.25,
        "taken": list(taken),
        **phase,
    }
    return found


def phase(*taken: LookFacts, **changes: Any) -> PhaseFacts:
    settings = {"blocks": 16, "looks": 4, "spending": "obrien_fleming", "futility": 0.25}
    return PhaseFacts(design="blocked", taken=taken, **{**settings, **changes})


def first_blocks(effect: float, blocks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    runs, images = tables(effect)
    return runs[(runs["phase"] != "answer") | (runs["block"] <= blocks)], images


def looked(effect: float, raw: dict[str, Any], *, blocks: int = BLOCKS) -> Any:
    found = answer(read_facts(raw), *first_blocks(effect, blocks), generated_by="x")
    assert found is not None
    return found.questions[0]


def test_before_the_first_look_there_is_no_answer() -> None:
    question = looked(0.05, about(), blocks=6)
    assert question.verdict == "not answerable"
    assert "its first look has not been taken: it is due after 6 blocks" in question.reason


def test_a_question_is_read_at_the_look_that_closed_it() -> None:
    first = {"number": 1, "blocks": 6, "closed": {"q": "decided"}}
    last = {"number": 2, "blocks": 8, "closed": {}}
    question = looked(0.05, about(first, last))
    assert question.alpha == pytest.approx(LEVELS[0])
    assert {row.blocks for row in question.rows} == {6}
    assert question.verdict == "supported"
    (said,) = [line for line in question.caveats if line.startswith("read at look")]
    assert said == (
        "read at look 1 of 2, after 6 of 8 blocks, by O'Brien-Fleming at alpha 0.019; stopped "
        "there: decided"
    )


def test_an_open_question_is_read_at_the_last_look_that_was_taken() -> None:
    looks = [{"number": n, "blocks": b, "closed": {}} for n, b in ((1, 6), (2, 8))]
    between, end = looked(0.05, about(looks[0])), looked(0.05, about(*looks))
    assert {row.blocks for row in between.rows} == {6}  # later blocks may be half there
    assert {row.blocks for row in end.rows} == {BLOCKS}
    assert end.alpha == pytest.approx(LEVELS[1])


def test_a_spare_block_counts_as_the_one_that_it_is_for() -> None:
    runs = pd.DataFrame({"block": [1, 2, 7, 9, 10]})
    some = phase(redrawn=((2, 9), (9, 10)))
    assert interim.counted(some, runs, blocks=6)["block"].tolist() == [1, 2, 9, 10]
    assert len(interim.counted(phase(looks=1), runs, blocks=0)) == 5


def test_a_described_question_ends_with_the_first_that_closes() -> None:
    first = LookFacts(number=1, blocks=8, closed={"q": "decided"})
    last = LookFacts(number=2, blocks=12)
    some = phase(first, last)
    for question, is_registered, blocks in (("q", True, 8), ("r", True, 12), ("x", False, 8)):
        found = interim.standing(some, question, is_registered=is_registered)
        assert found is not None
        assert found.blocks == blocks


def test_an_even_split_has_no_look_while_it_runs() -> None:
    assert interim.standing(phase(spending="even"), "q") is None
    assert interim.standing(phase(looks=1), "q") is None


def at_look(effect: float, number: int, blocks: int, **changes: Any) -> dict[str, str]:
    raw = about({"number": number, "blocks": blocks, "closed": {}}, **changes)
    runs, images = first_blocks(effect, blocks)
    look = Look(phase="answer", number=number, blocks=blocks)
    return closes(
        AtLook(look=look, facts=decode(StudyDocument, raw, where="facts"), runs=runs, images=images)
    )


def test_a_clear_difference_is_decided_at_the_first_look() -> None:
    assert at_look(0.05, 1, 6) == {"q": interim.DECIDED}


def test_going_on_is_futile_where_the_smallest_effect_cannot_be_shown_any_more() -> None:
    hidden = {"smallest_effect": {"qabf": "0.01%", "en": "2%"}}
    raw = about({"number": 1, "blocks": 6, "closed": {}})
    raw["questions"][0] |= hidden
    runs, images = first_blocks(0.0, 6)
    look = Look(phase="answer", number=1, blocks=6)
    assert closes(
        AtLook(look=look, facts=decode(StudyDocument, raw, where="facts"), runs=runs, images=images)
    ) == {"q": interim.FUTILE}
    raw["phases"]["answer"]["futility"] = 0.0
    assert (
        closes(
            AtLook(
                look=look, facts=decode(StudyDocument, raw, where="facts"), runs=runs, images=images
            )
        )
        == {}
    )


def test_the_last_look_closes_nothing_that_is_open_and_no_look_closes_twice() -> None:
    assert at_look(0.0, 2, 8, futility=0.9) in ({}, {"q": interim.DECIDED})
    first = {"number": 1, "blocks": 6, "closed": {"q": "decided"}}
    raw = about(first, {"number": 2, "blocks": 8, "closed": {}})
    look = Look(phase="answer", number=2, blocks=8)
    assert (
        closes(
            AtLook(
                look=look,
                facts=decode(StudyDocument, raw, where="facts"),
                runs=tables(0.05)[0],
                images=tables(0.05)[1],
            )
        )
        == {}
    )
