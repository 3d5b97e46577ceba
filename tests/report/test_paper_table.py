"""The table of a paper: check marks, what is bold, differences, several answers side by side."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis.document import AnsweredQuestion, CellMean
from ablate.errors import ConfigError
from ablate.published import Component
from ablate.report.contents import Contents
from ablate.report.paper_table import (
    Source,
    as_latex,
    as_markdown,
    paper_table,
    source_of,
    tabled,
)
from ablate.report.table_sources import tables_of
from ablate.report.tables import write
from ablate.tables import Table, to_html, to_latex
from tests.report.answered import answered_contents, asked

ROWS = ["full", "w/o detail", "w/o sign", "mask soft"]
COMPONENTS = [
    {"factor": "detail", "values": [1, 0, 1, 1], "off": 0},
    {"factor": "sign", "values": [True, True, False, True], "off": False},
    {"factor": "mask", "values": ["hard", "hard", "hard", "soft"]},
]


@pytest.fixture(scope="module")
def contents() -> Contents:
    """Return a study whose table has one row that is far better and one that is far worse."""
    table = asked(
        id="table", factor="component", values=ROWS, baseline="full", components=COMPONENTS
    )
    effects = {"w/o detail": -0.05, "w/o sign": 0.05}
    return answered_contents(questions=[table], effects=effects, explored=0, hunted=0)


@pytest.fixture(scope="module")
def made(contents: Contents) -> Table:
    (question,) = tabled(contents)
    return paper_table([source_of(contents, question)])


def column(made: Table, head: str) -> list[str]:
    at = made.columns.index(head)
    return [row[at].text for row in made.rows]


def test_components_have_check_marks_or_their_value(made: Table) -> None:
    assert made.columns[:7] == (
        "",
        "detail",
        "sign",
        "mask",
        "params (M)",
        "ms/step",
        "Qabf ↑",
    )
    assert column(made, "")[:4] == ROWS
    assert column(made, "detail")[:4] == ["✓", "", "✓", "✓"]
    assert column(made, "sign")[:4] == ["✓", "✓", "", "✓"]
    assert column(made, "mask")[:4] == ["hard", "hard", "hard", "soft"]
    assert column(made, "params (M)")[0] == "0.066"


def test_the_best_is_bold_and_the_second_underlined_only_where_shown(
    contents: Contents, made: Table
) -> None:
    at = made.columns.index("Qabf ↑")
    assert [row[at].is_bold for row in made.rows[:4]] == [False, False, True, False]
    assert not any(row[at].is_underlined for row in made.rows)  # full and mask are alike
    question = contents.answered[0]
    assert question.places["qabf"] == ("w/o sign",)
    ranked = replace(question, places={"qabf": ("w/o sign", "full")})
    again = paper_table([Source(label="", question=ranked)])
    at = again.columns.index("Qabf ↑")
    assert [row[at].is_underlined for row in again.rows] == [True, False, False, False]
    nothing = paper_table([Source(label="", question=replace(question, places={}))])
    assert not any(cell.is_bold or cell.is_underlined for row in nothing.rows for cell in row)


def test_differences_are_those_of_the_rows_with_a_star_where_shown(
    contents: Contents, made: Table
) -> None:
    shown = column(made, "Δ Qabf, %")
    assert shown[0] == "–"
    question = contents.answered[0]
    row = next(r for r in question.deciding if r.value == "w/o detail" and r.metric == "qabf")
    base = [c.score for c in question.cells if (c.metric, c.value) == ("qabf", "full")]
    percent = 100 * row.estimate / (sum(base) / len(base))
    assert shown[1].startswith(f"−{abs(percent):.1f}* (−")
    assert "*" not in shown[3]
    assert "Δ MI, %" not in made.columns  # it decides nothing


def test_what_needs_no_training_stands_below_a_line(made: Table) -> None:
    assert made.rules == (4,)
    assert all(row[1].text == "" for row in made.rows[4:])
    assert column(made, "Qabf ↑")[4] != ""


def test_a_metric_that_a_copy_wins_has_a_dagger(contents: Contents) -> None:
    question = contents.answered[0]
    best = max(cell.score for cell in question.cells if cell.metric == "qabf")
    copy = {"kind": "copy", "name": "visible", "label": "copy of visible", "metric": "qabf"}
    for value, head in ((best + 0.1, "Qabf ↑†"), (best / 2, "Qabf ↑")):
        beside = pd.DataFrame([{**copy, "split": "test", "image": "mean", "value": value}])
        made = paper_table([Source(label="", question=question, comparators=beside)])
        assert head in made.columns
        assert "Δ Qabf, %" in made.columns
        assert "$^\\dagger$" in to_latex(made) or head == "Qabf ↑"


def test_a_document_that_names_no_baseline_compares_with_its_first_row(contents: Contents) -> None:
    question = contents.answered[0]
    named = [replace(row, contrast=f"c{n}") for n, row in enumerate(question.rows)]
    unnamed = replace(question, baseline=None, rows=tuple(named))
    assert paper_table([Source(label="", question=unnamed)]) == paper_table(
        [Source(label="", question=question)]
    )


def test_a_difference_written_the_other_way_round_is_turned(contents: Contents) -> None:
    question = contents.answered[0]
    turned = [
        replace(
            row,
            value=row.baseline,
            baseline=row.value,
            estimate=-row.estimate,
            ci_low=-(row.ci_high or 0),
            ci_high=-(row.ci_low or 0),
        )
        for row in question.rows
    ]
    first = paper_table([Source(label="", question=question)])
    second = paper_table([Source(label="", question=replace(question, rows=tuple(turned)))])
    assert first == second


def test_several_answers_stand_side_by_side(contents: Contents) -> None:
    source = source_of(contents, contents.answered[0], label="MSRS")
    other = replace(source, label="TNO")
    (made,) = tables_of({"a": {"table": [source]}, "b": {"table": [other]}}).values()
    assert made.groups == (("", 6), ("MSRS", 8), ("TNO", 8))
    assert made.full_heads[6] == "MSRS Qabf ↑"
    latex = as_latex({"table": made})
    assert r"\multicolumn{8}{c}{MSRS}" in latex
    assert r"\cmidrule(lr){7-14} \cmidrule(lr){15-22}" in latex
    assert r"\providecommand{\checkmark}" in latex
    assert '<th scope="colgroup" colspan="8">TNO</th>' in to_html(made)
    assert "| MSRS Qabf ↑ |" in as_markdown({"table": made})
    (made,) = tables_of({"a": {"table": [source]}, "b": {"table": [source]}}).values()
    assert [name for name, _ in made.groups] == ["", "MSRS (a)", "MSRS (b)"]


def test_answers_to_other_questions_are_refused(contents: Contents) -> None:
    source = source_of(contents, contents.answered[0])
    with pytest.raises(ConfigError, match="no question is answered by all of a, b"):
        tables_of({"a": {"table": [source]}, "b": {"other": [source]}})
    with pytest.raises(ConfigError, match="no question 'tabel' is answered by all"):
        tables_of({"a": {"table": [source]}}, wanted=["tabel"])
    others = replace(source, question=replace(source.question, values=("full",)))
    with pytest.raises(ConfigError, match="has the rows full, not full, w/o detail"):
        tables_of({"a": {"table": [source]}, "b": {"table": [others]}})


def test_a_report_writes_the_table_beside_the_others(contents: Contents, tmp_path: Path) -> None:
    write(contents, tmp_path)
    assert r"w/o detail &  & \checkmark{} & hard" in (tmp_path / "paper.tex").read_text()
    assert "| w/o detail |  | ✓ | hard |" in (tmp_path / "paper.md").read_text()


def test_one_block_has_no_spread_and_no_difference() -> None:
    question = AnsweredQuestion(
        id="q",
        asks="?",
        verdict="not answerable",
        reason="",
        scope="",
        caveats=(),
        alpha=0.05,
        rows=(),
        values=("full", "w/o a"),
        baseline="full",
        cells=tuple(
            CellMean(metric="qabf", block=1, value=value, score=0.5) for value in ("full", "w/o a")
        ),
        components=(Component(factor="a", values=(1, 0), off=0),),
    )
    made = paper_table([Source(label="", question=question, runs=pd.DataFrame())])
    assert [[cell.text for cell in row] for row in made.rows] == [
        ["full", "✓", "0.5000"],
        ["w/o a", "", "0.5000"],
    ]
