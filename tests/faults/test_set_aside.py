"""Damaged files of an ended study: named, set aside, made anew or left out with a word."""

import json
from pathlib import Path

import pytest

from tests.command_line import typed
from tests.drawing import drawing
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["data.pairs.train=1", "data.pairs.val=1", "data.pairs.test=2", "train.gallery=2"]


def test_no_damaged_file_closes_a_study(tmp_path: Path) -> None:
    inside("run", STUDY, *WORDS, "--store", "s", cwd=tmp_path)
    (run,) = (tmp_path / "s" / "cold" / "runs").iterdir()
    (tables,) = (tmp_path / "s").rglob("artifacts/study/runs.parquet")
    whole = tables.read_bytes()

    def doctor(*words: str, code: int) -> str:
        return inside("doctor", STUDY, *words, "--store", "s", cwd=tmp_path, code=code).stdout

    assert "agree" in doctor(code=0)
    picture = sorted(run.glob("fused/*.png"))[0]
    picture.write_bytes(b"")
    journal = run / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"kind"', b'"kinD"', 2))
    found = doctor(code=1)
    assert f"fused/{picture.name} has 0 bytes instead of" in found
    assert "journal.jsonl holds other bytes than were written" in found
    doctor("--repair", code=0)
    assert "agree" in doctor(code=0)
    report = ["report", STUDY, "--store", "s", "--out", "out"]
    with drawing():
        said = inside(*report, cwd=tmp_path).stdout
    assert "2 files were damaged and left out" in " ".join(said.split())
    assert picture.with_name(f"{picture.name}.damaged").exists()

    tables.write_bytes(whole[:100])
    refused = typed(*report, cwd=tmp_path)
    assert refused.returncode == 1
    assert "published runs.parquet has 100 bytes instead of" in refused.stderr
    assert "ablate doctor cold --repair" in refused.stderr
    assert "runs.parquet has 100 bytes" in doctor(code=1)
    doctor("--repair", code=0)
    with drawing():
        inside(*report, cwd=tmp_path)

    result = run / "result.json"
    metrics = json.loads(result.read_text(encoding="utf-8"))["metrics"]
    result.write_bytes(result.read_bytes()[:50])
    status = inside("status", STUDY, "--store", "s", cwd=tmp_path).stdout
    assert "result.json: not the result of a run" in status
    inside("run", STUDY, *WORDS, "--store", "s", cwd=tmp_path)
    assert json.loads(result.read_text(encoding="utf-8"))["metrics"] == metrics
    assert list((tmp_path / "s" / "cold" / "damaged").iterdir())
    assert "agree" in doctor(code=0)
