"""The report as Markdown: the same parts in the same order as the page."""

import re

from ablate.report.grid import Cell, Grid
from ablate.report.sections import FIRST_TO_LAST, Answered, Report, Shown

MARKUP = re.compile(r"([\\`*_\[\]|~$#!])")
AT_START = re.compile(r"^(\d*)([-+.)](?![^\s-])|[=>])")  # a list, a rule, a heading, a quotation


def markdown(report: Report) -> str:
    """Return the whole report."""
    facts = report.facts
    lines = [f"# {plain(facts['title'])}", ""]
    lines += [report.no_claim, ""] if report.no_claim else []
    lines += [f"**{report.banner}**", ""] if report.banner else []
    lines += [f"**{plain(facts['drift'])}**", ""] if facts.get("drift") else []
    counts = ", ".join(f"{count} {split}" for split, count in facts["counts"].items())
    lines += [
        f"Data: {plain(facts['data_label'])} ({counts}). Budget per run: {plain(facts['budget'])}. "
        f"Design {plain(facts['design_hash'])}.",
        "",
    ]
    lines += [plain(report.convergence), ""] if report.convergence else []
    if not report.answers:
        lines += ["## Asked", "", *(f"- {plain(question)}" for question in facts["asks"]), ""]
    for one in report.answers:
        lines += _card(one)
    for one in report.answers:
        lines += _behind(one)
    for section in FIRST_TO_LAST:
        lines += [f"## {report.headings[section]}", ""]
        for figure in report.figures[section]:
            lines += _figure(figure)
        lines += _beside(report, section)
    lines += ["## Tables", "", *_table(report.arms)]
    lines += [plain(report.gamed_note), ""] if report.gamed_note else []
    lines += [f"Left out of means, no numbers: {report.missing}.", ""] if report.missing else []
    lines += ["## Runs", "", "Every run: tables/runs.csv.", ""]
    lines += ["## Checklist", ""]
    for number, item in enumerate(report.checklist, start=1):
        lines.append(f"{number}. {item.source}: {item.asks} **{item.reply}** – {plain(item.why)}")
    return "\n".join([*lines, "", "## Provenance", "", *_table(report.origin)]).rstrip() + "\n"


def plain(text: object) -> str:
    r"""Return the text without anything that Markdown or a page would take for markup.

    Example:
        >>> print(plain("- *a* <b>"))
        \- \*a\* &lt;b>
    """
    escaped = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;")
    return AT_START.sub(r"\1\\\2", MARKUP.sub(r"\\\1", escaped))


def _card(one: Answered) -> list[str]:
    question = one.question
    lines = [f"## {plain(question['id'])}: {question['verdict']}", "", plain(question["asks"]), ""]
    lines += [plain(question["reason"]), ""] if question["reason"] else []
    lines += [f"- {plain(sentence)}" for sentence in one.deciding]
    lines += [f"- {plain(one.gamed_note)}"] if one.gamed_note else []
    lines += [f"- {plain(text)}" for text in question.get("notes", ())]
    lines += [f"- Caveat: {plain(text)}" for text in question["caveats"]]
    lines += [f"- {plain(one.reselected)}"] if one.reselected else []
    return [*lines, "", plain(question["scope"]), ""]


def _behind(one: Answered) -> list[str]:
    lines = [f"## Behind {plain(one.question['id'])}", ""]
    for role, rows in one.rows:
        lines += [f"### {role}", "", *_table(rows)]
    return [*lines, "### Values", "", plain(one.values_caption), "", *_table(one.values)]


def _figure(figure: Shown) -> list[str]:
    body = (
        f"Not drawn: {plain(figure.reason)}."
        if figure.reason
        else f"![{figure.title}](figures/{figure.name}.svg)\n\n{figure.caption}"
    )
    return [f"### {figure.title}", "", body, ""]


def _beside(report: Report, section: str) -> list[str]:
    """Return the tables that a section has beside its figures."""
    lines: list[str] = []
    if section == "exploration" and report.trade_offs.rows:
        lines += [
            "### Trade-offs: trials that no other beats in all objectives",
            "",
            *_table(report.trade_offs),
        ]
    if section == "exploration" and report.searched.rows:
        lines += ["### Search (adaptive, exploratory)", "", *_table(report.searched)]
    if section == "health":
        if report.health.rows:
            lines += ["### How trainings ended", "", *_table(report.health)]
            lines += [*(f"- {plain(text)}" for text in report.health_notes), ""]
        lines += ["### Runs that failed", ""]
        lines += (
            _table(report.failed) if report.failed.rows else [f"None of {report.run_count}.", ""]
        )
    return lines


def _table(table: Grid) -> list[str]:
    lines = ["| " + " | ".join(plain(name) for name in table.columns) + " |"]
    lines.append("|" + "---|" * len(table.columns))
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table.rows]
    return [*lines, ""]


def _cell(cell: Cell) -> str:
    text = f"**{plain(cell.text)}**" if cell.is_bold else plain(cell.text)
    links = [
        f"[{plain(link.text)}]({link.url})"
        if link.url
        else plain(f"{link.text} ({link.mlflow_id})")
        for link in cell.links
    ]
    return " ".join([text, *links]).strip()
