"""The tables of a report as CSV and LaTeX; every number of the page comes from them."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from ablate.analysis.document import AnsweredQuestion, budgets_table, rows_table
from ablate.analysis.plateau import Plateau, pace
from ablate.analysis.table import arms, designed, gamed
from ablate.metrics.catalogue import better_of, label_of, on_sets
from ablate.metrics.copies import Gamed, marked
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn
from ablate.report.paper_table import (
    as_latex,
    as_markdown,
    paper_table,
    source_of,
    tabled,
)
from ablate.report.runs import with_links
from ablate.report.values import (
    ROLES,
    contrasts_table,
    roles_of,
    value_means,
    values_table,
    winners_frame,
)
from ablate.tables import latex_file, of_frame, to_latex, write_csv


def arm_table(contents: Contents) -> pd.DataFrame:
    """Return the long table: one row per arm and metric, comparators as arms of their own."""
    facts = contents.facts
    further = on_sets(facts.metrics, [one.name for one in facts.tests]) if facts.tests else ()
    table = arms(designed(contents.runs, facts), (*facts.metrics, *further))
    beside = contents.comparators.rename(columns={"label": "arm", "value": "mean"})
    return pd.concat([table, beside[["arm", "metric", "mean"]]], ignore_index=True)


def gamed_arms(contents: Contents) -> dict[str, Gamed]:
    """Return the metrics in which a copy of a source beats the mean of every designed arm."""
    runs = designed(contents.runs, contents.facts)
    table = arms(runs, contents.facts.metrics)
    return gamed(table, contents.comparators)


def shown(contents: Contents) -> pd.DataFrame:
    """Return the table that people read: one row per arm, "mean ± sd" per metric."""
    table = arm_table(contents)
    beaten = gamed_arms(contents)
    rows = []
    for arm in dict.fromkeys(table["arm"]):
        part = table[table["arm"] == arm].set_index("metric")
        row: dict[str, str] = {"arm": str(arm)}
        for metric in contents.facts.metrics:
            mean = part["mean"].get(metric)
            sd = part["sd"].get(metric)
            arrow = "↑" if better_of(metric) == "higher" else "↓"
            label = marked(f"{label_of(metric)} {arrow}", metric, beaten)
            row[label] = "–" if pd.isna(mean) else f"{mean:.4f}"
            if not pd.isna(sd):
                row[label] += f" ± {sd:.4f}"
        runs = part["runs"].max()
        row["runs"] = "–" if pd.isna(runs) else f"{int(runs)}"
        row["failed"] = "–" if pd.isna(runs) else f"{int(part['failed'].max())}"
        row["unhealthy"] = "–" if pd.isna(runs) else f"{int(part['unhealthy'].max())}"
        rows.append(row)
    return pd.DataFrame(rows)


def plateau_table(contents: Contents, question: AnsweredQuestion, plateau: Plateau) -> pd.DataFrame:
    """Return one row per value: whether it is as good as the best, and its seconds per step."""
    registered = contents.facts.question(question.id)
    arms_of = dict(zip(registered.values, registered.arms, strict=True)) if registered else {}
    tested = pd.DataFrame([asdict(one) for one in plateau.candidates])
    return tested.merge(pace(contents.runs, arms_of), on="value", how="left")


def write(contents: Contents, folder: Path) -> None:
    """Write arms, answers, winners, budget, runs and images as CSV, the first two as LaTeX too.

    Questions with values go into paper.tex and paper.md, as papers print them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(_every_arm(contents), folder / "arms.csv")
    parts = [to_latex(of_frame(shown(contents)), comments=["arms: mean ± sd over runs"])]
    if contents.verdicts is not None:
        write_csv(rows_table(contents.verdicts), folder / "answers.csv")
        write_csv(winners_frame(contents), folder / "winners.csv")
        if len(there := budgets_table(contents.verdicts)):
            write_csv(there, folder / "budgets.csv")
        _answers_as_latex(contents, folder / "answers.tex")
        parts += [
            to_latex(
                values_table(question, contents.comparators),
                comments=[f"{question.id}: mean ± sd over blocks, bold in the best set"],
            )
            for question in contents.answered
        ]
        for question in contents.answered:
            if question.plateau is not None and question.plateau.candidates:
                table = plateau_table(contents, question, question.plateau)
                write_csv(table, folder / f"plateau_{question.id}.csv")
    (folder / "arms.tex").write_text(latex_file(parts), encoding="utf-8")
    if papers := {one.id: paper_table([source_of(contents, one)]) for one in tabled(contents)}:
        (folder / "paper.tex").write_text(as_latex(papers), encoding="utf-8")
        (folder / "paper.md").write_text(as_markdown(papers), encoding="utf-8")
    spent = FIGURES.get("budget")().numbers(contents)
    if not isinstance(spent, NotDrawn):
        write_csv(spent, folder / "budget.csv")
    write_csv(with_links(contents), folder / "runs.csv")
    write_csv(contents.images, folder / "images.csv")


def _every_arm(contents: Contents) -> pd.DataFrame:
    """Return designed arms, what stands beside them, and the values of every question."""
    table = arm_table(contents)
    if not contents.answered:
        return table
    values = pd.concat([value_means(question) for question in contents.answered])
    values = values.rename(columns={"value": "arm", "blocks": "runs"})
    return pd.concat([table, values], ignore_index=True)


def _answers_as_latex(contents: Contents, path: Path) -> None:
    parts = [
        to_latex(contrasts_table(question, role), comments=[f"{question.id}: {ROLES[role]}"])
        for question in contents.answered
        for role in roles_of(question)
    ]
    path.write_text(latex_file(parts), encoding="utf-8")
