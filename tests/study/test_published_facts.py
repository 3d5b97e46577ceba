"""What a study publishes of itself is what the report reads: no key is lost on the way."""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from ablate.analysis import published
from ablate.config.loading import load
from ablate.study.open_study import OpenStudy
from ablate.study.publish import facts

ROOT = Path(__file__).resolve().parents[2]
QUESTION = published._StoredQuestion  # what `read_facts` reads a question as
STUDIES = {
    "quickstart": [],
    "q2_levels": ["data=synthetic"],
    "q4_variant_answer": ["data=synthetic", "phases.answer.options.redraws=2"],
}


def unread(kind: Any, raw: Any, where: str) -> Iterator[str]:
    """Yield the keys of a document that no field has."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        kinds = [one for one in args if dataclasses.is_dataclass(one)]
        if kinds and raw is not None:
            yield from unread(kinds[0], raw, where)
    elif origin is tuple and isinstance(raw, list):
        for at, item in enumerate(raw):
            yield from unread(args[0], item, f"{where}[{at}]")
    elif origin is not None and isinstance(raw, Mapping):
        for key, item in raw.items():
            yield from unread(args[1], item, f"{where}.{key}")
    elif dataclasses.is_dataclass(kind) and isinstance(raw, Mapping):
        hints = get_type_hints(kind)
        fields = {one.metadata.get("name") or one.name: one for one in dataclasses.fields(kind)}
        has_rest = any(one.metadata.get("inline") for one in fields.values())
        for key, item in raw.items():
            if key in fields:
                yield from unread(hints[fields[key].name], item, f"{where}.{key}")
            elif not has_rest:
                yield f"{where}.{key}"


@pytest.mark.parametrize("name", STUDIES)
def test_every_key_that_is_published_is_read(name: str, tmp_path: Path) -> None:
    study = OpenStudy(load(name, STUDIES[name], ROOT), store=tmp_path)
    raw = facts(study)
    questions = raw.pop("questions")
    for_people = ["facts.baseline_arm"]
    assert list(unread(published.StudyFacts, raw, "facts")) == for_people
    for question in questions:
        assert list(unread(QUESTION, question, "question")) in ([], ["question.dimension"])
    read = published.read_facts({**raw, "questions": questions})
    assert read.study == study.config.name
    assert [one.id for one in read.questions] == [one["id"] for one in questions]
    assert read.phases.keys() == study.config.phases.keys()


def test_the_direction_of_a_plug_ins_metric_is_read_where_the_plug_in_is_not(
    tmp_path: Path,
) -> None:
    study = OpenStudy(load("quickstart", [], ROOT), store=tmp_path)
    raw = facts(study)
    raw["metrics"] = [*raw["metrics"], "nats"]
    raw["declared"] = {"nats": {"label": "NATS", "better": "lower"}}
    for question in published.read_facts(raw).questions:
        assert question.sign_of("nats") == -1
