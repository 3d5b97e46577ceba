"""A study that fuses nothing: workers, a kill, a search with pruning, stores and report."""

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.running import ablate, inside, rows, start
from tests.plugged import forgetting as forgetting

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.usefixtures("forgetting")]
PAGE = Path(__file__).parents[2] / "docs" / "extend" / "task.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
WORDS = [
    "smoothing",
    "+phases.hunt={design: search, trials: 4, sampler: random, pruner: median, rungs: [20, 40]}",
]


def write_page(folder: Path) -> None:
    for title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = folder / title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def table(folder: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text())["metrics"]
        for path in sorted((folder / "smoothing" / "runs").glob("*/result.json"))
    }


@pytest.mark.timeout(900)  # three drivers, a report twice
def test_a_killed_study_goes_on_and_gives_the_table_of_one_that_was_not(tmp_path: Path) -> None:
    write_page(tmp_path)
    driver = start("run", *WORDS, "--workers", "2", "--store", "killed", cwd=tmp_path)
    until = time.monotonic() + 120
    while len(table(tmp_path / "killed")) < 3:
        assert time.monotonic() < until
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    before = table(tmp_path / "killed")
    ablate("run", *WORDS, "--workers", "2", "--store", "killed", cwd=tmp_path)
    inside("run", *WORDS, "executor=inline", "--store", "whole", cwd=tmp_path)
    whole = table(tmp_path / "whole")
    assert len(whole) == 3 + 12 + 4
    assert table(tmp_path / "killed") == whole
    assert before.items() <= whole.items()

    for command in ("status", "doctor", "best"):
        told = inside(command, "smoothing", "--store", "killed", cwd=tmp_path)
        assert told.stdout
    inside("report", "smoothing", "--store", "killed", "--out", "report", cwd=tmp_path)
    (question,) = json.loads((tmp_path / "report" / "verdict.json").read_text())["questions"]
    assert question["rows"][0]["metric"] == "nll"
    assert question["verdict"] != "not answerable"
    assert question["rows"][0]["images"] == 360
    page = (tmp_path / "report" / "report.html").read_text()
    assert "NLL (nats)" in page
    assert "360 test items" in page

    (tmp_path / "elsewhere").mkdir()  # without the plug-in
    address = f"sqlite:///{tmp_path}/killed/mlflow.db"
    ablate(
        "report",
        "--from-mlflow",
        address,
        "--study",
        "smoothing",
        "--out",
        "again",
        cwd=tmp_path / "elsewhere",
    )
    again = json.loads((tmp_path / "elsewhere" / "again" / "verdict.json").read_text())
    assert again["questions"][0]["rows"] == question["rows"]

    keys = rows(tmp_path / "killed" / "mlflow.db", "select distinct key from metrics")
    assert {"test/accuracy", "test/nll", "val/nll", "train/loss"} <= {key for (key,) in keys}
    picture = tmp_path / "x.png"
    Image.new("L", (64, 64)).save(picture)
    done = inside(
        "fuse",
        "--run",
        next(iter(whole)),
        "--store",
        "killed",
        "--infrared",
        str(picture),
        "--visible",
        str(picture),
        "--out",
        "z",
        cwd=tmp_path,
        code=1,
    )
    assert "holds no weights: its task fuses nothing" in done.stderr
