"""Every run with its link into MLflow, grouped as MLflow groups them: arm, block or trial."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.metrics.catalogue import BETTER
from ablate.report.contents import Contents
from ablate.report.grid import Cell, Grid, grid, number, run_link

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
    """Return a row per phase and arm with a link per run: b2p3 is block 2, point 3, s0 seed 0."""
    shown = contents.runs.head(MOST_LINKS)
    rows: list[list[Cell | str]] = []
    for (phase, arm), some in shown.groupby(["phase", "arm"], sort=False):
        links = [run_link(contents, row["run_id"], _label(row)) for row in some.to_dict("records")]
        rows.append([str(phase), str(arm), Cell(links=tuple(links))])
    return grid(("phase", "arm", "runs"), rows)


def searched_grid(contents: Contents) -> Grid:
    """Return the best trials of adaptive searches, those without a value last."""
    phases, objective = contents.facts["phases"], contents.facts["objective"]
    names = [name for name, phase in phases.items() if phase["design"] == "search"]
    part = contents.runs[contents.runs["phase"].isin(names)]
    values = part[objective] if objective in part else pd.Series(float("nan"), index=part.index)
    is_lower = BETTER.get(objective.partition("/")[2], "higher") == "lower"
    order = values.sort_values(ascending=is_lower, kind="stable").index[:MOST_SEARCHED]
    return grid(
        ("trial", "settings", "state", objective),
        [
            [
                Cell(links=(run_link(contents, row["run_id"], f"t{int(row['trial']):03d}"),)),
                str(row["arm"]), str(row["state"]), number(values.get(index)),
            ]
            for index, row in part.loc[order].to_dict("index").items()
        ],
    )  # fmt: skip


def failed_grid(contents: Contents) -> Grid:
    """Return the runs that failed, with their reasons."""
    rows = contents.runs[contents.runs["state"] == "failed"].to_dict("records")
    return grid(
        ("run", "arm", "seed", "reason"),
        [
            [Cell(links=(run_link(contents, row["run_id"], row["run_id"]),)), str(row["arm"]),
             str(row["seed"]), str(row["reason"])]
            for row in rows[:MOST_LINKS]
        ],
    )  # fmt: skip


def _label(row: Mapping[Any, Any]) -> str:
    if pd.notna(row.get("block")):
        point = row.get("point")
        return f"b{int(row['block'])}" + ("" if pd.isna(point) else f"p{int(point)}")
    return f"t{int(row['trial']):03d}s{row['seed']}"
