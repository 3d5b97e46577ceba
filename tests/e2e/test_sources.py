"""A whole study over MRI and PET, as a reader meets it: nothing in it says infrared or visible."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.brains import brains
from tests.command_line import typed

WORDS = re.compile(r"infrared|visible", re.IGNORECASE)
STYLE = re.compile(r"focus-visible|overflow[\"':]*\s*visible|content-visibility:\s*visible")
STUDY = """
title: Brains
questions:
  which: {asks: "Does one source alone help?", compare: selection, primary: [qabf]}
space:
  dimensions:
    selection: {path: loss.selection, type: categorical, choices: [per_axis_max, visible, infrared]}
factors:
  selection: {values: [per_axis_max, PET], baseline: per_axis_max}
phases:
  compare: {design: one_factor, seeds: 1}
base:
  data: {name: harvard, root: brains, crop: 16}
  model: {name: unet, width: 2, depth: 1, output: visible}
  loss: {levels: 2, terms: {to_visible: {kind: ssim, to: visible, infrared_share: 0.3, weight: 1}}}
  train: {steps: 4, batch_size: 2, gallery: 2}
  metrics: {names: [qabf, vif, en]}
executor: {name: inline}
"""


def said(text: str) -> list[str]:
    """Return the lines of a text that say what they should not."""
    return [line[:200] for line in STYLE.sub("", text).splitlines() if WORDS.search(line)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("brains")
    brains(folder / "brains", cases=4, slices=2)
    (folder / "brains.yaml").write_text(STUDY)
    return folder


@pytest.mark.e2e
@pytest.mark.slow
def test_no_page_of_a_pet_study_says_infrared(place: Path) -> None:
    shown = [
        typed("plan", "./brains.yaml", cwd=place),
        typed("run", "./brains.yaml", cwd=place),
        typed("report", "brains", cwd=place),
        typed("best", "brains", cwd=place),
        typed("status", "./brains.yaml", cwd=place),
    ]
    for one in shown:
        assert one.returncode == 0, one.stderr
        assert said(one.stdout + one.stderr) == []
    store = place / "ablate-store"
    report = store / "brains" / "report"
    pages = [report / "report.html", report / "report.md", *report.rglob("*.svg")]
    pages += [*report.rglob("*.csv"), *report.rglob("*.tex"), *report.rglob("*.json")]
    for page in pages:
        assert said(page.read_text("utf-8")) == [], page.name
    text = (report / "report.md").read_text("utf-8")
    assert "MRI" in text
    assert "PET" in text
    published = store / "brains" / "published"
    assert json.loads((published / "facts.json").read_text())["sources"] == ["MRI", "PET"]
    assert {"MRI", "PET"} <= {one.name for one in (published / "gallery").iterdir()}
    with sqlite3.connect(store / "mlflow.db") as database:  # params, tags, metrics, data sets
        assert [line for line in database.iterdump() if WORDS.search(line)] == []


@pytest.mark.e2e
@pytest.mark.slow
def test_a_network_fuses_scores_and_is_exported_under_the_names(place: Path) -> None:
    if not (place / "ablate-store").exists():
        assert typed("run", "./brains.yaml", cwd=place).returncode == 0
    mri, pet = (place / "brains" / "PET-MRI" / side for side in ("MRI", "PET"))
    of = ["--source", f"PET={pet}", "--source", f"MRI={mri}"]  # in any order
    made = typed("fuse", "--study", "brains", "--arm", "PET", *of, "--out", "fused", cwd=place)
    assert made.returncode == 0, made.stderr
    assert said(made.stdout + made.stderr) == []
    refused = typed(
        *("fuse", "--study", "brains", "--arm", "PET", "--out", "x"),
        *("--infrared", str(mri), "--visible", str(pet)),
        cwd=place,
    )
    assert refused.returncode != 0
    assert (
        "the network fuses MRI and PET; say --source MRI=PATH --source PET=PATH" in refused.stderr
    )
    scored = typed("score", *of[2:], *of[:2], "--fused", "fused", "--metrics", "en,sd", cwd=place)
    assert scored.returncode == 0, scored.stderr
    assert said(scored.stdout + scored.stderr) == []
    rows = [line.split()[0] for line in scored.stdout.splitlines() if line.strip()]
    assert {"(MRI)", "(PET)", "fused"} <= set(rows)
