"""What tests write as a study publishes it: plain JSON in, typed values or plain JSON out."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis import answers, exploration
from ablate.analysis.published import StudyFacts, read_facts
from ablate.analysis.question import RegisteredQuestion
from ablate.published import PhaseFacts
from ablate.stored import decode, encode

FACTS: Mapping[str, Any] = {
    "study": "s",
    "title": "T",
    "asks": [],
    "primary": [],
    "data_label": "pairs",
    "data_name": "msrs",
    "data_hash": "d",
    "counts": {},
    "design_hash": "h",
    "protocol": "p",
    "protocol_hash": "q",
    "metrics": [],
    "budget": "9 steps",
    "arms": [],
    "phases": {},
    "objective": "val/qabf",
}
QUESTION: Mapping[str, Any] = {
    "id": "q",
    "asks": "?",
    "factor": "v",
    "baseline": "a",
    "primary": ["qabf"],
    "arms": [],
}


def study(raw: Mapping[str, Any]) -> StudyFacts:
    """Return facts of a study; what a test does not name has a default."""
    questions = [{**QUESTION, **one} for one in raw.get("questions", ())]
    return read_facts({**FACTS, **raw, "questions": questions})


def question(raw: Mapping[str, Any]) -> RegisteredQuestion:
    """Return one question of a study."""
    return study({"questions": [raw]}).questions[0]


def phase(raw: Mapping[str, Any]) -> PhaseFacts:
    """Return one phase of a study."""
    return decode(PhaseFacts, {"design": "blocked", **raw}, where="phase")


def answer(
    raw: Mapping[str, Any], runs: pd.DataFrame, images: pd.DataFrame, *, generated_by: str
) -> dict[str, Any] | None:
    """Return the answers as verdict.json has them."""
    found = answers.answer(study(raw), runs, images, generated_by=generated_by)
    return None if found is None else encode(found)


def explore(raw: Mapping[str, Any], runs: pd.DataFrame) -> dict[str, Any]:
    """Return the exploration as verdict.json has it; {} where nothing varied."""
    return encode(exploration.explore(study(raw), runs)) or {}
