"""Stores of earlier versions open and give the answers they gave; newer ones are refused."""

import json
import re
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.assets.make_store import NAME
from tests.command_line import typed

HERE = Path(__file__).resolve().parent
STORES = sorted(HERE.glob("store-*.tar.gz"))
MOST_BYTES = 1_500_000
Unpack = Callable[[Path], Path]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Return what unpacks a store into a folder, another than it was written in."""

    def into(archive: Path) -> Path:
        with tarfile.open(archive) as tar:
            tar.extractall(tmp_path, filter="data")
        return tmp_path

    return into


def refused(folder: Path, *words: str) -> str:
    done = typed(*words, cwd=folder)
    assert done.returncode == 1, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "a bug" not in done.stderr
    return done.stderr


def test_there_is_one_and_it_is_small() -> None:
    assert STORES
    for archive in STORES:
        assert archive.stat().st_size < MOST_BYTES
        with tarfile.open(archive) as tar:
            names = tar.getnames()
        assert not any(name.endswith((".png", ".jpg", ".tif")) for name in names)


@pytest.mark.parametrize("archive", STORES, ids=lambda path: path.name)
def test_an_old_store_that_was_moved_gives_the_answers_it_gave(
    archive: Path, unpack: Unpack
) -> None:
    folder = unpack(archive)
    expected: dict[str, Any] = json.loads(
        archive.with_name(archive.name.replace(".tar.gz", ".json")).read_text()
    )
    status = typed("status", NAME, "--json", cwd=folder)
    assert status.returncode == 0, status.stderr
    facts = json.loads(status.stdout)
    assert {key: facts[key] for key in expected["counts"]} == expected["counts"]
    doctor = typed("doctor", NAME, cwd=folder)
    is_another_design = "with another design" in doctor.stderr
    assert is_another_design or "ledger, MLflow and Optuna agree" in doctor.stdout, doctor
    report = typed("report", NAME, "--out", "report", cwd=folder)
    assert report.returncode == 0, report.stderr
    verdicts = json.loads((folder / "report" / "verdict.json").read_text())
    for question in verdicts["questions"]:
        before = expected["verdicts"][question["id"]]
        assert question["verdict"] == before["verdict"]
        estimates = [row["estimate"] for row in question["rows"]]
        assert estimates == pytest.approx(before["estimates"], rel=1e-9)


@pytest.mark.parametrize("found", ["2", '"1.0"', "null"])
def test_a_store_of_another_format_is_refused_with_what_to_do(found: str, unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    (folder / "ablate-store" / "store.json").write_text(f'{{"format": {found}}}')
    pictures = ["--infrared", "x", "--visible", "x", "--out", "out"]
    for words in (
        ["run", NAME],
        ["status", NAME],
        ["doctor", NAME],
        ["report", NAME],
        ["best", NAME],
        ["ui"],
        ["fuse", "--study", NAME, *pictures],
        ["compare", "a", "b"],
    ):
        told = refused(folder, *words)
        assert "store.json: store format" in told, (words, told)
        assert "use another --store, or the version that wrote it" in told
    assert not (folder / "out").exists()


@pytest.mark.parametrize("content", ["", "{", "[1]", "\0", "[" * 5000, "9" * 9000])
def test_a_store_whose_format_cannot_be_read_is_refused(content: str, unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    (folder / "ablate-store" / "store.json").write_text(content)
    assert "store format unreadable" in refused(folder, "status", NAME)


def test_a_ledger_of_a_later_format_is_refused(unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    ledger = folder / "ablate-store" / NAME / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"format": 1', '"format": 2', 1))
    assert "written in format 2, this version reads 1; use another" in refused(
        folder, "status", NAME
    )


def test_an_mlflow_database_of_a_later_schema_is_refused(unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    with sqlite3.connect(folder / "ablate-store" / "mlflow.db") as database:
        database.execute("update alembic_version set version_num = 'ffffffffffff'")
    told = refused(folder, "report", NAME)
    assert "mlflow" in told
    assert "; " in told


def test_an_optuna_database_of_a_later_schema_is_refused(unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    with sqlite3.connect(folder / "ablate-store" / "optuna.db") as database:
        database.execute("update alembic_version set version_num = 'v99.0.0'")
    told = refused(folder, "doctor", NAME)
    assert "optuna" in told
    assert "; " in told


HOSTILE = (
    "<script>alert(1)</script> & \"'><img src=x onerror=alert(2)> [a](javascript:alert(3)) | `x` "
    "\x1b[2J\x1b]0;owned\x07\u202e"
)


def test_the_report_escapes_every_text_that_came_from_a_file(unpack: Unpack) -> None:
    folder = unpack(STORES[-1])
    (place,) = (folder / "ablate-store" / "artifacts").rglob("study/facts.json")
    facts = json.loads(place.read_text())
    place.write_text(json.dumps(_poisoned(facts)))
    assert HOSTILE.split()[0] in json.loads(place.read_text())["title"]
    done = typed("report", NAME, "--out", "report", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines())
    html = ("<script>alert", "<img src=x", 'href="javascript:')
    for page, raws in (("report.html", html), ("report.md", (*html, r"(?<!\\)\]\(javascript:"))):
        text = (folder / "report" / page).read_text()
        assert "alert" in text
        assert [raw for raw in raws if re.search(raw, text)] == [], page


def _poisoned(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts with markup in every text that people write."""
    said = ("title", "asks", "data_label", "budget", "label", "name")

    def walk(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {inner: walk(item, inner) for inner, item in value.items()}
        if isinstance(value, list):
            return [walk(item, key) for item in value]
        return f"{value} {HOSTILE}" if isinstance(value, str) and key in said else value

    found: dict[str, Any] = walk(facts, "")
    return found
