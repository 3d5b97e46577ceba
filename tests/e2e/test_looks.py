"""A study that stops at a look, from launch to report, and the same after a kill at the look."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.drawing import drawing
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants"]}, "_self_"],
    "title": "Stops at a look",
    "questions": {
        "variant": {
            "asks": "Does the sign matter?",
            "compare": "variant",
            "primary": ["qabf"],
            "smallest_effect": {"qabf": 0.5},  # of 1: equivalent as soon as one may look
        }
    },
    "factors": {"variant": {"values": ["signed", "sign_free"]}},
    "phases": {
        "answer": {
            "design": "blocked",
            "looks": 2,
            "options": {"points": 1, "blocks": 12, "redraws": 0},
        }
    },
    "base": {
        "data": {"name": "synthetic", "crop": 64, "pairs": {"train": 2, "val": 1, "test": 2}},
        "model": {"name": "probe"},
        "train": {"steps": 200, "learning_rate": 0.05, "device": "cpu", "gallery": 0},
        "metrics": {"names": ["qabf"]},
    },
}


def verdict(folder: Path, store: str) -> dict[str, Any]:
    with drawing():
        inside("report", "mine", "--store", store, "--out", f"r-{store}", cwd=folder)
    question: dict[str, Any]
    (question,) = json.loads((folder / f"r-{store}" / "verdict.json").read_text())["questions"]
    return question


def test_a_decided_question_stops_and_a_kill_at_the_look_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    words = ("mine", "executor=inline", "--store", "s")
    said = inside("run", *words, cwd=tmp_path).stdout
    line = "variant: decided at look 1 of 2, after 6 of 12 blocks (alpha 0.0031)"
    assert "mine: 12 of 12 runs finished" in said
    assert line in said.splitlines()
    assert line in inside("status", "mine", "--store", "s", cwd=tmp_path).stdout
    ledger = tmp_path / "s" / "mine" / "ledger.jsonl"
    whole = ledger.read_bytes()
    cut = whole.index(b'{"event": "look"')
    ledger.write_bytes(whole[: cut + 9])  # killed while it wrote what the look closed
    assert line in inside("run", *words, cwd=tmp_path).stdout.splitlines()
    assert inside("doctor", "mine", "--store", "s", cwd=tmp_path).returncode == 0
    assert ledger.read_bytes() == whole
    found = verdict(tmp_path, "s")
    assert found["alpha"] == pytest.approx(0.00305, abs=1e-4)
    assert any(text.startswith("read at look 1 of 2, after 6 of 12") for text in found["caveats"])
    noise = inside("plan", "mine", "--noise", "mine@s", cwd=tmp_path).stdout
    assert "by the noise of 6 blocks of mine on" in noise
