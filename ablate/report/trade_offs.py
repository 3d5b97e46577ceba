"""The trials of a search with several objectives that no other trial beats in all of them."""

from collections.abc import Sequence

import pandas as pd

from ablate.analysis.health import is_unhealthy
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import BETTER
from ablate.report.contents import Contents
from ablate.search.finished import Direction, FinishedTrial, front


def trade_offs(contents: Contents) -> pd.DataFrame:
    """Return one row per trial on the front: phase, trial, run_id, arm, then the objectives.

    Best first in the first objective. Values are means over the seeds of a trial, on val;
    exploratory. Unhealthy runs are left out. Empty where the study has one objective, or nothing
    was searched.
    """
    objectives = list(contents.facts.get("objectives", ()))
    columns = ["phase", "trial", "run_id", "arm", *objectives]
    phases, runs = contents.facts["phases"], contents.runs
    ended = runs[(runs["state"] == "finished") & ~is_unhealthy(runs)]
    parts = [
        _front_of(ended[ended["phase"] == name], objectives)
        for name, phase in phases.items()
        if phase["design"] in SEARCHES and len(objectives) > 1 and set(objectives) <= set(runs)
    ]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def _front_of(runs: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    runs = runs.dropna(subset=list(objectives))
    firsts = runs.drop_duplicates("trial").set_index("trial")[["phase", "run_id", "arm"]]
    means = runs.groupby("trial")[list(objectives)].mean()
    kept = front(
        [
            FinishedTrial(
                number=int(number), values={}, value=float(row[0]), further=tuple(row[1:])
            )
            for number, row in zip(means.index, means.to_numpy().tolist(), strict=True)
        ],
        directions=[_direction(objective) for objective in objectives],
    )
    table = firsts.join(means).loc[[told.number for told in kept]].reset_index()
    is_lower = _direction(objectives[0]) == "minimize"
    return table.sort_values(objectives[0], ascending=is_lower, kind="stable")


def _direction(objective: str) -> Direction:
    is_lower = BETTER.get(objective.partition("/")[2], "higher") == "lower"
    return "minimize" if is_lower else "maximize"
