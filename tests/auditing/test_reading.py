"""Tables of LaTeX, Markdown and CSV: what is printed, and where a fault stands."""

from pathlib import Path

import pytest

from ablate.auditing.grid import Cell
from ablate.auditing.heads import head_of
from ablate.auditing.latex import printed
from ablate.auditing.table import read
from ablate.errors import DataError


@pytest.mark.parametrize(
    ("raw", "text", "is_bold", "is_underlined"),
    [
        (r"\textbf{0.72}", "0.72", True, False),
        (r"{\bf 0.72}", "0.72", True, False),
        (r"\bfseries 0.72", "0.72", True, False),
        (r"$\mathbf{0.72}$", "0.72", True, False),
        (r"\textbf{\underline{0.72}}", "0.72", True, True),
        (r"\underline{0.72}$_{\pm 0.01}$", "0.72± 0.01", False, True),
        (r"\textcolor{red}{0.72} {\small (ours)}", "0.72 (ours)", False, False),
        (r"\cellcolor{gray!20}0.72\cite{x}", "0.72", False, False),
        (r"\textbf{w/o} $\mathcal{L}_{grad}$", "w/o Lgrad", False, False),
        (r"\multirow{2}{*}{\makecell{a\\b}}", "a b", False, False),
        (r"\ding{51}", "✓", False, False),
        (r"50\,\% \& more", "50% & more", False, False),
        (r"{ {\bf a} 1", "a 1", False, False),
    ],
)
def test_latex_is_read_as_it_is_printed(
    raw: str, text: str, is_bold: bool, is_underlined: bool
) -> None:
    found = printed(raw)
    assert (found.text, found.is_bold, found.is_underlined) == (text, is_bold, is_underlined)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.72", 0.72), (".72", 0.72), ("−1.5", -1.5), ("0.72 ± 0.01", 0.72), ("0.72±.01", 0.72),
        ("72.1%", 72.1), ("0.72 (+0.01)", 0.72), ("1,234.5", 1234.5), ("0.72*", 0.72), ("1e-3", 1e-3),
        ("0.72↑", 0.72), ("-", None), ("✓", None), ("0.7l2", None), ("", None), ("3 / 4", None),
    ],
)  # fmt: skip
def test_numbers(text: str, number: float | None) -> None:
    assert Cell(text=text, line=1, column=1).number == number


@pytest.mark.parametrize(
    ("text", "metric", "said"),
    [
        ("EN↑", "en", "higher"), ("Q^{AB/F}", "qabf", None), ("$Q_{abf}$ ↑", "qabf", "higher"),
        ("QAB/F", "qabf", None), ("MS-SSIM", "ms_ssim", None), ("N^{AB/F}↓", "nabf", "lower"),
        ("PSNR (dB)", "psnr", None), ("MSRS VIF", "vif", None), ("VIFF", "viff", None),
        ("LPIPS ↓", "lpips", "lower"), ("SSIM(%) (+)", "ssim", "higher"), ("mIoU", "miou", None),
    ],
)  # fmt: skip
def test_heads(text: str, metric: str, said: str | None) -> None:
    found = head_of(text)
    assert found is not None
    assert (found.metric, found.said) == (metric, said)


@pytest.mark.parametrize("text", ["Params (M)", "Method", "time", "", "Note", "#", "Epochs"])
def test_other_heads_name_no_metric(text: str) -> None:
    assert head_of(text) is None


def test_a_table_with_metrics_as_rows_is_turned(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("metric,A,Ours\nVIF↑,0.9,1.0\nSSIM,0.8,0.9\n", encoding="utf-8")
    (table,) = read(tmp_path / "t.csv")
    assert [row.name for row in table.rows] == ["A", "Ours"]
    assert [head.name for head in table.heads] == ["VIF", "SSIM"]


def test_a_component_that_is_called_as_a_metric_is_none(tmp_path: Path) -> None:
    text = "| gradient | SSIM | VIF |\n|-|-|-|\n| ✓ |  | 0.9 |\n| ✓ | ✓ | 1.0 |\n"
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    (table,) = read(tmp_path / "t.md")
    assert [head.name for head in table.heads] == ["VIF"]


def test_components_and_repeated_names_make_rows(tmp_path: Path) -> None:
    text = "| A | B | VIF |\n|:-:|:-:|--:|\n| ✓ |  | 0.9 |\n| ✓ | ✓ | 1.0 |\n| ✓ | ✓ | 1.1 |\n"
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    (table,) = read(tmp_path / "t.md")
    assert [row.name for row in table.rows] == ["✓ –", "✓ ✓", "✓ ✓ (2)"]


HEAD = r"\begin{tabular}{lcc}" + "\n" + r"M & VIF & SSIM \\" + "\n"


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("t.tex", HEAD + r"A & 1.0 \\ \end{tabular}", "3:5: this row has 2 cells, the table 3"),
        ("t.tex", HEAD + r"A & 1 & 2 & 3 \\ \end{tabular}", "3:13: this row has 4 cells"),
        ("t.tex", HEAD + "A & 1.0 & 2.0", "1:1: this tabular is never ended"),
        ("t.tex", HEAD + r"A & \textbf{1.0 & 2.0 \\ \end{tabular}", "3:12: this { is never closed"),
        ("t.tex", HEAD + r"A & 1.0} & 2.0 \\ \end{tabular}", "3:8: this } closes nothing"),
        ("t.tex", r"\begin{tabular} a & b \end{tabular}", "1:17: the columns of this tabular"),
        ("t.tex", HEAD + r"A & 1 & 2 \end{table}", "3:11: ends table, but tabular is open"),
        (
            "t.tex",
            HEAD + "A & 1.0 & o.9 \\\\\nB & 1 & 2 \\\\\n\\end{tabular}",
            "3:11: 'o.9' is no number",
        ),
        ("t.tex", HEAD + r"\multicolumn{9999}{c}{x} \\ a & 1 & 2 \end{tabular}", "3:1: spans 9999"),
        ("t.tex", HEAD + "{" * 200 + "}" * 200 + r" & 1 & 2 \end{tabular}", "3:1: a cell of more"),
        ("t.md", "|a|VIF|\n|-|-|\n|x|1e999|\n|y|1|\n", "3:4: '1e999' is no number"),
        ("t.tex", "nothing", "1:1: no column is headed by a known metric: it holds no table"),
        ("t.md", "|a|VIF|\n|-|-|\n|x|1|2|\n", "3:6: this row has 3 cells, the head 2"),
        ("t.md", "|a|VIF|EN|\n|-|-|-|\n|x|1.o|7|\n|y|1|7|\n", "3:4: '1.o' is no number"),
        ("t.md", "|a|b|\n|-|-|\n|x|1|\n", "1:1: no column is headed by a known metric"),
        ("t.csv", "a,VIF\nx,1,2\n", "2:5: this row has 3 cells, the head 2"),
        ("t.csv", 'a,VIF\nx,"1\n', "2:1:"),
        ("t.csv", "", "it holds no table"),
        ("t.txt", "", "tables are read from .csv"),
        ("away.md", None, "cannot be read: No such file"),
    ],
)
def test_what_cannot_be_parsed_is_a_line_with_its_place(
    name: str, text: str | None, fault: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
