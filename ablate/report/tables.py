"""The tables of a report as CSV and LaTeX; every number of the page comes from them."""

from pathlib import Path

import pandas as pd

from ablate.analysis.document import rows_table
from ablate.analysis.table import arms, designed, floor_means
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.report.contents import Contents


def arm_table(contents: Contents) -> pd.DataFrame:
    """Return the long table: one row per arm and metric, floors as arms of their own."""
    runs = designed(contents.runs, contents.facts["phases"])
    table = arms(runs, list(contents.facts["metrics"]))
    rules = floor_means(contents.floors)
    rules = rules.assign(arm="rule " + rules["rule"]).rename(columns={"value": "mean"})
    rules = rules[["arm", "metric", "mean"]].sort_values("arm", ascending=False)
    return pd.concat([table, rules], ignore_index=True)


def shown(contents: Contents) -> pd.DataFrame:
    """Return the table that people read: one row per arm, "mean ± sd" per metric."""
    table = arm_table(contents)
    rows = []
    for arm in dict.fromkeys(table["arm"]):
        part = table[table["arm"] == arm].set_index("metric")
        row: dict[str, str] = {"arm": str(arm)}
        for metric in contents.facts["metrics"]:
            mean = part["mean"].get(metric)
            sd = part["sd"].get(metric)
            arrow = "↑" if BETTER[metric] == "higher" else "↓"
            label = f"{LABELS[metric]} {arrow}"
            row[label] = "–" if pd.isna(mean) else f"{mean:.4f}"
            if not pd.isna(sd):
                row[label] += f" ± {sd:.4f}"
        runs = part["runs"].max()
        row["runs"] = "–" if pd.isna(runs) else f"{int(runs)}"
        row["failed"] = "–" if pd.isna(runs) else f"{int(part['failed'].max())}"
        rows.append(row)
    return pd.DataFrame(rows)


def write(contents: Contents, folder: Path) -> None:
    """Write arms.csv, arms.tex, runs.csv and images.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    arm_table(contents).to_csv(folder / "arms.csv", index=False)
    if contents.verdicts is not None:
        rows_table(contents.verdicts).to_csv(folder / "answers.csv", index=False)
    contents.runs.to_csv(folder / "runs.csv", index=False)
    contents.images.to_csv(folder / "images.csv", index=False)
    styler = shown(contents).replace({"±": r"$\\pm$"}, regex=True).style.hide(axis="index")
    text = styler.format(escape=None).to_latex(hrules=True)
    for sign, command in (("↑", r"$\uparrow$"), ("↓", r"$\downarrow$"), ("·", r"$\cdot$"),
                          ("–", "--"), ("_", r"\_")):  # fmt: skip
        text = text.replace(sign, command)
    (folder / "arms.tex").write_text(text, encoding="utf-8")
