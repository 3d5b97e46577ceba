"""A study with references from its file to its report, by the commands that users type."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ablate.errors import DataError
from tests.drawing import drawing
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = """# @package _global_
defaults: [/search_spaces@space: [variants], _self_]
title: Beside others
questions: {variant: {asks: "Does the sign matter?", compare: variant, primary: [en]}}
factors: {variant: {values: [signed, magnitude]}}
phases: {compare: {design: one_factor, seeds: 1}}
base:
  data: {name: folders, infrared: ir, visible: vi, crop: 32}
  model: {name: densefuse, width: 1}
  train: {steps: 1, batch_size: 1}
  metrics: {names: [en, sd, qabf]}
objective: val/en
references: {Theirs: fused}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for side in ("ir", "vi", "fused"):
        (tmp_path / side).mkdir()
        for index in range(10):
            image = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / side / f"{index}.png")
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "beside.yaml").write_text(STUDY)
    return tmp_path


def test_references_stand_in_the_report_with_the_numbers_of_score(project: Path) -> None:
    refused = inside(
        "run", "beside", "references.Absent=nowhere", cwd=project, code=DataError.exit_code
    )
    assert "nowhere: no such folder; check the path" in refused.stderr
    assert not (project / "ablate-store" / "beside").exists()
    inside("run", "beside", "executor=inline", cwd=project)
    with drawing():
        inside("report", "beside", "--out", "out", cwd=project)
    table = pd.read_csv(project / "out" / "tables" / "arms.csv").set_index(["arm", "metric"])
    (folder,) = (project / "ablate-store").glob("*/published")
    facts = json.loads((folder / "facts.json").read_text())
    (reference,) = facts["references"]
    assert reference["name"] == "Theirs"
    assert str(project) not in json.dumps(facts["references"])
    test = json.loads((folder / "manifest.json").read_text())["splits"]["test"]
    for path in (project / "fused").glob("*.png"):
        if path.stem not in test:
            path.unlink()
    words = ["--infrared", "ir", "--visible", "vi", "--fused", "Theirs=fused"]
    done = inside("score", *words, "--metrics", "en,sd,qabf", "--json", cwd=project)
    methods = {one["method"]: one["metrics"] for one in json.loads(done.stdout)["methods"]}
    for label, method in (
        ("reference Theirs", "Theirs"),
        ("copy of visible", "visible"),
        ("rule guided", "guided"),
    ):
        for metric in ("en", "sd", "qabf"):
            mean = table.loc[(label, metric), "mean"]
            assert mean == pytest.approx(methods[method][metric]["mean"], rel=1e-12), label
    page = (project / "out" / "report.md").read_text()
    assert f"Theirs: {len(test)} images, hash {reference['hash']}" in page


def test_a_probe_is_run_and_says_why_it_scores_none(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inside("run", "beside", "model=probe", "executor=inline", cwd=project)
    why = "the probe optimises crops and fuses no whole image; choose a network"
    assert f"beside: references are not scored: {why}" in caplog.text
    (folder,) = (project / "ablate-store").glob("*/published")
    facts = json.loads((folder / "facts.json").read_text())
    assert "references" not in facts
    assert facts["references_left_out"] == why
    assert not (folder / "references.parquet").exists()
