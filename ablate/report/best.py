"""What came out best: sets that the data cannot tell apart, trade-offs, recipes of a search."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ablate.analysis.health import is_unhealthy
from ablate.analysis.table import arms, designed
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.report.contents import Contents

RECIPES = 5
WIDTH = 80


def best(contents: Contents) -> dict[str, Any]:
    """Return what came out best, in plain types.

    Keys: study, questions [{id, factor, verdict, sets {metric: values}, in_all, trade_offs}],
    arms [{metric, arm, mean, sd, runs}] best first (a study without an answer phase only), recipes
    [{run_id, phase, objective, settings}] of searches and explorations, best first.
    """
    return {
        "study": contents.facts["study"],
        "questions": [_of_question(question) for question in contents.answered],
        "arms": [] if contents.answered else _described(contents),
        "recipes": _recipes(contents),
    }


def in_words(found: Mapping[str, Any]) -> list[str]:
    """Return the lines that `ablate best` prints, none over 80 columns."""
    lines: list[str] = []
    for question in found["questions"]:
        lines.append(f"{question['id']}: {question['verdict']}")
        for metric, values in question["sets"].items():
            lines.append(f"  {LABELS[metric]:5s} not beaten: {', '.join(map(str, values))}")
        if question["in_all"]:
            lines.append(f"  in every set: {', '.join(map(str, question['in_all']))}")
        elif question["sets"]:
            lines.append("  no value is in every set: what to take depends on the metric")
        lines += [f"  {text}" for text in question["trade_offs"]]
    if found["arms"]:
        lines.append("No answer phase: means only, nothing is claimed.")
    for metric in dict.fromkeys(row["metric"] for row in found["arms"]):
        rows = [row for row in found["arms"] if row["metric"] == metric]
        words = ", ".join(f"{row['arm']} {row['mean']:.3f}" for row in rows)
        lines.append(f"  {LABELS[metric]:5s} best first: {words}")
    if found["recipes"]:
        lines.append("Healthy recipes seen by searches, best val first (exploratory):")
    for recipe in found["recipes"]:
        lines.append(f"  {recipe['run_id']} {recipe['objective']:.4f} {recipe['settings']}")
    return _narrow(lines) or [f"{found['study']}: nothing has finished yet"]


def _narrow(lines: Sequence[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False)
    ]


def _of_question(question: Mapping[str, Any]) -> dict[str, Any]:
    primary = [row["metric"] for row in question["rows"] if row["role"] == "primary"]
    wanted = list(dict.fromkeys(primary))
    sets = {metric: question["best"][metric] for metric in wanted if metric in question["best"]}
    shared = [v for v in question["values"] if sets and all(v in some for some in sets.values())]
    return {
        "id": question["id"],
        "factor": question["rows"][0]["factor"] if question["rows"] else "",
        "verdict": question["verdict"],
        "sets": sets,
        "in_all": shared,
        "trade_offs": [_trade_off(row) for row in question["rows"] if _is_trade_off(row)],
    }


def _is_trade_off(row: Mapping[str, Any]) -> bool:
    return bool(row["role"] == "guardrail" and row["verdict"] == "non-inferiority not shown")


def _trade_off(row: Mapping[str, Any]) -> str:
    percent = "" if row["percent"] is None else f" ({row['percent']:+.1f} %)"
    return (
        f"{LABELS[row['metric']]} not shown to be kept: {row['contrast']} "
        f"{row['estimate']:+.3f}{percent}"
    )


def _described(contents: Contents) -> list[dict[str, Any]]:
    facts = contents.facts
    table = arms(designed(contents.runs, facts["phases"]), list(facts["metrics"]))
    table = table[table["runs"] > 0]
    rows: list[dict[str, Any]] = []
    for metric in dict.fromkeys([*facts["primary"], *facts["metrics"]]):
        part = table[table["metric"] == metric].sort_values(
            "mean", ascending=BETTER[metric] == "lower", kind="stable"
        )
        rows += [
            {
                "metric": metric,
                "arm": row.arm,
                "mean": float(row.mean),
                "sd": None if pd.isna(row.sd) else float(row.sd),
                "runs": int(row.runs),
            }
            for row in part.itertuples()
        ]
    return rows


def _recipes(contents: Contents) -> list[dict[str, Any]]:
    phases, objective = contents.facts["phases"], contents.facts["objective"]
    names = [name for name, phase in phases.items() if phase["design"] in SEARCHES]
    runs = contents.runs[contents.runs["phase"].isin(names)]
    if objective not in runs:
        return []
    runs = runs[(runs["state"] == "finished") & runs[objective].notna() & ~is_unhealthy(runs)]
    is_lower = BETTER.get(objective.partition("/")[2], "higher") == "lower"
    first = runs.sort_values(objective, ascending=is_lower, kind="stable").head(RECIPES)
    return [
        {
            "run_id": row["run_id"],
            "phase": row["phase"],
            "objective": float(row[objective]),
            "settings": row["arm"],
        }
        for row in first.to_dict("records")
    ]
