"""The tables of a report as CSV and LaTeX; every number of the page comes from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis.document import budgets_table, rows_table
from ablate.analysis.plateau import pace
from ablate.analysis.table import arms, designed, gamed
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.metrics.copies import Gamed, marked
from ablate.report import latex, spreadsheet
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES
from ablate.report.grid import of_frame
from ablate.report.runs import with_links
from ablate.report.values import (
    ROLES,
    roles_of,
    rows_grid,
    value_means,
    values_grid,
    winners_frame,
)


def arm_table(contents: Contents) -> pd.DataFrame:
    """Return the long table: one row per arm and metric, comparators as arms of their own."""
    runs = designed(contents.runs, contents.facts["phases"])
    table = arms(runs, list(contents.facts["metrics"]))
    beside = contents.comparators.rename(columns={"label": "arm", "value": "mean"})
    return pd.concat([table, beside[["arm", "metric", "mean"]]], ignore_index=True)


def gamed_arms(contents: Contents) -> dict[str, Gamed]:
    """Return the metrics in which a copy of a source beats the mean of every designed arm."""
    runs = designed(contents.runs, contents.facts["phases"])
    table = arms(runs, list(contents.facts["metrics"]))
    return gamed(table, contents.comparators)


def shown(contents: Contents) -> pd.DataFrame:
    """Return the table that people read: one row per arm, "mean ± sd" per metric."""
    table = arm_table(contents)
    beaten = gamed_arms(contents)
    rows = []
    for arm in dict.fromkeys(table["arm"]):
        part = table[table["arm"] == arm].set_index("metric")
        row: dict[str, str] = {"arm": str(arm)}
        for metric in contents.facts["metrics"]:
            mean = part["mean"].get(metric)
            sd = part["sd"].get(metric)
            arrow = "↑" if BETTER[metric] == "higher" else "↓"
            label = marked(f"{LABELS[metric]} {arrow}", metric, beaten)
            row[label] = "–" if pd.isna(mean) else f"{mean:.4f}"
            if not pd.isna(sd):
                row[label] += f" ± {sd:.4f}"
        runs = part["runs"].max()
        row["runs"] = "–" if pd.isna(runs) else f"{int(runs)}"
        row["failed"] = "–" if pd.isna(runs) else f"{int(part['failed'].max())}"
        row["unhealthy"] = "–" if pd.isna(runs) else f"{int(part['unhealthy'].max())}"
        rows.append(row)
    return pd.DataFrame(rows)


def plateau_table(contents: Contents, question: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row per value: whether it is as good as the best, and its seconds per step."""
    raw = next(one for one in contents.facts["questions"] if one["id"] == question["id"])
    tested = pd.DataFrame(question["plateau"]["candidates"])
    return tested.merge(pace(contents.runs, raw["arms"]), on="value", how="left")


def write(contents: Contents, folder: Path) -> None:
    """Write arms, answers, winners, budget, runs and images as CSV, the first two as LaTeX too."""
    folder.mkdir(parents=True, exist_ok=True)
    spreadsheet.write(_every_arm(contents), folder / "arms.csv")
    parts = [latex.tabular(of_frame(shown(contents)), comment="arms: mean ± sd over runs")]
    if contents.verdicts is not None:
        spreadsheet.write(rows_table(contents.verdicts), folder / "answers.csv")
        spreadsheet.write(winners_frame(contents), folder / "winners.csv")
        if len(there := budgets_table(contents.verdicts)):
            spreadsheet.write(there, folder / "budgets.csv")
        _answers_as_latex(contents, folder / "answers.tex")
        parts += [
            latex.tabular(
                values_grid(question, contents.comparators),
                comment=f"{question['id']}: mean ± sd over blocks, bold in the best set",
            )
            for question in contents.answered
        ]
        for question in contents.answered:
            if question.get("plateau", {}).get("candidates"):
                table = plateau_table(contents, question)
                spreadsheet.write(table, folder / f"plateau_{question['id']}.csv")
    (folder / "arms.tex").write_text(latex.document(parts), encoding="utf-8")
    spent = FIGURES.get("budget")()
    if spent.applies(contents) is None:
        spreadsheet.write(spent.numbers(contents), folder / "budget.csv")
    spreadsheet.write(with_links(contents), folder / "runs.csv")
    spreadsheet.write(contents.images, folder / "images.csv")


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
        latex.tabular(rows_grid(question, role), comment=f"{question['id']}: {ROLES[role]}")
        for question in contents.answered
        for role in roles_of(question)
    ]
    path.write_text(latex.document(parts), encoding="utf-8")
