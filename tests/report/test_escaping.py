"""Words from files are text everywhere: page, Markdown, LaTeX, CSV."""

import re
import string
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.report.contents import Contents
from ablate.report.page import markdown
from ablate.report.sections import report
from ablate.tables import Cell, harmless, latex_text, markdown_text, table, to_latex, write_csv
from tests.report.hostile import FORMULA, hostile_report

BARE = re.compile(r"(?<!\\)(?:\\\\)*[*_`\[\]|~$#]")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a study whose every word is hostile."""
    return hostile_report(tmp_path_factory.mktemp("evil"))


def test_the_page_holds_no_markup_of_others(evil: Path) -> None:
    page = (evil / "report.html").read_text()
    assert page.count("<script") == 1
    assert page.index("<script>") > page.rindex("&lt;script&gt;")
    assert page.count("&lt;script&gt;") > 5
    assert 'href="javascript' not in page


def test_markdown_has_no_tag_link_or_emphasis_of_others(evil: Path) -> None:
    text = (evil / "report.md").read_text()
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(javascript", text)
    assert "**b**" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "alert" in line]
    assert rows
    heads = {line.count("|") for line in text.splitlines() if line.startswith("|---")}
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= heads


def test_no_cell_of_a_csv_file_is_a_formula(evil: Path) -> None:
    files = list(evil.rglob("*.csv"))
    assert len(files) > 5
    cells = pd.read_csv(evil / "tables" / "runs.csv", dtype=str)["arm"]
    assert "'" + FORMULA in set(cells)
    for path in files:
        for cell in pd.read_csv(path, dtype=str).fillna("").to_numpy().ravel():
            assert harmless(cell) == cell, path.name


def test_latex_holds_no_command_of_others(evil: Path) -> None:
    text = (evil / "tables" / "arms.tex").read_text() + (
        evil / "tables" / "answers.tex"
    ).read_text()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"\input" not in body
    assert r"\textbackslash{}input\{z\}" in body
    assert body.count(r"\begin{tabular}") == body.count(r"\end{tabular}") > 1


@given(st.text(string.printable + "λ中↑\u202e", max_size=40))
def test_any_text_is_a_balanced_latex_cell(text: str) -> None:
    escaped = latex_text(text)
    bare = re.sub(r"\\[{}%&$#_]", "", escaped)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"(?<!\\)[%&#_]", re.sub(r"\\[a-z]+(\{\})?|\$.*?\$", "", bare))
    assert "\n" not in escaped
    commands = set(re.findall(r"\\([a-z]+)", escaped))
    assert commands <= {
        "textbackslash",
        "textasciitilde",
        "textasciicircum",
        "textless",
        "textgreater",
        "textbar",
        "uparrow",
        "lambda",
    }


@given(st.text(string.printable, max_size=40))
def test_any_text_is_one_plain_line_of_markdown(text: str) -> None:
    found = markdown_text(text)
    assert "\n" not in found
    assert "<" not in found
    assert not BARE.search(found)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_texts_that_a_spreadsheet_would_run_get_an_apostrophe(start: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({f"{start}head": [f"{start}1+cmd", "plain", None], "n": [-1.0, 2.0, 3.0]})
    write_csv(frame, tmp_path / "t.csv")
    found = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert found.columns[0] == f"'{start}head".replace("\r", " ")
    assert found.iloc[:, 0].tolist() == [f"'{start}1+cmd".replace("\r", " "), "plain", ""]
    assert found["n"].tolist() == [-1.0, 2.0, 3.0]


def test_a_number_written_as_text_stays_a_number() -> None:
    assert harmless("-0.5") == "-0.5"
    assert harmless("-a") == "'-a"
    assert harmless(" =1+1") == "' =1+1"  # spreadsheets trim
    assert harmless("\x1b[2Ja") == "\\x1b[2Ja"


def test_bold_cells_are_bold_and_heads_are_escaped() -> None:
    text = to_latex(table(["a_b", "c"], [["x", Cell(text="1 & 2", is_bold=True)]]))
    assert r"a\_b & c \\" in text
    assert r"x & \textbf{1 \& 2} \\" in text
    for rule in ("toprule", "midrule", "bottomrule"):
        assert rf"\{rule}" in text


def test_no_line_of_markdown_starts_a_head_or_a_list_of_others(
    contents: Callable[..., Contents],
) -> None:
    text = markdown(report(contents(title="# head", asks=[FORMULA, "1. one", "- two"]), []))
    assert "# \\# head" in text
    assert "\n1\\. one\n" in text
    assert "\n\\- two\n" in text
