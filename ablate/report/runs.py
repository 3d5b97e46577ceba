"""Every run with its link into MLflow, grouped as MLflow groups them, and how trainings ended."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis.health import HEALTHY, is_unhealthy
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import BETTER
from ablate.report.contents import Contents
from ablate.report.grid import NONE, Cell, Grid, grid, number, run_link
from ablate.stats.health import IN_WORDS, STATES

MOST_LINKS = 2000  # on the page; tables/runs.csv has all
MOST_SEARCHED = 50


def with_links(contents: Contents) -> pd.DataFrame:
    """Return the run table with the MLflow id of every run, and its address where one is known."""
    ids = contents.runs["run_id"].map(contents.links.get)
    table = contents.runs.assign(mlflow_run_id=ids)
    if contents.server:
        table = table.assign(mlflow_url=ids.map(lambda one: contents.server + one, "ignore"))
    return table


def runs_grid(contents: Contents) -> Grid:
    """Return a row per phase and arm with a link per run: b2p3 is block 2, point 3, s0 seed 0.

    The link of an unhealthy run names its state.
    """
    shown = contents.runs.head(MOST_LINKS)
    rows: list[list[Cell | str]] = []
    for (phase, arm), some in shown.groupby(["phase", "arm"], sort=False):
        links = [run_link(contents, row["run_id"], _label(row)) for row in some.to_dict("records")]
        rows.append([str(phase), str(arm), Cell(links=tuple(links))])
    return grid(("phase", "arm", "runs"), rows)


def searched_grid(contents: Contents) -> Grid:
    """Return the best trials of adaptive searches; last the unhealthy, then those without value."""
    phases, objective = contents.facts["phases"], contents.facts["objective"]
    names = [name for name, phase in phases.items() if phase["design"] == "search"]
    part = contents.runs[contents.runs["phase"].isin(names)]
    values = part[objective] if objective in part else pd.Series(float("nan"), index=part.index)
    is_lower = BETTER.get(objective.partition("/")[2], "higher") == "lower"
    ranked = values.sort_values(ascending=is_lower, kind="stable").index
    is_late = is_unhealthy(part).astype(int).where(values.notna(), 2)
    order = is_late.loc[ranked].sort_values(kind="stable").index[:MOST_SEARCHED]
    return grid(
        ("trial", "settings", "state", "health", objective),
        [
            [
                Cell(links=(run_link(contents, row["run_id"], f"t{int(row['trial']):03d}"),)),
                str(row["arm"]),
                str(row["state"]),
                str(row.get("health") or NONE),
                number(values.get(index)),
            ]
            for index, row in part.loc[order].to_dict("index").items()
        ],
    )


def failed_grid(contents: Contents) -> Grid:
    """Return the runs that failed, with their reasons."""
    rows = contents.runs[contents.runs["state"] == "failed"].to_dict("records")
    return grid(
        ("run", "arm", "seed", "reason"),
        [
            [
                Cell(links=(run_link(contents, row["run_id"], row["run_id"]),)),
                str(row["arm"]),
                str(row["seed"]),
                str(row["reason"]),
            ]
            for row in rows[:MOST_LINKS]
        ],
    )


def health_grid(contents: Contents) -> Grid:
    """Return how the trainings of each arm ended, those of a search together.

    Empty where no run tells its health; a state that does not occur has no column.
    """
    runs = contents.runs
    if "health" not in runs:
        return grid((), ())
    known = runs[runs["health"].isin(STATES)]
    searches = [n for n, one in contents.facts["phases"].items() if one["design"] in SEARCHES]
    known = known.assign(arm=known["arm"].mask(known["phase"].isin(searches), "all"))
    states = [state for state in STATES if (known["health"] == state).any() or state == HEALTHY]
    rows = [
        [
            str(phase),
            str(arm),
            str(len(some)),
            *(str(int((some["health"] == state).sum())) for state in states),
        ]
        for (phase, arm), some in known.groupby(["phase", "arm"], sort=False)
    ]
    heads = [IN_WORDS[state] for state in states]
    return grid(("phase", "arm", "trainings", *heads), rows if len(known) else ())


def _label(row: Mapping[Any, Any]) -> str:
    state = row.get("health")
    told = f" ({state.replace('_', ' ')})" if state in STATES and state != HEALTHY else ""
    return f"{_place(row)}{told}"


def _place(row: Mapping[Any, Any]) -> str:
    if pd.notna(row.get("block")):
        point = row.get("point")
        return f"b{int(row['block'])}" + ("" if pd.isna(point) else f"p{int(point)}")
    return f"t{int(row['trial']):03d}s{row['seed']}"
