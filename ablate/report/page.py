"""Renders a report: one self-contained page, the same in Markdown, figures and tables."""

import base64
import io
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from ablate.analysis.document import encode
from ablate.analysis.table import not_numbers
from ablate.report import summary, tables
from ablate.report.contents import Contents
from ablate.report.figures import SECTIONS, ReportFigure, in_order


def render(contents: Contents, out: Path) -> Path:
    """Write the report and return the path of its page; the same contents give the same bytes."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    tables.write(contents, out / "tables")
    figures: list[dict[str, Any]] = []
    with PdfPages(out / "figures.pdf", metadata={"CreationDate": None}) as pdf:
        figures += [_figure(name, figure, contents, out, pdf) for name, figure in in_order()]
    environment = Environment(
        loader=PackageLoader("ablate.report", "."), autoescape=True, trim_blocks=True
    )
    table = tables.shown(contents)
    page = environment.get_template("page.html.j2").render(
        facts=contents.facts, table=table, sections=_by_section(figures), is_toy=contents.is_toy,
        toy=summary.TOY, no_claim="" if contents.answered else summary.NO_CLAIM,
        answered=contents.answered, run_count=len(contents.runs),
        failed=list(contents.runs.query("state == 'failed'").itertuples()),
        missing=list(not_numbers(contents.images).itertuples(index=False, name=None)),
        searched=_searched(contents),
    )  # fmt: skip
    if contents.verdicts is not None:
        (out / "verdict.json").write_bytes(encode(contents.verdicts))
    path = out / "report.html"
    path.write_text(page, encoding="utf-8")
    (out / "report.md").write_text(_markdown(contents, table, figures), encoding="utf-8")
    return path


def _figure(
    name: str, figure: ReportFigure, contents: Contents, out: Path, pdf: PdfPages
) -> dict[str, Any]:
    facts = {"name": name, "section": figure.section, "title": figure.title,
             "caption": figure.caption, "reason": ""}  # fmt: skip
    reason = figure.applies(contents)
    if reason:
        return {**facts, "reason": reason}
    numbers = figure.numbers(contents)
    numbers.to_csv(out / "figures" / f"{name}.csv", index=False)
    drawn: Figure = figure.draw(contents, numbers)
    text = io.BytesIO()
    drawn.savefig(text, format="svg", metadata={"Date": None})
    (out / "figures" / f"{name}.svg").write_bytes(text.getvalue())
    drawn.savefig(out / "figures" / f"{name}.png", dpi=200, metadata={"Software": None})
    pdf.savefig(drawn)  # type: ignore[no-untyped-call]
    return {**facts, "svg": base64.b64encode(text.getvalue()).decode()}


def _by_section(figures: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (heading, figures) of the sections that have any."""
    found = [
        (heading, [figure for figure in figures if figure["section"] == section])
        for section, heading in SECTIONS.items()
    ]
    return [(heading, some) for heading, some in found if some]


def _searched(contents: Contents) -> list[dict[str, Any]]:
    phases = contents.facts["phases"]
    names = [name for name, phase in phases.items() if phase["design"] == "search"]
    part = contents.runs[contents.runs["phase"].isin(names)]
    objective = contents.facts["objective"]
    values = part[objective] if objective in part else pd.Series(float("nan"), index=part.index)
    return [
        {"trial": row.trial, "arm": row.arm, "state": row.state,
         "value": "–" if pd.isna(value) else f"{value:.4f}"}
        for row, value in zip(part.itertuples(), values, strict=True)
    ]  # fmt: skip


def _markdown(contents: Contents, table: pd.DataFrame, figures: list[dict[str, Any]]) -> str:
    facts = contents.facts
    lines = [f"# {_plain(facts['title'])}", ""]
    if not contents.answered:
        lines += [summary.NO_CLAIM, ""]
    if contents.is_toy:
        lines += [f"**{summary.TOY}**", ""]
    lines += [
        f"Data: {_plain(facts['data_label'])}. Budget per run: {_plain(facts['budget'])}.",
        "",
    ]
    lines += [f"- {_plain(question)}" for question in facts["asks"]]
    for question in contents.answered:
        lines += [
            "",
            f"## {question['id']}: {question['verdict']}",
            "",
            _plain(question["asks"]),
            "",
        ]
        lines += [_plain(question["reason"]), ""] if question["reason"] else []
        lines += [f"- {_plain(row['sentence'])}" for row in question["rows"]]
        lines += [f"- Caveat: {_plain(text)}" for text in question["caveats"]]
        lines += ["", _plain(question["scope"])]
    lines += ["", "| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(_plain(c) for c in row) + " |" for row in table.to_numpy().tolist()]
    for heading, some in _by_section(figures):
        lines += ["", f"## {heading}"]
        for figure in some:
            body = (
                f"Not drawn: {figure['reason']}."
                if figure["reason"]
                else f"![{figure['title']}](figures/{figure['name']}.svg)\n\n{figure['caption']}"
            )
            lines += ["", f"### {figure['title']}", "", body]
    return "\n".join(lines) + "\n"


def _plain(text: object) -> str:
    """Return the text without what Markdown or a page would take for markup."""
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())
