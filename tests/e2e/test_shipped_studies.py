"""Every shipped research question runs: its probe twin on generated pairs, at a tiny size."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ablate import config
from ablate.analysis.answers import answer
from ablate.analysis.document import Verdicts
from ablate.analysis.published import read_facts
from ablate.study.driver import run
from ablate.study.names import known
from tests.yaml.test_packaged_files import ANSWERED

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TINY = (
    "train.steps=2",
    "data.pairs.train=4",
    "data.pairs.val=1",
    "data.pairs.test=2",
    "phases.pilot.seeds=1",
    "phases.answer.preset=smoke",
    "phases.answer.options.points=1",
    "executor=inline",
    "train.gallery=0",
)


def answered(name: str, folder: Path) -> Verdicts:
    words = [*TINY]
    if "explore" in config.load(name).phases:
        words.append("phases.explore.trials=2")
    outcome = run(config.load(name, words, known=known()), store=folder / "s")
    assert outcome.counts == {"finished": outcome.planned, "pruned": 0, "failed": 0}
    published = outcome.folder / "published"
    content = answer(
        read_facts(json.loads((published / "facts.json").read_text())),
        pd.read_parquet(published / "runs.parquet"),
        pd.read_parquet(published / "images.parquet"),
        generated_by="test",
    )
    assert content is not None
    return content


@pytest.mark.parametrize("name", ANSWERED)
def test_a_shipped_question_runs_and_is_answered_by_its_probe(name: str, tmp_path: Path) -> None:
    study = config.load(f"probe_{name}")
    content = answered(f"probe_{name}", tmp_path)
    assert [question.id for question in content.questions] == list(study.questions)
    for question in content.questions:
        assert question.verdict == "not answerable"  # a smoke preset never claims
        assert "smoke" in question.reason
        assert {row.metric for row in question.rows} == set(study.base["metrics"]["names"])
        assert all(len(row.by_block) == 3 for row in question.rows)
