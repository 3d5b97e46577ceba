"""`ablate synthesize`: table, files, JSON, exit codes."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablate.analysis.document import Verdicts
from ablate.analysis.synthesis import ONE_CELL
from tests.analysis.cells_made import asked, row
from tests.command_line import typed

REPORTS = Path(__file__).resolve().parents[2] / "reports"
SELECTION = str(REPORTS / "probe_q7_selection")


def test_a_folder_of_reports_gives_a_table_and_files(tmp_path: Path) -> None:
    done = typed("synthesize", SELECTION, "--out", "all", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "selection: Does choosing the source jointly" in done.stdout
    assert "probe, 2 cells: MSRS-mini; RoadScene-mini" in done.stdout
    (line,) = [one for one in done.stdout.splitlines() if one.endswith(" gain")]
    assert line.startswith("joint_max vs per_..")
    written = sorted(path.name for path in (tmp_path / "all").rglob("*") if path.is_file())
    assert written == ["synthesis.csv", "synthesis.html", "synthesis.md", "synthesis.svg"]


def test_json_is_one_document_and_one_cell_is_said(tmp_path: Path) -> None:
    done = typed("synthesize", f"{SELECTION}/msrs-mini", "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert set(document) == {"contrasts", "remarks"}
    assert [one["word"] for one in document["contrasts"]] == [ONE_CELL] * 2
    assert document["contrasts"][0]["found"] is None
    assert document["contrasts"][0]["cells"][0]["data"] == "MSRS-mini"


def test_what_matters_can_be_said(tmp_path: Path) -> None:
    words = ("synthesize", SELECTION, "--json", "--smallest", "Qabf=10%")
    first = json.loads(typed(*words, cwd=tmp_path).stdout)["contrasts"][0]
    assert (first["metric"], first["smallest"], first["word"]) == ("qabf", 10, "open")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("away",), "away: no such folder, and no study of a store"),
        (("s@away",), "s@away: no such folder, and no study of a store"),
        ((SELECTION, "--smallest", "qabf"), "must be METRIC=PERCENT such as qabf=1"),
        ((SELECTION, "--smallest", "qabf=-1"), "must be METRIC=PERCENT such as qabf=1"),
    ],
)
def test_bad_input_is_a_line_and_exit_code_2(
    words: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    done = typed("synthesize", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_stores_are_named_behind_an_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("a", "b", "empty"):
        (tmp_path / place).mkdir()

    def read(*, store: Path, study: str, is_explored: bool) -> SimpleNamespace:
        assert (study, is_explored) == ("mine", False)
        question = asked(f"set {store.name}", row(6)).question
        none = store.name == "empty"
        return SimpleNamespace(
            verdicts=None if none else Verdicts(study="mine", questions=(question,))
        )

    monkeypatch.setattr("ablate.report.source.read", read)
    done = typed("synthesize", "mine@a", "mine@b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 cells: set a; set b" in done.stdout
    done = typed("synthesize", "mine@a", "mine", "--store", "empty", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "mine: has no answered question; run its answer phase first\n"
