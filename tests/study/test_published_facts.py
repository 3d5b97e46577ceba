"""What a study publishes of itself: one document, the same after it was written and read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.analysis.published import read_facts
from ablate.config.loading import load
from ablate.published import MetricFacts, StudyDocument
from ablate.stored import decode, encode
from ablate.study.open_study import OpenStudy
from ablate.study.publish import facts

ROOT = Path(__file__).resolve().parents[2]
STUDIES = {
    "quickstart": [],
    "q2_levels": ["data=synthetic"],
    "q4_variant_answer": ["data=synthetic", "phases.answer.options.redraws=2"],
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_document_is_the_same_after_it_was_written_and_read(name: str, tmp_path: Path) -> None:
    study = OpenStudy(load(name, STUDIES[name], ROOT), store=tmp_path)
    made = facts(study)
    raw = json.loads(json.dumps(encode(made)))
    assert encode(decode(StudyDocument, raw, where="facts")) == raw
    read = read_facts(raw)
    assert read.registered == made.registered
    assert read.phases == made.phases
    assert read.study == study.config.name
    assert [one.id for one in read.questions] == [one.id for one in made.registered]
    assert read.phases.keys() == study.config.phases.keys()


def test_the_direction_of_a_plug_ins_metric_is_read_where_the_plug_in_is_not(
    tmp_path: Path,
) -> None:
    made = facts(OpenStudy(load("quickstart", [], ROOT), store=tmp_path))
    made = replace(
        made,
        metrics=(*made.metrics, "nats"),
        declared={"nats": MetricFacts(label="NATS", better="lower")},
    )
    for question in read_facts(encode(made)).questions:
        assert question.sign_of("nats") == -1
