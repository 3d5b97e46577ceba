"""Where more of an ordered factor stops paying: the plateau, and the steps up to it.

Two statements beside the verdict, each in a family of its own, neither deciding the question:

- A value is on the plateau where it is shown to be no worse than every other value, by more than
  the smallest effect, in every primary metric. Each of these tests must reject (intersection-union:
  no correction inside a value); Holm corrects over the values. The best need not be known for that,
  so that choosing it by the same scores costs nothing.
- The steps, each value against the one before, are a fixed sequence: tested in their order, each at
  the full alpha of its metric (alpha over the number of primary metrics), until the first that is
  not shown to be a gain. The rows of the question correct the same steps by Holm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from scipy.special import stdtr

from ablate.analysis.cells import Cells, cells_of
from ablate.analysis.question import RegisteredQuestion, label_of, metric_label
from ablate.analysis.verdict import Verdict
from ablate.published import Value
from ablate.stats.contrasts import against, difference
from ablate.stats.crossed import CrossedT, crossed_t
from ablate.stats.multiplicity import holm


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The weakest of the tests that a value falls behind no other by the margin, or more.

    Args:
        value: Of the factor.
        metric: In which the test is weakest; larger is better here, whatever its direction.
        rival: The value that it is tested against.
        estimate: Value minus rival, in units of the metric.
        low: Lower end of the interval.
        margin: The smallest effect.
        p: One-sided, of "worse by the margin or more".
        p_holm: Corrected over the values.
        is_as_good: Whether it is shown to be no worse than every other value.
    """

    value: Value
    metric: str
    rival: Value
    estimate: float
    low: float
    margin: float
    p: float
    p_holm: float = 1.0
    is_as_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A value against the one before it; after the first step without a gain none is tested."""

    metric: str
    value: Value
    before: Value
    gain: float
    p: float
    alpha: float
    is_tested: bool
    is_gain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """The smallest value as good as the best, the tests behind it, and the steps up to it.

    `smallest` is None where no value is shown to be as good, and where `reason` says why nothing
    could be tested.
    """

    smallest: Value | None = None
    reason: str = ""
    sentence: str = ""
    candidates: tuple[Candidate, ...] = ()
    steps: tuple[Step, ...] = ()


def plateau(question: RegisteredQuestion, answers: pd.DataFrame, *, verdict: Verdict) -> Plateau:
    """Find the smallest value that is as good as the best.

    Args:
        question: About an ordered factor, its values in rising order.
        answers: As of the verdict.
        verdict: Where it is not answerable, neither is this.
    """
    margins = {metric: question.margin_of(metric) for metric in question.primary}
    missing = [metric_label(metric) for metric, margin in margins.items() if margin is None]
    if verdict.verdict == "not answerable":
        return Plateau(reason=verdict.reason)
    if missing:
        return Plateau(reason=f"no smallest effect of interest is named for {', '.join(missing)}")
    cells = {metric: cells_of(question, answers, metric) for metric in question.primary}
    candidates = _candidates(question, cells, {m: float(v or 0) for m, v in margins.items()})
    steps = [
        step for metric in question.primary for step in _steps(question, cells[metric], metric)
    ]
    smallest = next((one.value for one in candidates if one.is_as_good), None)
    return Plateau(
        smallest=smallest,
        sentence=_sentence(question, smallest, candidates, steps),
        candidates=tuple(candidates),
        steps=tuple(steps),
    )


def pace(runs: pd.DataFrame, arms: Mapping[Value, str]) -> pd.DataFrame:
    """Value, median seconds per step and runs: what a value costs beside what it brings.

    A wall time, so it stands in tables and never in verdict.json.
    """
    column = "facts.seconds_per_step"
    rows = []
    for value, arm in arms.items():
        some = runs[(runs["arm_id"] == arm) & (runs["state"] == "finished")]
        seconds = some[column].dropna() if column in some else pd.Series(dtype=float)
        rows.append((value, seconds.median() if len(seconds) else None, len(seconds)))
    return pd.DataFrame(rows, columns=["value", "seconds_per_step", "runs"])


def _candidates(
    question: RegisteredQuestion, cells: Mapping[str, Cells], margins: Mapping[str, float]
) -> list[Candidate]:
    """Per value the test that it falls behind no other; the weakest of its tests counts."""
    found: list[Candidate] = []
    for at in range(len(question.values)):
        tests = [
            _no_worse(question, cells[metric], metric=metric, value=at, rival=other, margin=margin)
            for metric, margin in margins.items()
            for other in range(len(question.values))
            if other != at
        ]
        found.append(max(tests, key=lambda test: test.p))
    corrected = holm([one.p for one in found])
    return [
        replace(one, p_holm=float(p), is_as_good=bool(p < question.alpha / 2))
        for one, p in zip(found, corrected, strict=True)
    ]


def _no_worse(
    question: RegisteredQuestion,
    cells: Cells,
    *,
    metric: str,
    value: int,
    rival: int,
    margin: float,
) -> Candidate:
    """Test "worse by the margin or more" of two values, by their places in the question."""
    t = _gain(question, cells, metric, value=value, before=rival)
    if t.se == 0:
        p = 0.0 if t.estimate > -margin else 1.0
    else:
        p = float(stdtr(t.df, -(t.estimate + margin) / t.se))
    return Candidate(
        value=question.values[value],
        metric=metric,
        rival=question.values[rival],
        estimate=float(t.estimate),
        low=float(t.low),
        margin=margin,
        p=p,
    )


def _gain(
    question: RegisteredQuestion, cells: Cells, metric: str, *, value: int, before: int
) -> CrossedT:
    """The crossed t of two values, by their places; larger is better."""
    weights = against(count=cells.scores.shape[1], value=value, baseline=before)
    return crossed_t(
        question.sign_of(metric) * difference(cells.scores, weights),
        alpha=question.alpha,
        images=question.images,
        groups=cells.groups,
    )


def _steps(question: RegisteredQuestion, cells: Cells, metric: str) -> list[Step]:
    """Each value against the one before; none is tested after the first without a gain."""
    found: list[Step] = []
    alpha, is_open = question.alpha / len(question.primary), True
    for at in range(1, len(question.values)):
        t = _gain(question, cells, metric, value=at, before=at - 1)
        is_gain = is_open and bool(t.p < alpha and t.estimate > 0)
        found.append(
            Step(
                metric=metric,
                value=question.values[at],
                before=question.values[at - 1],
                gain=float(t.estimate),
                p=float(t.p),
                alpha=alpha,
                is_tested=is_open,
                is_gain=is_gain,
            )
        )
        is_open = is_gain
    return found


def _sentence(
    question: RegisteredQuestion,
    smallest: Value | None,
    candidates: Sequence[Candidate],
    steps: Sequence[Step],
) -> str:
    metrics = " and ".join(metric_label(metric) for metric in question.primary)
    if smallest is None:
        head = (
            f"No value of {question.factor} is shown to be no worse than every other by the "
            f"smallest effect in {metrics}."
        )
    else:
        head = (
            f"{question.factor} {label_of(smallest)} is the smallest value shown to be no worse "
            f"than any other by the smallest effect in {metrics}."
        )
    gains = []
    for metric in question.primary:
        up = [step.value for step in steps if step.metric == metric and step.is_gain]
        first = next(step for step in steps if step.metric == metric)
        is_loss = first.gain < 0 and first.p < first.alpha
        label = metric_label(metric)
        if up:
            gains.append(f"{label} gains up to {label_of(up[-1])}")
        elif is_loss:
            gains.append(f"{label} falls at the first step, to {label_of(first.value)}")
        else:
            gains.append(f"{label} shows no gain at the first step")
    return f"{head} Step by step: {'; '.join(gains)}."
