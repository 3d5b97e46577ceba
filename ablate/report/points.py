"""The runs behind an answered question: which value each one trained, and which points won."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ablate.analysis.answers import points_of
from ablate.analysis.question import Value, label_of
from ablate.metrics.catalogue import BETTER
from ablate.report.contents import Contents


def tuning_points(contents: Contents, question: Mapping[str, Any]) -> pd.DataFrame:
    """Return the finished runs of a question with `value` and `is_winner`.

    A question that was not published with its arms, such as that of a confirmation, has its
    winners alone.
    """
    runs = contents.runs
    won = {winner["run_id"]: winner["value"] for winner in question["winners"]}
    phases = set(runs.loc[runs["run_id"].isin(won), "phase"])
    some = runs[runs["phase"].isin(phases) & (runs["state"] == "finished")]
    raw = next((one for one in contents.facts["questions"] if one["id"] == question["id"]), None)
    if raw is None:
        points = some[some["run_id"].isin(won)].copy()
        points["value"] = points["run_id"].map(won).astype(object)
    else:
        points = points_of(raw, some)
    return points.assign(is_winner=points["run_id"].isin(won))


def score_table(question: Mapping[str, Any]) -> pd.DataFrame:
    """Return the cells of an answer: metric, block, value, score; values as text."""
    cells = pd.DataFrame(question["cells"], columns=["metric", "block", "value", "score"])
    return cells.assign(value=[label_of(value) for value in cells["value"]])


def primary_of(question: Mapping[str, Any]) -> list[str]:
    """Return the primary metrics of an answer, in its order."""
    return list(dict.fromkeys(r["metric"] for r in question["rows"] if r["role"] == "primary"))


def shown_order(question: Mapping[str, Any], cells: pd.DataFrame) -> list[str]:
    """Return the values from the top: by design where ordered, else by effect, best first.

    The effect is the mean of the first metric of the cells.
    """
    design: Sequence[Value] = question["values"]
    labels = [label_of(value) for value in design]
    if question["ordered"] or cells.empty:
        return labels
    metric = cells["metric"].iloc[0]
    means = cells[cells["metric"] == metric].groupby("value")["score"].mean()
    sign = -1 if BETTER.get(metric) == "lower" else 1
    return sorted(labels, key=lambda label: -sign * float(means.get(label, float("-inf") * sign)))
