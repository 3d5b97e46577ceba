"""An objective that is a number for no image: status, best and report say so."""

import json
from pathlib import Path

import pytest

from tests.drawing import drawing
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = [  # VIF needs 41 pixels
    "objective=val/vif",
    "data.size=[40,40]",
    "data.pairs.train=1",
    "data.pairs.val=1",
    "data.pairs.test=1",
]
SAID = "1 of 1 finished runs have no val/vif: it is not a number for any of their images"


def test_an_objective_without_a_number_is_said(tmp_path: Path) -> None:
    inside("run", STUDY, *WORDS, "--store", "s", cwd=tmp_path)
    assert SAID in inside("status", STUDY, "--store", "s", cwd=tmp_path).stdout
    status = inside("status", STUDY, "--store", "s", "--json", cwd=tmp_path).stdout
    assert json.loads(status)["unscored"] == [SAID]
    with drawing():
        said = inside("report", STUDY, "--store", "s", "--out", "out", cwd=tmp_path).stdout
    assert SAID in " ".join(said.split())
    assert SAID in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    best = inside("best", STUDY, "--store", "s", cwd=tmp_path).stdout
    assert SAID in " ".join(best.split())
