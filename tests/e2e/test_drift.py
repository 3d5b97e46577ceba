"""A library or a loss changes in the middle of a study."""

import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from ablate.training import environment
from tests.drawing import drawing
from tests.e2e.running import SMALL, inside

pytestmark = pytest.mark.e2e
WORDS = [
    *SMALL,
    "~phases.search",
    "executor=inline",
    "train.steps=3",
    "metrics.names=[qabf,mi]",
    "questions.variant.primary=[qabf]",
]


@pytest.fixture(autouse=True)
def fresh() -> object:
    environment.kept.cache_clear()
    yield
    environment.kept.cache_clear()


def test_a_new_torch_is_refused_then_accepted_and_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ["run", "quickstart", *WORDS, "--store", "s"]
    inside(*run, cwd=tmp_path)
    for folder in sorted((tmp_path / "s" / "quickstart" / "runs").iterdir())[:3]:
        (folder / "result.json").unlink()
        (folder / "journal.jsonl").unlink()

    monkeypatch.setattr(
        environment, "version", lambda name: "9.9" if name == "torch" else version(name)
    )
    environment.kept.cache_clear()
    refused = inside(*run, cwd=tmp_path, code=1)
    (line,) = refused.stderr.strip().splitlines()[-1:]
    assert f"torch {version('torch')} -> 9.9" in line
    assert "--accept-drift" in line

    inside(*run, "--accept-drift", cwd=tmp_path)
    said = inside("status", "quickstart", "--store", "s", cwd=tmp_path).stdout
    assert f"3 runs (torch {version('torch')} -> 9.9)" in said
    assert "5 runs\n" in said
    assert "3 runs (torch" in inside("doctor", "quickstart", "--store", "s", cwd=tmp_path).stdout
    published = tmp_path / "s" / "quickstart" / "published"
    strata = json.loads((published / "facts.json").read_text())["strata"]
    with drawing():
        inside("report", "quickstart", "--store", "s", "--out", "report", cwd=tmp_path)
    sentence = f"Runs of 2 environments, which plain means pool: 5; 3 (torch {version('torch')}"
    assert sentence in (tmp_path / "report" / "report.html").read_text()
    assert [one["runs"] for one in strata] == [5, 3]
    table = pd.read_parquet(published / "runs.parquet")
    assert table["stratum"].value_counts().to_dict() == {one["id"]: one["runs"] for one in strata}
    inside(*run, cwd=tmp_path)  # accepted once and for all
