"""What a study's exploration shows: it describes and never claims."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pandas as pd

from ablate.analysis.best_of import BestOfTries, of_blocks, of_trials
from ablate.analysis.dependence import Course, dependence, process
from ablate.analysis.dimensions import Explored, Varied, encoded, explored
from ablate.analysis.effects import ValueMean, effects
from ablate.analysis.importance import Importance, importance
from ablate.analysis.pairwise import CrossedEffect, Pair, contrasts_of_contrasts, pairwise
from ablate.analysis.published import StudyFacts
from ablate.design_names import SEARCH
from ablate.metrics.catalogue import Direction, is_lower_better
from ablate.stored import stored

LABEL = "exploratory: describes, claims nothing"
FEWEST = 16  # trials that a model is fitted to
NO_SPREAD = "no phase spreads trials over several settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredDimension:
    """A dimension that varied: a range of numbers, or a few names."""

    name: str
    low: float
    high: float
    is_log: bool
    choices: tuple[str, ...]

    @classmethod
    def of(cls, one: Varied) -> "ExploredDimension":
        """What is stored of a dimension."""
        return cls(
            name=one.name, low=one.low, high=one.high, is_log=one.is_log, choices=one.choices
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A dimension that was left out, and why."""

    dimension: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """All views of one response of an exploration.

    Args:
        response: Column of the run table, such as "val/qabf".
        metric: Its metric.
        better: Direction of the metric.
        trials: Trials with a score.
        reason: Why no model was fitted; empty where one was.
        importance: Variance per dimension, the largest first.
        interactions: Variance per pair of dimensions.
        no_interactions: Why there are none; empty where there are.
        dependence: Course along every dimension.
        effects: Means of every compared value.
        noise_sd: Standard deviation of the noise that the model found, in units of the metric.
        variance: Of the scores.
    """

    response: str
    metric: str
    better: Direction
    trials: int
    reason: str = ""
    importance: tuple[Importance, ...] = ()
    interactions: tuple[Pair, ...] = ()
    no_interactions: str = ""
    dependence: tuple[Course, ...] = ()
    effects: tuple[ValueMean, ...] = ()
    noise_sd: float | None = None
    variance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """The part "exploration" of verdict.json; nothing in it is a claim.

    Args:
        label: Says so.
        adaptive_left_out: Trials of searches, which enter nothing but raw means shown to warn.
        best_of: Expected best of a number of tries.
        best_of_response: Column that they are scored by.
        crossed: What two factors of a full factorial do together.
        reason: Why there are no responses; empty where there are.
        responses: One per objective and primary metric, on the split that selects.
        trials: Non-adaptive trials; None where no phase spreads trials.
        failed: Trials without any score.
        incomplete: Trials in which a dimension was not active.
        dimensions: What varied.
        left_out: What varied and cannot be modelled.
    """

    label: str = LABEL
    adaptive_left_out: int = 0
    best_of: tuple[BestOfTries, ...] = ()
    best_of_response: str = ""
    crossed: tuple[CrossedEffect, ...] = ()
    reason: str = ""
    responses: tuple[Response, ...] = ()
    trials: int | None = stored(default=None, optional=True)
    failed: int | None = stored(default=None, optional=True)
    incomplete: int | None = stored(default=None, optional=True)
    dimensions: tuple[ExploredDimension, ...] | None = stored(default=None, optional=True)
    left_out: tuple[LeftOut, ...] | None = stored(default=None, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    """The trials of a study's exploration, and the finished runs of its searches."""

    facts: StudyFacts
    found: Explored
    searched: pd.DataFrame = field(default_factory=pd.DataFrame)


def explore(facts: StudyFacts, runs: pd.DataFrame) -> Exploration | None:
    """Importance, interactions, dependence, effects and best-of-T; None where nothing varied.

    Trials of searches are counted and left out of everything but the raw means that are shown to
    warn. What cannot be computed has a reason. The order of the runs changes nothing.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
    """
    runs = runs.sort_values(["phase", "trial", "run_id"], kind="stable").reset_index(drop=True)
    searched = runs[runs["phase"].isin(facts.phases_of(SEARCH))]
    found = explored(facts, runs)
    tries = _best_of(facts, runs, found)
    if found is None and searched.empty and not tries:
        return None
    content = Exploration(
        adaptive_left_out=int(searched["trial"].nunique()),
        best_of=tuple(tries),
        best_of_response=facts.objective,
        crossed=contrasts_of_contrasts(facts, runs, metrics=list(dict.fromkeys(facts.primary))),
        reason="" if found is not None else _without_spread(searched),
    )
    if found is None:
        return content
    trials = _Trials(facts=facts, found=found, searched=searched[searched["state"] == "finished"])
    return replace(
        content,
        trials=len(found.trials),
        failed=found.failed,
        incomplete=found.incomplete,
        dimensions=tuple(ExploredDimension.of(one) for one in found.dimensions),
        left_out=tuple(LeftOut(dimension=name, reason=why) for name, why in found.left_out),
        responses=tuple(
            _response(trials, response) for response in _responses(facts, found.trials)
        ),
    )


def _response(every: _Trials, response: str) -> Response:
    """All views of one response."""
    found = every.found
    trials = found.trials.dropna(subset=[response]).reset_index(drop=True)
    metric = response.partition("/")[2]
    content = Response(
        response=response,
        metric=metric,
        better="lower" if is_lower_better(metric) else "higher",
        trials=len(trials),
    )
    if len(found.dimensions) < 2:
        return replace(content, reason=f"{len(found.dimensions)} dimensions varied, 2 are needed")
    if len(trials) < FEWEST:
        return replace(content, reason=f"{len(trials)} trials have a score, {FEWEST} are needed")
    scores = trials[response].to_numpy(dtype=float)
    if float(scores.max()) == float(scores.min()):
        return replace(content, reason="all trials have the same score")
    fitted = process(encoded(found.dimensions, trials), scores)
    pairs: tuple[Pair, ...] = ()
    no_pairs = ""
    try:
        pairs = pairwise(trials, found.dimensions, scores)
    except ValueError as error:
        no_pairs = str(error)
    return replace(
        content,
        variance=float(scores.var()),
        noise_sd=fitted.noise,
        importance=importance(trials, found.dimensions, scores),
        interactions=pairs,
        no_interactions=no_pairs,
        dependence=dependence(fitted, trials, found.dimensions),
        effects=effects(
            every.facts.questions,
            trials,
            found.dimensions,
            response,
            fitted=fitted,
            adaptive=every.searched,
        ),
    )


def _best_of(facts: StudyFacts, runs: pd.DataFrame, found: Explored | None) -> list[BestOfTries]:
    response = facts.objective
    is_lower = is_lower_better(facts.selecting)
    tries: list[BestOfTries] = []
    if response in runs and "block" in runs:
        tries += of_blocks(facts, runs, response, is_lower=is_lower)
    if found is not None and response in found.trials:
        tries += of_trials(facts.questions, found.trials, response, is_lower=is_lower)
    return tries


def _responses(facts: StudyFacts, trials: pd.DataFrame) -> Iterator[str]:
    """Yield the objectives and the primary metrics on the split that selects."""
    wanted = [facts.objective, *facts.objectives, *(f"val/{metric}" for metric in facts.primary)]
    for response in dict.fromkeys(wanted):
        if response in trials and trials[response].notna().any():
            yield response


def _without_spread(searched: pd.DataFrame) -> str:
    if searched.empty:
        return NO_SPREAD
    return f"{NO_SPREAD} without looking at scores: a search favours what scored well early"
