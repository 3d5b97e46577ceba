"""One table, five writers: the same cells come back from each, whatever they hold."""

import csv
import html.parser
import io
import re
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ablate.tables import (
    Cell,
    Table,
    latex_file,
    latex_text,
    table,
    to_csv,
    to_html,
    to_latex,
    to_markdown,
    to_text,
)

HARD = [
    "50 % & a_b #1",
    "[25] Zhao",
    "~ ^ \\ {x} $y$",
    "αβγ ΛΩ → ↑ ≤ ±",
    '"quoted" <i> | `code`',
    "Łódź ąęø þð «x»",
    "-1.5",
]
TEXTS = st.text(string.ascii_letters + string.digits + " %&_#~^\\[]{}$|<>*`-+=.", max_size=12)
WORDS = TEXTS.map(lambda text: " ".join(text.split()))


def hard() -> Table:
    rows: list[list[Cell | str]] = [
        [Cell(text=text, is_bold=at % 2 == 0), text] for at, text in enumerate(HARD)
    ]
    return table(["edge_share % ↑", "[x]"], rows, rules=[2])


def cells_of(latex: str) -> list[list[str]]:
    """Return the cells of a tabular, read as TeX does: what is escaped ends no cell and no row."""
    body = latex.partition("\\toprule\n")[2].partition("\\bottomrule")[0]
    rows = [line for line in body.splitlines() if line not in (r"\midrule", "")]
    found = []
    for row in rows:
        assert row.endswith(r" \\")
        assert not row.startswith("["), "an option of the row's end before it"
        assert not re.search(
            r"(?<!\\)(?:\\\\)*[%#~^]", row.removesuffix(r" \\").replace(r"$^", "$")
        )
        found.append(re.split(r" (?<!\\)& ", row.removesuffix(r" \\")))
    return found


class _Cells(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        else:
            assert tag in ("div", "table", "thead", "tbody", "b", "i")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip("\n"):
            self.rows[-1][-1] += data


def test_a_row_of_latex_has_a_cell_per_column_whatever_it_holds() -> None:
    rows = cells_of(to_latex(hard()))
    assert {len(row) for row in rows} == {2}
    assert rows[0] == [r"edge\_share \% $\uparrow$", "{[}x{]}"]
    assert rows[2] == ["{[}25{]} Zhao", "{[}25{]} Zhao"]
    assert rows[1] == [r"\textbf{50 \% \& a\_b \#1}", r"50 \% \& a\_b \#1"]
    assert rows[4][1] == (
        r"$\alpha$$\beta$$\gamma$ $\Lambda$$\Omega$ $\rightarrow$ $\uparrow$ $\leq$ $\pm$"
    )


def two_groups() -> Table:
    marked = Cell(text="✓", is_underlined=True, is_bold=True)
    rows: list[list[Cell | str]] = [["a & b", marked, "1"], ["[x]", "", "−2 %"]]
    return table(["", "in %", "b_c"], rows, rules=[1], groups=[("", 1), ("50 % & more", 2)])


def test_groups_of_columns_are_a_line_of_their_own_or_part_of_the_heads() -> None:
    made = two_groups()
    assert made.full_heads == ("", "50 % & more in %", "50 % & more b_c")
    lines = to_latex(made).splitlines()
    assert lines[2] == r"\multicolumn{1}{c}{} & \multicolumn{2}{c}{50 \% \& more} \\"
    assert lines[3] == r"\cmidrule(lr){2-3}"
    assert r"\textbf{\underline{\checkmark{}}}" in to_latex(made)
    page = to_html(made)
    assert '<th scope="colgroup" colspan="2">50 % &amp; more</th>' in page
    assert '<tr class="ruled"><td>[x]</td>' in page
    assert "<b><u>✓</u></b>" in page
    assert "| **<u>✓</u>** |" in to_markdown(made)
    assert to_text(made).splitlines()[0].endswith("50 % & more b_c")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles(tmp_path: Path) -> None:
    text = latex_file([to_latex(hard(), comments=["50 % of\nall"])])
    grouped = latex_file([to_latex(two_groups(), is_centred=True)])
    (tmp_path / "t.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        f"{text}\n{grouped}\n\\end{{document}}\n"
    )
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@given(texts=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_every_writer_keeps_rows_and_columns(texts: list[tuple[str, str]]) -> None:
    made = table(["name", "b"], texts)
    assert [len(row) for row in cells_of(to_latex(made))] == [2] * (len(texts) + 1)
    page = _Cells()
    page.feed(to_html(made))
    assert page.rows == [["name", "b"], *map(list, texts)]
    shown = _Cells()
    shown.feed(MarkdownIt("commonmark").enable("table").render(to_markdown(made)))
    assert [[cell.strip() for cell in row] for row in shown.rows] == page.rows
    rows = list(csv.reader(io.StringIO(to_csv(["name", "b"], texts))))
    assert [len(row) for row in rows] == [2] * (len(texts) + 1)


def test_a_terminal_shows_blocks_of_columns_with_the_best_marked() -> None:
    made = table(
        ["method", "A", "B", "C"],
        [["x", Cell(text="1", is_bold=True), "2", "3"], [Cell(text="mean", is_aside=True), *"456"]],
    )
    text = to_text(made, width=26, first=6, column=8, bold="*")
    assert text.splitlines() == [
        "method       A       B",
        "x           1*      2",
        "(mean)      4       5",
        "",
        "method       C",
        "x           3",
        "(mean)      6",
    ]


@given(st.text(max_size=30))
def test_any_text_is_one_line_of_latex_with_balanced_braces(text: str) -> None:
    found = latex_text(text)
    assert "\n" not in found
    bare = re.sub(r"\\[{}]", "", found)
    assert bare.count("{") == bare.count("}")
