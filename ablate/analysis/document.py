"""verdict.json: the one place that every number of a report comes from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from ablate.analysis.verdict import AtBudget, Verdict
from ablate.identity import canonical_json

ROW_COLUMNS = (
    "question",
    "contrast",
    "metric",
    "role",
    "factor",
    "value",
    "baseline",
    "estimate",
    "percent",
    "ci_low",
    "ci_high",
    "p",
    "p_holm",
    "p_sign_flip",
    "p_wilcoxon",
    "d_z",
    "p_better",
    "blocks",
    "points",
    "images",
    "images_dropped",
    "smallest_effect",
    "detectable",
    "blocks_needed",
    "is_test_dependent",
    "verdict",
)
BUDGET_OF = ("contrast", "metric", "role", "verdict")


def document(
    verdicts: Sequence[Verdict],
    *,
    study: str,
    design_hash: str,
    data: Mapping[str, Any],
    generated_by: str,
) -> dict[str, Any]:
    """Return the content of verdict.json: no wall time, no path, only run ids of our own.

    Args:
        verdicts: One per question, in the order of the study file.
        study: Its name.
        design_hash: Of the table that was written before the launch.
        data: Label, hash and counts of the data.
        generated_by: Name and version of the program.
    """
    questions = [asdict(verdict) for verdict in verdicts]
    for row in (row for question in questions for row in question["rows"]):
        if not row["budgets"]:
            del row["budgets"]
    return {
        "study": study,
        "design_hash": design_hash,
        "data": dict(data),
        "generated_by": generated_by,
        "questions": questions,
    }


def encode(content: Mapping[str, Any]) -> bytes:
    """Return the bytes of verdict.json: canonical JSON and a last newline.

    Raises:
        ValueError: A number is not finite.
    """
    return (canonical_json(content) + "\n").encode()


def decode(content: bytes) -> dict[str, Any]:
    """Return what `encode` wrote."""
    found: dict[str, Any] = json.loads(content)
    return found


def rows_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of all questions as a table, for CSV files, figures and pages."""
    rows = [
        {"question": question["id"], **row}
        for question in content["questions"]
        for row in question["rows"]
    ]
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS))


def budgets_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row per question, contrast, metric and further budget; empty without any."""
    rows = [
        {"question": question["id"], **{name: row[name] for name in BUDGET_OF}, **one}
        for question in content["questions"]
        for row in question["rows"]
        for one in row.get("budgets", ())
    ]
    names = [field.name for field in fields(AtBudget)]
    return pd.DataFrame(rows, columns=["question", *BUDGET_OF, *names])
