"""Every run with its link into MLflow, grouped as MLflow groups them, and how trainings ended."""

import pandas as pd

from ablate.analysis.health import HEALTHY, is_unhealthy
from ablate.analysis.question import label_of
from ablate.analysis.sentences import chance
from ablate.analysis.table import RunRow, run_rows
from ablate.design_names import SEARCH, SEARCHES
from ablate.metrics.catalogue import is_lower_better
from ablate.report.contents import Contents
from ablate.report.values import run_link
from ablate.stats.health import IN_WORDS, STATES
from ablate.tables import NONE, Cell, Link, Table, number, table

MOST_LINKS = 2000  # on the page; tables/runs.csv has all
MOST_SEARCHED = 50


def with_links(contents: Contents) -> pd.DataFrame:
    """Return the run table with the MLflow id of every run, and its address where one is known."""
    ids = contents.runs["run_id"].map(contents.links.get)
    table = contents.runs.assign(mlflow_run_id=ids)
    if contents.server:
        table = table.assign(mlflow_url=ids.map(lambda one: contents.server + one, "ignore"))
    return table


def runs_table(contents: Contents) -> Table:
    """A row per phase and arm with a link per run: b2p3 is block 2, point 3, s0 seed 0.

    The link of an unhealthy run names its state.
    """
    groups: dict[tuple[str, str], list[Link]] = {}
    for run in run_rows(contents.runs.head(MOST_LINKS)):
        link = run_link(contents, run.run_id, _label(run))
        groups.setdefault((run.phase, run.arm), []).append(link)
    rows: list[list[Cell | str]] = [
        [phase, arm, Cell(links=tuple(links))] for (phase, arm), links in groups.items()
    ]
    return table(("phase", "arm", "runs"), rows)


def searched_table(contents: Contents) -> Table:
    """The best trials of adaptive searches; last the unhealthy, then those without value."""
    objective, names = contents.facts.objective, contents.facts.phases_of(SEARCH)
    part = contents.runs[contents.runs["phase"].isin(names)]
    values = part[objective] if objective in part else pd.Series(float("nan"), index=part.index)
    is_lower = is_lower_better(contents.facts.selecting)
    ranked = values.sort_values(ascending=is_lower, kind="stable").index
    is_late = is_unhealthy(part).astype(int).where(values.notna(), 2)
    order = is_late.loc[ranked].sort_values(kind="stable").index[:MOST_SEARCHED]
    shown = part.loc[order]
    return table(
        ("trial", "settings", "state", "health", objective),
        [
            [
                Cell(links=(run_link(contents, run.run_id, f"t{run.trial:03d}"),)),
                run.arm,
                run.state,
                run.health or NONE,
                number(values.get(index)),
            ]
            for index, run in zip(shown.index, run_rows(shown), strict=True)
        ],
    )


def failed_table(contents: Contents) -> Table:
    """The runs that failed, with their reasons."""
    failed = contents.runs[contents.runs["state"] == "failed"].head(MOST_LINKS)
    return table(
        ("run", "arm", "seed", "reason"),
        [
            [
                Cell(links=(run_link(contents, run.run_id, run.run_id),)),
                run.arm,
                str(run.seed),
                run.reason,
            ]
            for run in run_rows(failed)
        ],
    )


def health_table(contents: Contents) -> Table:
    """How the trainings of each arm ended, those of a search together.

    Empty where no run tells its health; a state that does not occur has no column.
    """
    runs = contents.runs
    if "health" not in runs:
        return table((), ())
    known = runs[runs["health"].isin(STATES)]
    searches = contents.facts.phases_of(*SEARCHES)
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
    return table(("phase", "arm", "trainings", *heads), rows if len(known) else ())


def compared_table(contents: Contents) -> Table:
    """The exact tests of unhealthy states over blocks: more and fewer of the first value."""
    rows = [
        [
            question.id,
            IN_WORDS[one.state],
            f"{label_of(one.value)} vs {label_of(one.baseline)}",
            str(one.more),
            str(one.fewer),
            str(one.blocks),
            chance(one.p_holm).removeprefix("= "),
        ]
        for question in contents.answered
        for one in question.health.comparisons
    ]
    return table(("question", "state", "values", "more", "fewer", "blocks", "p_Holm"), rows)


def _label(run: RunRow) -> str:
    if run.health in STATES and run.health != HEALTHY:
        return f"{run.place} ({run.health.replace('_', ' ')})"
    return run.place
