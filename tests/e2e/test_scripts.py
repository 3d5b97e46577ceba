"""What scripts read: one JSON document on standard output, with the keys that the page names."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import typed
from tests.e2e.running import SMALL

pytestmark = pytest.mark.e2e
WORDS = [*SMALL, "~phases.search", "executor=inline", "train.steps=4"]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli_page.py"


def said(*words: str, cwd: Path, code: int = 0) -> Any:
    done = typed(*words, "--json", cwd=cwd)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)  # the whole of it


def keys() -> dict[str, set[str]]:
    spec = importlib.util.spec_from_file_location("cli_page", PAGE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: set(text.partition(";")[0].split(", ")) for name, text in module.JSON.items()}


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_study_can_be_run_and_read_by_a_script(tmp_path: Path) -> None:
    named = keys()
    first = said("run", "quickstart", *WORDS, "--dry-run", cwd=tmp_path)
    assert set(first) == named["run --dry-run"]
    assert (first["to_run"], first["new"], first["kept"]) == (8, 8, 0)
    assert list(tmp_path.iterdir()) == []
    text = typed("run", "quickstart", *WORDS, "--dry-run", cwd=tmp_path).stdout
    assert text.splitlines() == [
        "quickstart: would make 8 of 8 runs (8 new)",
        "nothing was written",
    ]

    made = said("run", "quickstart", *WORDS, cwd=tmp_path)
    assert set(made) == named["run"]
    assert (made["planned"], made["finished"], made["failed"]) == (8, 8, 0)

    store = tmp_path / "ablate-store"
    begun = store / "quickstart" / "runs" / "interrupted"
    ended = sorted(path for path in begun.parent.iterdir())
    (ended[0] / "result.json").rename(begun.parent.parent / "kept.json")  # as after a kill
    before = content(store)
    again = said("run", "quickstart", *WORDS, "--dry-run", cwd=tmp_path)
    assert (again["to_run"], again["kept"], again["restarted"], again["new"]) == (1, 7, 1, 0)
    (ended[0] / "checkpoint.pt").touch()
    again = said("run", "quickstart", *WORDS, "--dry-run", cwd=tmp_path)
    assert (again["to_run"], again["resumed"], again["restarted"]) == (1, 1, 0)
    (ended[0] / "checkpoint.pt").unlink()
    assert content(store) == before
    (begun.parent.parent / "kept.json").rename(ended[0] / "result.json")

    result = json.loads((ended[1] / "result.json").read_text())
    (ended[1] / "result.json").write_text(
        json.dumps({**result, "state": "failed", "reason": "oom"})
    )
    retried = said("run", "quickstart", *WORDS, "--dry-run", "--retry", cwd=tmp_path)
    assert (retried["to_run"], retried["retried"], retried["kept"]) == (1, 1, 7)
    (ended[1] / "result.json").write_text(json.dumps(result))

    status = said("status", "quickstart", cwd=tmp_path)
    assert set(status) == named["status"]
    assert set(said("doctor", "quickstart", cwd=tmp_path)) == named["doctor"]
    report = said("report", "quickstart", cwd=tmp_path)
    assert set(report) == named["report"]
    assert all((tmp_path / path).exists() for path in report["files"].values())
    assert {"report.html", "report.md", "figures", "tables"} <= set(report["files"])
    first_run, second_run = (path.name for path in ended[:2])
    assert set(said("compare", first_run, second_run, cwd=tmp_path)) == named["compare"]
    assert said("best", "quickstart", cwd=tmp_path)


@pytest.mark.parametrize("words", [["plan", "quickstart"], ["check", "q4_variant"]])
def test_what_needs_no_store_keeps_its_keys(words: list[str], tmp_path: Path) -> None:
    assert set(said(*words, cwd=tmp_path)) == keys()[words[0]]


@pytest.mark.parametrize(
    "words",
    [
        ["run", "quickstart", "train.steps=many"],
        ["plan", "quickstrat"],
        ["status", "quickstart", "train.stepz=1"],
        ["list", "loses"],
    ],
)
def test_a_fault_leaves_standard_output_empty_and_is_one_line(
    words: list[str], tmp_path: Path
) -> None:
    done = typed(*words, "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
