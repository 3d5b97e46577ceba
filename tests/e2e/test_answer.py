"""A blocked study from launch to verdict.json: killed, on other workers, rebuilt from MLflow."""

import json
import os
import re
import shutil
import signal
import time
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from PIL import Image

from tests.drawing import drawing
from tests.e2e.running import ablate, inside, rows, start

pytestmark = pytest.mark.e2e
PAGE = (Path(__file__).parents[2] / "docs" / "mlflow.md").read_text(encoding="utf-8")
STUDY = "q4_variant_answer"
WORDS = [
    "factors.variant.values=[signed, sign_free, magnitude]",
    "~questions.variant.contrasts.axes",
    "data=synthetic",
    "model.width=2",
    "train.gallery=1",
    "train.steps=4",
    "data.crop=32",
    "data.size=[48,48]",
    "data.pairs.train=4",
    "data.pairs.val=2",
    "data.pairs.test=3",
    "base.loss.levels=2",
    "phases.answer.options={points: 2, blocks: 6}",
    "phases.pilot.seeds=2",
    "phases.answer.budgets=[1]",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answer")
    inside("run", STUDY, *WORDS, "executor=inline", "--store", "s", cwd=folder)
    inside("report", STUDY, "--store", "s", "--out", "report", cwd=folder)
    return folder


def test_every_question_has_an_answer_with_its_numbers(whole: Path) -> None:
    verdict = json.loads((whole / "report" / "verdict.json").read_text())
    (question,) = verdict["questions"]
    assert question["verdict"] in (
        "supported",
        "contradicted",
        "practically equivalent",
        "undecided",
        "not answerable",
    )
    contrasts = {row["contrast"] for row in question["rows"]}
    assert contrasts == {"split", "sign", "both"}
    assert all(len(row["by_block"]) == 6 for row in question["rows"])
    runs = {path.name for path in (whole / "s" / STUDY / "runs").iterdir()}
    assert len(runs) == 2 + 3 * 2 * 6
    assert {run for row in question["rows"] for run in row["run_ids"]} <= runs
    page = unescape((whole / "report" / "report.html").read_text())
    assert question["headline"] in page
    assert question["advice"] in page


def test_blocks_are_parents_and_the_design_is_registered(whole: Path) -> None:
    kinds = dict(
        rows(
            whole / "s" / "mlflow.db",
            "select value, count(*) from tags where key = 'ablate.kind' group by 1",
        )
    )
    assert kinds["block"] == 3 * 6
    assert kinds["run"] == 3 * 2 * 6 + 2
    winners = rows(
        whole / "s" / "mlflow.db",
        "select count(*) from tags where key = 'ablate.winner' and value = 'true'",
    )
    assert winners == [(18,)]
    assert list((whole / "s").rglob("pre-registration.json"))


@pytest.mark.slow
def test_a_killed_driver_and_one_worker_end_with_the_same_verdict(
    whole: Path, tmp_path: Path
) -> None:
    driver = start("run", STUDY, *WORDS, "--store", "s", "--workers", "1", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "s" / STUDY).glob("runs/*/result.json"))) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    ablate("run", STUDY, *WORDS, "--store", "s", "--workers", "1", cwd=tmp_path)
    ablate("report", STUDY, "--store", "s", "--out", "report", cwd=tmp_path)
    mine, theirs = (folder / "report" / "verdict.json" for folder in (tmp_path, whole))
    assert mine.read_bytes() == theirs.read_bytes()
    states = rows(tmp_path / "s" / "mlflow.db", "select distinct status from runs")
    assert states == [("FINISHED",)]


@pytest.mark.slow
def test_a_further_budget_is_told_beside_the_answer_and_resumes(tmp_path: Path) -> None:
    words = [
        *WORDS[:-3],
        "phases.answer.options={points: 2, blocks: 2}",
        "phases.pilot.seeds=2",
        "phases.answer.claims=false",
        "train.steps=8",
        "factors.variant.values=[signed, magnitude]",
        "~questions.variant.contrasts",
    ]
    folders = [tmp_path / name for name in ("killed", "whole")]
    for folder in folders:
        folder.mkdir()
    driver = start("run", STUDY, *words, "--store", "s", "--workers", "1", cwd=folders[0])
    deadline = time.monotonic() + 200
    while len(list((folders[0] / "s" / STUDY).glob("runs/*/result.json"))) < 12:  # 10 at budget 1
        assert driver.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    for folder in folders:
        inside("run", STUDY, *words, "executor=inline", "--store", "s", cwd=folder)
        inside("report", STUDY, "--store", "s", "--out", "report", cwd=folder)
    mine, theirs = (folder / "report" / "verdict.json" for folder in folders)
    assert mine.read_bytes() == theirs.read_bytes()
    (question,) = json.loads(theirs.read_text())["questions"]
    assert all(row["budgets"][0]["blocks"] == 2 for row in question["rows"])
    assert all("At twice the steps " in row["sentence"] for row in question["rows"])
    for page in ("report.html", "report.md"):
        text = (folders[1] / "report" / page).read_text()
        assert "Pilot, val Qabf by steps (2 seeds): 1 " in text
        assert "At twice the steps " in text
    table = pd.read_csv(folders[1] / "report" / "tables" / "runs.csv")
    assert table["budget"].value_counts().to_dict() == {1: 8, 2: 8}
    assert set(table.loc[table["budget"].isna(), "phase"]) == {"pilot"}
    for folder in folders:
        tags = dict(
            rows(
                folder / "s" / "mlflow.db",
                "select value, count(*) from tags where key = 'ablate.budget' group by 1",
            )
        )
        assert tags == {"1": 8 + 4, "2": 8 + 4}  # runs, and their blocks
        winners = rows(
            folder / "s" / "mlflow.db",
            "select count(*) from tags where key = 'ablate.winner' and value = 'true'",
        )
        assert winners == [(2 * 4,)]  # within each budget


def test_the_report_needs_nothing_but_mlflow(whole: Path, tmp_path: Path) -> None:
    store, away = whole / "s", tmp_path / "away"
    away.mkdir()
    names = [path.name for path in store.iterdir() if path.name not in ("artifacts", "mlflow.db")]
    assert {STUDY, "optuna.db", "store.json"} <= set(names)
    for name in names:
        shutil.move(store / name, away / name)
    try:
        inside(
            "report",
            "--from-mlflow",
            f"sqlite:///{store / 'mlflow.db'}",
            "--study",
            STUDY,
            "--out",
            "again",
            cwd=tmp_path,
        )
    finally:
        for name in names:
            shutil.move(away / name, store / name)
    first, again = whole / "report", tmp_path / "again"
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert {Path("verdict.json"), Path("tables/winners.csv"), Path("report.html")} <= set(files)
    for file in files:
        assert (again / file).read_bytes() == (first / file).read_bytes(), file


def test_the_labels_of_a_study_can_be_shuffled(whole: Path) -> None:
    done = inside("selftest", STUDY, "--store", "s", "--shuffles", "5", "--json", cwd=whole)
    said = json.loads(done.stdout)
    (control,) = said["questions"]
    assert said["passes"] is control["passes"] is True
    assert (control["question"], control["shuffles"], control["most"]) == ("variant", 5, 2)


def test_every_run_is_named_by_its_mlflow_run(whole: Path) -> None:
    known = dict(
        rows(
            whole / "s" / "mlflow.db",
            "select value, run_uuid from tags where key = 'ablate.run_id'",
        )
    )
    table = pd.read_csv(whole / "report" / "tables" / "runs.csv")
    assert dict(zip(table["run_id"], table["mlflow_run_id"], strict=True)) == known
    page = (whole / "report" / "report.html").read_text()
    assert all(found in page for found in known.values())
    verdict = (whole / "report" / "verdict.json").read_text()
    assert not any(found in verdict for found in known.values())


def test_pictures_are_those_of_one_block_and_can_be_left_out(whole: Path, tmp_path: Path) -> None:
    page = (whole / "report" / "report.html").read_text()
    assert '<img alt="Fused images"' in page
    assert '<img alt="Gradient maps"' in page
    store = str(whole / "s")
    with drawing("arm_points", "fused_grid"):
        inside("report", STUDY, "--store", store, "--no-pictures", "--out", "bare", cwd=tmp_path)
    assert (tmp_path / "bare" / "figures" / "arm_points.svg").exists()
    assert "--no-pictures" in (tmp_path / "bare" / "report.html").read_text()
    assert not (tmp_path / "bare" / "figures" / "fused_grid.svg").exists()
    done = inside("report", STUDY, "--store", store, "--picture", "nope", cwd=tmp_path, code=2)
    assert done.stderr.startswith("--picture: no picture of 'nope'")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--from-mlflow", "sqlite:////no/such.db", "--study", "x", "--out", "o"], 1, "no such"),
        (["--from-mlflow", "foo://bar", "--study", "x", "--out", "o"], 1, "cannot be opened"),
        (["--from-mlflow", "sqlite:///x.db", "--study", "x"], 2, "--out DIR"),
        (["--from-mlflow", "sqlite:///x.db", "--out", "o", "name"], 2, "--study NAME"),
        ([], 2, "name one study"),
    ],
)
def test_what_cannot_be_rendered_is_said_in_one_line(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    done = inside("report", *words, cwd=tmp_path, code=code)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_filters_of_the_mlflow_page_find_what_they_say(whole: Path) -> None:
    client = MlflowClient(f"sqlite:///{whole / 's' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(STUDY).experiment_id
    a_run = next((whole / "s" / STUDY / "runs").iterdir()).name
    found = {
        what: len(client.search_runs([experiment], text.replace("'RUN'", f"'{a_run}'")))
        for what, text in re.findall(r"^\| (.+?) \| `` (.+?) `` \|$", PAGE, re.MULTILINE)
    }
    arms, blocks, points, pilot = 3, 6, 2, 2
    scores = found.pop("high scores")
    assert 0 <= scores <= arms * blocks * points + pilot
    every = {
        "trials and blocks, without their runs": 1 + 1 + arms * blocks,
        "the answer's blocks alone": arms * blocks,
        "its blocks at twice the steps": 0,
        "one arm of a factor, every block": blocks,
        "one block, its arms side by side": arms,
        "the runs that val chose, with all their settings": arms * blocks,
        "what belongs to a question": arms * blocks,
        "the pilot": 1 + pilot,
        "what a question's verdict rests on": arms * blocks,
        "what failed, was pruned or did not end": 0,
        "what ended unhealthy: flat, saturated, negative, a copy": 0,
        "what a dead worker or a full memory touched": 0,
        "one run by the id that the report names": 1,
        "one setting": arms * blocks * points + pilot,
    }
    assert found == every


def test_the_python_of_the_mlflow_page_fuses_as_the_command_does(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(whole)
    names: dict[str, Any] = {}
    for code in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(code.replace("ablate-store", "s"), "docs/mlflow.md", "exec"), names)
    assert names["table"].shape == (6, 3)
    assert names["table"].notna().all(axis=None)
    pair = np.random.default_rng(0).integers(0, 256, (2, 1, 37, 53), np.uint8)
    for side, image in zip(("infrared", "visible"), pair, strict=True):
        (whole / side).mkdir()
        Image.fromarray(image[0]).save(whole / side / "x.png")
    inside(
        "fuse",
        "--study",
        STUDY,
        "--store",
        "s",
        "--infrared",
        "infrared",
        "--visible",
        "visible",
        "--grey",
        "--out",
        "fused",
        cwd=whole,
    )
    fused = names["network"].predict(dict(zip(("infrared", "visible"), pair, strict=True)))
    with Image.open(whole / "fused" / "x.png") as image:
        np.testing.assert_array_equal(fused[0], np.asarray(image))
