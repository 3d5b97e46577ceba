"""What an answered question says of each value and contrast, as grids and frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ablate.analysis.question import label_of
from ablate.analysis.sentences import chance
from ablate.analysis.table import gamed
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.metrics.copies import Gamed, marked
from ablate.report.contents import Contents
from ablate.report.grid import NONE, Cell, Grid, grid, number, run_link, signed

ROLES = {
    "primary": "primary",
    "guardrail": "guardrail",
    "secondary": "secondary, never deciding",
    "exploratory": "exploratory, not judged",
}


def rows_grid(question: Mapping[str, Any], role: str) -> Grid:
    """Return the rows of one role: what was compared, by how much, how sure, and the verdict.

    Effects are in percent of the pilot mean where there is one, else in units of the metric. A
    column per further training budget says the effect there, its interval, and whether it holds.
    """
    budgets = list(
        dict.fromkeys(one["times"] for row in question["rows"] for one in row.get("budgets", ()))
    )
    level = f"{100 * (1 - question['alpha']):g} % CI"
    rows = []
    for row in question["rows"]:
        if row["role"] != role:
            continue
        share = (
            None
            if row["percent"] is None or not row["estimate"]
            else (row["percent"] / row["estimate"])
        )
        scale, unit, decimals = (1.0, "", 4) if share is None else (share, " %", 2)
        ends = [None if row[k] is None else row[k] * scale for k in ("ci_low", "ci_high")]
        rows.append(
            [
                Cell(text=metric_of(row["metric"]), is_bold=role == "primary"),
                row["contrast"],
                row["verdict"],
                signed(row["estimate"] * scale, decimals) + unit,
                " to ".join(signed(end, decimals) for end in ends),
                NONE if row["p_holm"] is None else chance(row["p_holm"]).removeprefix("= "),
                number(row["d_z"], 2),
                number(row["p_better"], 2),
                _margin(row, scale, unit, decimals),
                f"{row['blocks']} x {row['images']}",
                *(_there(row, times, scale, unit, decimals) for times in budgets),
            ]
        )
    heads = [
        "metric",
        "contrast",
        "verdict",
        "effect",
        level,
        "p_Holm",
        "d_z",
        "P(better)",
        "smallest",
        "blocks x images",
        *(f"at {times:g}x steps" for times in budgets),
    ]
    return grid(heads, rows)


def _there(row: Mapping[str, Any], times: float, scale: float, unit: str, decimals: int) -> str:
    """Return the effect of a row at another budget, and whether what was found holds there."""
    one = next((one for one in row.get("budgets", ()) if one["times"] == times), None)
    if one is None:
        return NONE
    ends = [None if one[k] is None else one[k] * scale for k in ("ci_low", "ci_high")]
    interval = " to ".join(signed(end, decimals) for end in ends)
    effect = f"{signed(one['estimate'] * scale, decimals)}{unit} ({interval})"
    return effect if one["held"] == "not judged" else f"{effect}, {one['held']}"


def _margin(row: Mapping[str, Any], scale: float, unit: str, decimals: int) -> str:
    """Return the smallest effect of interest, for guardrails the loss that is still allowed."""
    if row["smallest_effect"] is None:
        return NONE
    return f"{abs(row['smallest_effect'] * scale):.{decimals}f}{unit}"


def values_grid(question: Mapping[str, Any], comparators: pd.DataFrame) -> Grid:
    """Return the mean ± sd over blocks per value and metric, bold in the best set.

    Scores are those of the point that won in each block; the deviation is one of blocks. Below
    stand the trivial baselines and the references.

    Args:
        question: With its answer.
        comparators: Their mean scores, see `ablate.analysis.table.comparators`.
    """
    means = value_means(question)
    metrics = list(dict.fromkeys(means["metric"]))
    rows: list[list[Cell | str]] = []
    for value in map(label_of, question["values"]):
        mine = means[means["value"] == value].set_index("metric")
        cells = [
            Cell(text=_spread(mine, metric), is_bold=bool(mine["in_best_set"].get(metric, False)))
            for metric in metrics
        ]
        rows.append([value, *cells])
    beside = comparators.set_index(["label", "metric"])["value"]
    rows += [
        [label, *(number(beside.get((label, metric)), 4) for metric in metrics)]
        for label in beside.index.unique("label")
    ]
    beaten = gamed(means, comparators)
    factor = question["rows"][0]["factor"] if question["rows"] else "value"
    return grid([factor, *(marked(metric_of(one), one, beaten) for one in metrics)], rows)


def gamed_values(question: Mapping[str, Any], comparators: pd.DataFrame) -> dict[str, Gamed]:
    """Return the metrics in which a copy of a source beats the mean of every value."""
    return gamed(value_means(question), comparators)


def value_means(question: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row per value and metric: mean, sd over blocks, blocks, in_best_set."""
    cells = pd.DataFrame(question["cells"], columns=["metric", "block", "value", "score"])
    rows = []
    for value in question["values"]:
        for metric in dict.fromkeys(cells["metric"]):
            is_mine = (cells["metric"] == metric) & (
                cells["value"].map(label_of) == label_of(value)
            )
            scores = cells.loc[is_mine, "score"].astype(float)
            best = [label_of(one) for one in question["best"].get(metric, [])]
            rows.append(
                {
                    "question": question["id"],
                    "value": label_of(value),
                    "metric": metric,
                    "mean": scores.mean(),
                    "sd": scores.std(ddof=1),
                    "blocks": len(scores),
                    "in_best_set": label_of(value) in best,
                }
            )
    columns = ["question", "value", "metric", "mean", "sd", "blocks", "in_best_set"]
    return pd.DataFrame(rows, columns=columns)


def winners_frame(contents: Contents) -> pd.DataFrame:
    """Return one row per question, block and value: the run that won and its configuration."""
    runs = contents.runs.set_index("run_id")
    kept = [
        name
        for name in runs.columns
        if name in ("arm", "recipe_id", "seed", "split_seed", "point")
        or name.startswith(("factor.", "nuisance.", "val/", "test/"))
    ]
    rows = [
        {
            "question": question["id"],
            "block": winner["block"],
            "value": label_of(winner["value"]),
            "run_id": winner["run_id"],
            "mlflow_run_id": contents.links.get(winner["run_id"]),
            **runs.loc[winner["run_id"], kept].to_dict(),
        }
        for question in contents.answered
        for winner in question["winners"]
        if winner["run_id"] in runs.index
    ]
    heads = ["question", "block", "value", "run_id", "mlflow_run_id", *kept]
    return pd.DataFrame(rows, columns=heads).dropna(axis="columns", how="all")


def winners_grid(contents: Contents, question: Mapping[str, Any]) -> Grid:
    """Return the configuration that won in each block, with the run that had it."""
    frame = winners_frame(contents)
    frame = frame[frame["question"] == question["id"]]
    names = [name for name in frame.columns if name.startswith("nuisance.")]
    rows: list[list[Cell | str]] = [
        [
            str(row["value"]),
            str(row["block"]),
            *(_setting(row[name]) for name in names),
            Cell(links=(run_link(contents, row["run_id"], row["run_id"]),)),
        ]
        for row in frame.to_dict("records")
    ]
    return grid(["value", "block", *(n.removeprefix("nuisance.") for n in names), "run"], rows)


def metric_of(name: str) -> str:
    """Return the label of a metric with an arrow to its better side."""
    arrow = {"higher": "↑", "lower": "↓"}.get(BETTER.get(name, ""), "")
    return f"{LABELS.get(name, name)} {arrow}".strip()


def roles_of(question: Mapping[str, Any]) -> Sequence[str]:
    """Return the roles that a question has rows of, the deciding one first."""
    return [role for role in ROLES if any(row["role"] == role for row in question["rows"])]


def _spread(mine: pd.DataFrame, metric: str) -> str:
    mean, sd = mine["mean"].get(metric), mine["sd"].get(metric)
    text = number(mean)
    return text if sd is None or pd.isna(sd) else f"{text} ± {number(sd)}"


def _setting(value: Any) -> str:
    if isinstance(value, float):
        return NONE if pd.isna(value) else f"{value:.4g}"
    return str(value)
