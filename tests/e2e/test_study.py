"""Whole studies through real processes and real stores."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.running import (
    SMALL,
    ablate,
    inside,
    results,
    start,
    stores,
    wait_for_a_submitted_run,
)

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    inside("run", "quickstart", *SMALL, "--store", "s", "--workers", "2", cwd=folder)
    return folder


def test_a_study_ends_with_its_planned_runs_in_every_store(whole: Path) -> None:
    status = json.loads(inside("status", "quickstart", "--store", "s", "--json", cwd=whole).stdout)
    assert status["planned"] == status["finished"]
    assert status["running"] == status["failed"] == status["interrupted"] == 0
    found = stores(whole / "s")
    keys = [key for _, key in found["mlflow"]]
    assert len(keys) == len(set(keys))
    assert {state for state, _ in found["mlflow"]} == {"FINISHED"}
    assert sum(key.startswith("run/") for key in keys) == status["planned"]
    assert len(found["optuna"]) == 4 + 6  # arms, and as many trials of the search as asked for
    assert set(found["optuna"]) <= {"COMPLETE", "PRUNED"}


def test_running_again_runs_nothing_and_changes_nothing(whole: Path) -> None:
    before, scores = stores(whole / "s"), results(whole / "s")
    stamps = {path: path.stat().st_mtime_ns for path in (whole / "s").rglob("result.json")}
    inside("run", "quickstart", *SMALL, "--store", "s", cwd=whole)
    assert stores(whole / "s") == before
    assert results(whole / "s") == scores
    assert {path: path.stat().st_mtime_ns for path in (whole / "s").rglob("result.json")} == stamps


@pytest.mark.slow  # tests/report renders twice in one process by default
def test_the_report_is_self_contained_says_no_claim_and_renders_the_same_bytes(
    whole: Path,
) -> None:
    ablate("report", "quickstart", "--store", "s", "--out", "one", cwd=whole)
    inside("report", "quickstart", "--store", "s", "--out", "two", cwd=whole)
    page = (whole / "one" / "report.html").read_text()
    assert "claims nothing" in page
    assert "Toy budget" in page
    assert 'src="http' not in page
    for title in ("Test scores per arm", "Learning curves", "Fused images"):
        assert f'<img alt="{title}"' in page
    files = sorted(p.relative_to(whole / "one") for p in (whole / "one").rglob("*") if p.is_file())
    assert len(files) > 10
    for name in files:
        assert (whole / "one" / name).read_bytes() == (whole / "two" / name).read_bytes(), name


def test_a_changed_design_in_the_same_store_is_refused(whole: Path) -> None:
    changed = [*SMALL, "train.steps=9"]
    done = inside("run", "quickstart", *changed, "--store", "s", cwd=whole, code=1)
    assert "another design" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_one_worker_in_line_gives_the_same_scores(whole: Path, tmp_path: Path) -> None:
    inside("run", "quickstart", *SMALL, "executor=inline", "--store", "s", cwd=tmp_path)
    assert results(tmp_path / "s") == results(whole / "s")


@pytest.mark.slow  # tests/chaos kills a driver by default
@pytest.mark.parametrize("moment_s", [0.5, 3.0])
def test_kill_minus_nine_of_the_driver_then_the_same_command_ends_as_if_nothing_happened(
    whole: Path, tmp_path: Path, moment_s: float
) -> None:
    driver = start("run", "quickstart", *SMALL, "--store", "s", cwd=tmp_path)
    wait_for_a_submitted_run(tmp_path / "s")
    time.sleep(moment_s)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    ablate("run", "quickstart", *SMALL, "--store", "s", cwd=tmp_path)
    assert results(tmp_path / "s") == results(whole / "s")
    assert stores(tmp_path / "s") == stores(whole / "s")


def test_a_diverging_run_is_failed_with_its_reason_and_kept(tmp_path: Path) -> None:
    words = [*SMALL, "train.learning_rate=1e30", "~phases.search", "executor=inline"]
    done = inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path, code=3)
    assert "failed" in done.stdout
    status = inside("status", "quickstart", *words, "--store", "s", "--json", cwd=tmp_path)
    facts = json.loads(status.stdout)
    assert facts["failed"] > 0
    assert all(reason.startswith("diverged") for reason in facts["reasons"].values())
    assert "FAILED" in {state for state, _ in stores(tmp_path / "s")["mlflow"]}
