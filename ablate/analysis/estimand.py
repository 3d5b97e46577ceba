"""What a blocked design compares, by name, and what other choices of the tuning point would say.

The estimand is the expected score of the best of a few random tuning points by one val metric. A
value may win it because it is better at its optimum, or because its optimum is wide and in the
middle of the range: a fitted response surface tells the two apart. Nothing here decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from ablate.analysis.best_of import chances
from ablate.analysis.cells import cells_of, tuned_baselines
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.health import is_unhealthy
from ablate.analysis.judging import judge
from ablate.analysis.question import Contrast, RegisteredQuestion, metric_label
from ablate.analysis.selection import select
from ablate.analysis.verdict import Verdict
from ablate.analysis.words import MetricWord
from ablate.errors import DataError
from ablate.positions import positions
from ablate.stats.arrays import Floats
from ablate.stats.margins import is_equivalent
from ablate.stats.surface import AtOptimum, Surface, fit_surface, optimum_contrast

Way = Literal["own", "joint", "surface"]
JOINT: Final = "the primary metrics together"
ENOUGH: Final = 2 / 3  # of a difference: less between the optima is not the one that was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A contrast in a primary metric where the tuning point is chosen in another way.

    Args:
        way: "own" (the metric's own val score chooses), "joint" (the mean of all primary metrics,
            each standardised in its block) or "surface" (the fitted optimum of each value).
        contrast: Its name.
        metric: A primary metric.
        percent: Of the tuned baseline; low and high are the ends of its interval, before any
            correction.
        low: See `percent`.
        high: See `percent`.
        word: Of the contrast in the metric; of a surface by its uncorrected p.
    """

    way: Way
    contrast: str
    metric: str
    percent: float
    low: float | None
    high: float | None
    word: MetricWord


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPoints:
    """A contrast in a primary metric by the number of tuning points, in % of the tuned baseline."""

    contrast: str
    metric: str
    percents: tuple[tuple[int, float], ...]  # (number of points, change)

    @property
    def turns(self) -> bool:
        """Whether the order of the values changes with the number of points."""
        return len({np.sign(percent) for _, percent in self.percents} - {0.0}) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    """What is compared, and how it would look otherwise.

    `no_surface` says why no response surface was fitted; empty where one was.
    """

    points: int
    selected_by: str
    alternatives: tuple[Alternative, ...] = ()
    by_points: tuple[ByPoints, ...] = ()
    no_surface: str = ""

    @property
    def name(self) -> str:
        """The estimand in words."""
        if self.points == 1:
            return "the score at one random tuning point"
        chosen_by = metric_label(self.selected_by)
        return f"the best of {self.points} random tuning points by val {chosen_by}"

    def of(self, way: Way) -> tuple[Alternative, ...]:
        """The alternatives of one way."""
        return tuple(one for one in self.alternatives if one.way == way)


def estimand_of(
    question: RegisteredQuestion,
    points: pd.DataFrame,
    images: pd.DataFrame,
    *,
    selected: Selected,
    facts: Facts,
    selecting: str,
    drops_lost_points: bool = False,
) -> Estimand:
    """Return the estimand of a question with its alternatives.

    Args:
        question: What is asked.
        points: As of `select`, with "val/METRIC" and "test/METRIC" where they are known.
        images: As of `select`.
        selected: The registered choice.
        facts: The study around it.
        selecting: The metric that chose.
        drops_lost_points: As of `select`.
    """
    alternatives: list[Alternative] = []
    others: list[tuple[Way, str, pd.DataFrame]] = [
        ("own", metric, points) for metric in question.primary if metric != selecting
    ]
    if len(question.primary) > 1:
        others.append(("joint", JOINT, _with_joint(question, points)))
    for way, metric, table in others:
        if f"val/{metric}" not in table or table[f"val/{metric}"].isna().all():
            continue
        chosen = select(
            table,
            images,
            metric=metric,
            better={**question.better, JOINT: "higher"},
            drops_lost_points=drops_lost_points,
        )
        some = question.primary if way == "joint" else (metric,)
        alternatives += _chosen_so(judge(question, chosen, facts), way=way, metrics=some)
    bases = tuned_baselines(
        question, {m: cells_of(question, selected.answers, m) for m in question.primary}
    )
    at_optimum, reason = _at_optimum(question, selected, facts, bases=bases)
    return Estimand(
        points=facts.points,
        selected_by=selecting,
        alternatives=(*alternatives, *at_optimum),
        by_points=tuple(_by_points(question, points, selecting, bases=bases)),
        no_surface=reason,
    )


def easily_tuned(verdict: Verdict, estimand: Estimand) -> Iterator[str]:
    """Yield a caveat per metric whose claimed differences are not there at the fitted optimum.

    It is not there where the difference between the optima is equivalent, or where it is less than
    two thirds of what was found and not shown to go the same way.
    """
    found = {(one.contrast, one.metric): one for one in estimand.of("surface")}
    names: dict[str, list[str]] = {}
    for answer in verdict.contrasts:
        for shown in answer.effects:
            at = found.get((answer.contrast, shown.metric))
            word = answer.primary.get(shown.metric)
            if at is None or word not in ("gain", "loss"):
                continue
            is_less = at.percent * np.sign(shown.change) < ENOUGH * abs(shown.change)
            if at.word == "equivalent" or (at.word != word and is_less):
                names.setdefault(shown.metric, []).append(answer.contrast)
    for metric, contrasts in names.items():
        yield (
            f"what differs is how easily it is tuned, not its best ({', '.join(contrasts)} in "
            f"{metric_label(metric)}): found for {estimand.name}, not between the fitted optima"
        )


def _with_joint(question: RegisteredQuestion, points: pd.DataFrame) -> pd.DataFrame:
    """Return the points with a val score of all primary metrics, each standardised in its block."""
    columns = [f"val/{metric}" for metric in question.primary]
    if any(column not in points for column in columns):
        return points
    healthy = points[columns].mask(is_unhealthy(points))
    total = pd.Series(0.0, index=points.index)
    for metric, column in zip(question.primary, columns, strict=True):
        of_block = healthy[column].groupby(points["block"])
        spread = of_block.transform("std").replace(0.0, np.nan)
        total += question.sign_of(metric) * (points[column] - of_block.transform("mean")) / spread
    return points.assign(**{f"val/{JOINT}": total})


def _chosen_so(verdict: Verdict, *, way: Way, metrics: Sequence[str]) -> Iterator[Alternative]:
    """Yield the contrasts of a verdict in some metrics."""
    for answer in verdict.contrasts:
        for shown in answer.effects:
            if shown.metric in metrics and shown.metric in answer.primary:
                yield Alternative(
                    way=way,
                    contrast=answer.contrast,
                    metric=shown.metric,
                    percent=shown.change,
                    low=shown.low,
                    high=shown.high,
                    word=answer.primary[shown.metric],
                )


def _at_optimum(
    question: RegisteredQuestion, selected: Selected, facts: Facts, *, bases: Mapping[str, float]
) -> tuple[list[Alternative], str]:
    """Return the contrasts between fitted optima, and why there are none."""
    tuned = [one for one in facts.nuisance if one.name in selected.offered]
    runs = selected.offered
    if not tuned or runs.empty:
        return [], "nothing is tuned"
    if runs[[one.name for one in tuned]].isna().any(axis=None):
        return [], "some values have no such setting to tune"
    places = np.column_stack(
        [
            positions(runs[one.name].tolist(), low=one.low, high=one.high, is_log=one.is_log)
            for one in tuned
        ]
    )
    index = runs["value"].map({value: at for at, value in enumerate(question.values)})
    found: list[Alternative] = []
    for metric in question.primary:
        column = f"test/{metric}"
        if column not in runs or metric not in bases or index.nunique() < len(question.values):
            continue
        is_known = runs[column].notna().to_numpy()
        try:
            surface = fit_surface(
                places[is_known],
                values=index[is_known],
                blocks=runs["block"][is_known],
                scores=runs[column][is_known] * question.sign_of(metric),
                alpha=question.alpha,
            )
        except DataError as error:
            return [], str(error).removeprefix("surface: ")
        found += _contrasts(question, surface, metric, base=bases[metric])
    return found, "" if found else "no test scores of every run"


def _contrasts(
    question: RegisteredQuestion, surface: Surface, metric: str, *, base: float
) -> Iterator[Alternative]:
    sign = question.sign_of(metric)
    for contrast in question.contrasts:
        if contrast.is_exploratory or question.pair_of(contrast) is None:
            continue
        at = optimum_contrast(surface, contrast.weights, alpha=question.alpha)
        low, high = sorted((sign * at.low, sign * at.high))
        yield Alternative(
            way="surface",
            contrast=contrast.name,
            metric=metric,
            percent=100 * sign * at.estimate / base,
            low=100 * low / base,
            high=100 * high / base,
            word=_word(question, metric, at),
        )


def _word(question: RegisteredQuestion, metric: str, at: AtOptimum) -> MetricWord:
    margin = question.margin_of(metric)
    if margin is not None and is_equivalent(low=at.low, high=at.high, margin=margin):
        return "equivalent"
    if at.p >= question.alpha:
        return "open"
    return "gain" if at.estimate > 0 else "loss"


def _by_points(
    question: RegisteredQuestion,
    points: pd.DataFrame,
    selecting: str,
    *,
    bases: Mapping[str, float],
) -> Iterator[ByPoints]:
    """Yield the contrasts between two values by the number of points that may be tried."""
    is_lower, val = question.better[selecting] == "lower", f"val/{selecting}"
    for metric in question.primary:
        if not {val, f"test/{metric}"} <= set(points) or metric not in bases:
            continue
        means = _expected(question, points, metric, val=val, is_lower=is_lower)
        if means is None:
            continue
        tries = [2**power for power in range(len(means).bit_length())]
        for contrast in question.contrasts:
            if contrast.is_exploratory or question.pair_of(contrast) is None:
                continue
            yield ByPoints(
                contrast=contrast.name,
                metric=metric,
                percents=tuple(
                    (count, 100 * _sum(contrast, means[count - 1]) / bases[metric])
                    for count in tries
                ),
            )


def _sum(contrast: Contrast, means: Floats) -> float:
    return float(np.asarray(contrast.weights) @ means)


def _expected(
    question: RegisteredQuestion, points: pd.DataFrame, metric: str, *, val: str, is_lower: bool
) -> Floats | None:
    """Return the expected test score of the best of 1, 2, ... points by val, [tries, values].

    A mean over blocks. A point that failed or ended unhealthy is the worst on val and has the worst
    test score of the healthy points of its block. None where a block lacks a value.
    """
    tried = points[val].to_numpy(dtype=float) * (-1 if is_lower else 1)
    scores = points[f"test/{metric}"].to_numpy(dtype=float)
    is_known = np.isfinite(tried) & np.isfinite(scores) & ~is_unhealthy(points).to_numpy()
    tried = np.where(is_known, tried, -np.inf)
    blocks = points["block"].to_numpy()
    of_value = [(points["value"] == value).to_numpy() for value in question.values]
    curves: list[Floats] = []
    for block in np.unique(blocks[is_known]):
        here = blocks == block
        healthy = scores[here & is_known]
        worst = healthy.min() if question.sign_of(metric) > 0 else healthy.max()
        filled = np.where(is_known, scores, worst)
        mine = [np.flatnonzero(here & one) for one in of_value]
        if not all(len(one) for one in mine):
            return None
        ordered = [filled[one[np.argsort(tried[one], kind="stable")]] for one in mine]
        fewest = min(len(one) for one in ordered)
        of_values = [(chances(len(one)) @ one)[:fewest] for one in ordered]
        curves.append(np.stack(of_values, axis=1))
    if not curves:
        return None
    most = min(len(curve) for curve in curves)
    return np.asarray(np.mean([curve[:most] for curve in curves], axis=0))


def with_caveats(verdict: Verdict, estimand: Estimand) -> Verdict:
    """Return the verdict with the caveats of the estimand behind its own."""
    return replace(verdict, caveats=(*verdict.caveats, *easily_tuned(verdict, estimand)))
