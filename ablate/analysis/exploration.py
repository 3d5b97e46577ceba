"""All that a study's exploration shows, in one plain dict: it describes and never claims."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ablate.analysis.best_of import of_blocks, of_trials
from ablate.analysis.dependence import dependence, process
from ablate.analysis.dimensions import Explored, encoded, explored
from ablate.analysis.effects import effects
from ablate.analysis.importance import importance
from ablate.analysis.pairwise import contrasts_of_contrasts, pairwise
from ablate.design_names import SEARCH
from ablate.metrics.catalogue import BETTER

LABEL = "exploratory: describes, claims nothing"
FEWEST = 16  # trials that a model is fitted to
NO_SPREAD = "no phase spreads trials over several settings"


def explore(facts: Mapping[str, Any], runs: pd.DataFrame) -> dict[str, Any]:
    """Return importance, interactions, dependence, effects and best-of-T; {} where nothing varied.

    Trials of searches are counted and left out of everything but `searched`, a raw mean that is
    shown to warn. What cannot be computed has a reason. The order of the runs changes nothing.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
    """
    runs = runs.sort_values(["phase", "trial", "run_id"], kind="stable").reset_index(drop=True)
    searches = [name for name, phase in facts["phases"].items() if phase["design"] == SEARCH]
    searched = runs[runs["phase"].isin(searches)]
    found, objective = explored(facts, runs), facts["objective"]
    tries = _best_of(facts, runs, found)
    crossed = contrasts_of_contrasts(facts, runs, metrics=list(dict.fromkeys(facts["primary"])))
    if found is None and searched.empty and not tries:
        return {}
    content: dict[str, Any] = {
        "label": LABEL,
        "adaptive_left_out": int(searched["trial"].nunique()),
        "best_of": tries,
        "best_of_response": objective,
        "crossed": crossed,
        "reason": "" if found is not None else _without_spread(searched),
        "responses": [],
    }
    if found is not None:
        content |= {
            "trials": len(found.trials),
            "failed": found.failed,
            "incomplete": found.incomplete,
            "dimensions": [
                {
                    "name": one.name,
                    "low": one.low,
                    "high": one.high,
                    "is_log": one.is_log,
                    "choices": list(one.choices),
                }
                for one in found.dimensions
            ],
            "left_out": [{"dimension": name, "reason": why} for name, why in found.left_out],
            "responses": [
                _response(facts, found, response, searched=searched)
                for response in _responses(facts, found.trials)
            ],
        }
    return content


def _response(
    facts: Mapping[str, Any], found: Explored, response: str, *, searched: pd.DataFrame
) -> dict[str, Any]:
    """Return all views of one response."""
    trials = found.trials.dropna(subset=[response]).reset_index(drop=True)
    metric = response.partition("/")[2]
    content: dict[str, Any] = {
        "response": response,
        "metric": metric,
        "better": BETTER.get(metric, "higher"),
        "trials": len(trials),
        "reason": "",
        "importance": [],
        "interactions": [],
        "no_interactions": "",
        "dependence": [],
        "effects": [],
        "noise_sd": None,
        "variance": None,
    }
    if len(found.dimensions) < 2:
        return content | {"reason": f"{len(found.dimensions)} dimensions varied, 2 are needed"}
    if len(trials) < FEWEST:
        return content | {"reason": f"{len(trials)} trials have a score, {FEWEST} are needed"}
    scores = trials[response].to_numpy(dtype=float)
    if float(scores.max()) == float(scores.min()):
        return content | {"reason": "all trials have the same score"}
    fitted = process(encoded(found.dimensions, trials), scores)
    finished = searched[searched["state"] == "finished"]
    content |= {
        "variance": float(scores.var()),
        "noise_sd": fitted.noise,
        "importance": importance(trials, found.dimensions, scores),
        "dependence": dependence(fitted, trials, found.dimensions),
        "effects": effects(
            facts["questions"],
            trials,
            found.dimensions,
            response,
            fitted=fitted,
            adaptive=finished,
        ),
    }
    try:
        content["interactions"] = pairwise(trials, found.dimensions, scores)
    except ValueError as error:
        content["no_interactions"] = str(error)
    return content


def _best_of(
    facts: Mapping[str, Any], runs: pd.DataFrame, found: Explored | None
) -> list[dict[str, Any]]:
    response = facts["objective"]
    is_lower = BETTER.get(response.partition("/")[2]) == "lower"
    tries: list[dict[str, Any]] = []
    if response in runs and "block" in runs:
        tries += of_blocks(facts, runs, response, is_lower=is_lower)
    if found is not None and response in found.trials:
        tries += of_trials(facts["questions"], found.trials, response, is_lower=is_lower)
    return tries


def _responses(facts: Mapping[str, Any], trials: pd.DataFrame) -> Iterator[str]:
    """Yield the objectives and the primary metrics on the split that selects."""
    wanted = [facts["objective"], *facts.get("objectives", ())]
    wanted += [f"val/{metric}" for metric in facts["primary"]]
    for response in dict.fromkeys(wanted):
        if response in trials and trials[response].notna().any():
            yield response


def _without_spread(searched: pd.DataFrame) -> str:
    if searched.empty:
        return NO_SPREAD
    return f"{NO_SPREAD} without looking at scores: a search favours what scored well early"
