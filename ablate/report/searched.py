"""What a report says of a search beside its figures, and what these start from."""

import pandas as pd

from ablate.analysis.dimensions import Varied
from ablate.analysis.exploration import FEWEST as FEWEST_MODELLED
from ablate.analysis.search_importance import Share, shares
from ablate.analysis.searched import best_first, searched_dimensions, searched_trials, with_reports
from ablate.analysis.table import run_rows
from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn
from ablate.report.values import run_link
from ablate.tables import NONE, Cell, Table, number, table

NO_SEARCH = "the study has no exploration and no search"
NO_SCORE = "no trial has a score"
MOST_BEST = 10  # rows of the table of best settings
MOST_COLUMNS = 6  # settings with a column of their own
FEWEST = 2  # trials with a score that every view of a search is content with


def seen(contents: Contents) -> tuple[pd.DataFrame, list[Varied]] | NotDrawn:
    """Return the trials with their last reports and what varied in them, or why there are none."""
    facts = contents.facts
    trials = searched_trials(facts, contents.runs)
    if trials.empty:
        return NotDrawn(NO_SEARCH)
    scored = int(trials["score"].notna().sum())
    if scored < FEWEST:
        return NotDrawn(
            f"{scored} trials have a score, {FEWEST} are needed" if scored else NO_SCORE
        )
    dimensions = searched_dimensions(facts, trials)
    if not dimensions:
        return NotDrawn("no setting varied over the trials")
    return with_reports(trials, contents.curves, facts.objective), dimensions


def by_importance(trials: pd.DataFrame, dimensions: list[Varied]) -> list[Varied]:
    """Return what varied, what explains most of the scores first; without bands."""
    found: dict[str, Share] = {
        one.dimension: one for one in shares(trials, dimensions, resampled=0)
    }
    return sorted(dimensions, key=lambda one: -found[one.name].share if one.name in found else 1.0)


def best_table(contents: Contents) -> Table:
    """The best trials of searches and explorations: settings, mean, deviation and seeds."""
    facts = contents.facts
    trials = searched_trials(facts, contents.runs)
    best = best_first(trials, facts.objective).head(MOST_BEST)
    varied = searched_dimensions(facts, trials)
    apart = varied if len(varied) <= MOST_COLUMNS else []
    heads = [one.name for one in apart] or ["settings"]
    rows: list[list[Cell | str]] = []
    for run, row in zip(run_rows(best), best.to_dict("records"), strict=True):
        settings = [_setting(one, row[one.column]) for one in apart] or [run.arm]
        link = run_link(contents, run.run_id, f"t{run.trial:03d}")
        sd = NONE if pd.isna(row["sd"]) else number(row["sd"])
        rows.append(
            [Cell(links=(link,)), *settings, number(row["score"]), sd, str(int(row["seeds"]))]
        )
    return table(("trial", *heads, facts.objective, "sd", "n"), rows)


def too_few(contents: Contents) -> str:
    """Which views of a search or exploration need more trials than there are; "" for none."""
    trials = searched_trials(contents.facts, contents.runs)
    scored = int(trials["score"].notna().sum())
    if scored == 0 or any(one.dependence for one in contents.responses):
        return ""
    designed = int(trials.loc[~trials["is_adaptive"], "score"].notna().sum())
    return (
        f"{scored} trials have a score, {designed} of them designed. From {FEWEST_MODELLED} "
        "designed ones on (design sobol or full_factorial) the report adds what is modelled: "
        "courses with bands, interactions, and importance beside that of shuffled scores."
    )


def _setting(one: Varied, value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return NONE
    return str(value) if one.choices else f"{float(value):.4g}"  # type: ignore[arg-type]
