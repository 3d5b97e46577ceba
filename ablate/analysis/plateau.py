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

from collections.abc import Sequence
from typing import Any

import pandas as pd
from scipy.special import stdtr

from ablate.analysis.cells import cells_of
from ablate.analysis.question import RegisteredQuestion, Value, label_of, metric_label
from ablate.analysis.sentences import chance
from ablate.analysis.verdict import Verdict
from ablate.stats.arrays import Floats
from ablate.stats.contrasts import against, difference
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm


def plateau(
    question: RegisteredQuestion, answers: pd.DataFrame, *, verdict: Verdict
) -> dict[str, Any]:
    """Return the smallest value as good as the best, the tests behind it, and the steps.

    Args:
        question: About an ordered factor, its values in rising order.
        answers: As of the verdict.
        verdict: Where it is not answerable, neither is this.
    """
    margins = {metric: question.margin_of(metric) for metric in question.primary}
    missing = [metric_label(metric) for metric, margin in margins.items() if margin is None]
    if verdict.verdict == "not answerable":
        return _nothing(verdict.reason)
    if missing:
        return _nothing(f"no smallest effect of interest is named for {', '.join(missing)}")
    scores = {
        metric: question.sign_of(metric) * cells_of(question, answers, metric).scores
        for metric in question.primary
    }
    candidates = _candidates(question, scores, {m: float(v or 0) for m, v in margins.items()})
    steps = [step for metric in question.primary for step in _steps(question, metric, scores)]
    shown = [one["value"] for one in candidates if one["is_as_good"]]
    smallest = shown[0] if shown else None
    return {
        "smallest": smallest,
        "reason": "",
        "sentence": _sentence(question, smallest, candidates, steps),
        "candidates": candidates,
        "steps": steps,
    }


def pace(runs: pd.DataFrame, arms: Sequence[tuple[Value, str]]) -> pd.DataFrame:
    """Return value, median seconds per step and runs: what a value costs beside what it brings.

    A wall time, so it stands in tables and never in verdict.json.
    """
    column = "facts.seconds_per_step"
    rows = []
    for value, arm in arms:
        some = runs[(runs["arm_id"] == arm) & (runs["state"] == "finished")]
        seconds = some[column].dropna() if column in some else pd.Series(dtype=float)
        rows.append((value, seconds.median() if len(seconds) else None, len(seconds)))
    return pd.DataFrame(rows, columns=["value", "seconds_per_step", "runs"])


def _nothing(reason: str) -> dict[str, Any]:
    return {"smallest": None, "reason": reason, "sentence": "", "candidates": [], "steps": []}


def _candidates(
    question: RegisteredQuestion, scores: dict[str, Floats], margins: dict[str, float]
) -> list[dict[str, Any]]:
    """Return per value the test that it falls behind no other; the weakest of its tests counts."""
    found: list[dict[str, Any]] = []
    for at, value in enumerate(question.values):
        tests: list[dict[str, Any]] = [
            {"metric": metric, "rival": rival}
            | _no_worse(question, scores[metric], value=at, rival=other, margin=margin)
            for metric, margin in margins.items()
            for other, rival in enumerate(question.values)
            if other != at
        ]
        weakest = max(tests, key=lambda test: test["p"])
        found.append({"value": value, **weakest})
    corrected = holm([one["p"] for one in found])
    return [
        {**one, "p_holm": float(p), "is_as_good": bool(p < question.alpha / 2)}
        for one, p in zip(found, corrected, strict=True)
    ]


def _no_worse(
    question: RegisteredQuestion, scores: Floats, *, value: int, rival: int, margin: float
) -> dict[str, float]:
    """Return estimate, lower bound and one-sided p of "worse by the margin or more"."""
    weights = against(count=scores.shape[1], value=value, baseline=rival)
    t = crossed_t(difference(scores, weights), alpha=question.alpha, images=question.images)
    if t.se == 0:
        p = 0.0 if t.estimate > -margin else 1.0
    else:
        p = float(stdtr(t.df, -(t.estimate + margin) / t.se))
    return {"estimate": float(t.estimate), "low": float(t.low), "margin": margin, "p": p}


def _steps(
    question: RegisteredQuestion, metric: str, scores: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Return each value against the one before; after the first that is no gain none is tested."""
    found: list[dict[str, Any]] = []
    alpha, is_open = question.alpha / len(question.primary), True
    for at in range(1, len(question.values)):
        weights = against(count=len(question.values), value=at, baseline=at - 1)
        t = crossed_t(difference(scores[metric], weights), images=question.images)
        is_gain = is_open and bool(t.p < alpha and t.estimate > 0)
        found.append(
            {
                "metric": metric,
                "value": question.values[at],
                "before": question.values[at - 1],
                "gain": float(t.estimate),
                "p": float(t.p),
                "alpha": alpha,
                "is_tested": is_open,
                "is_gain": is_gain,
            }
        )
        is_open = is_gain
    return found


def _sentence(
    question: RegisteredQuestion,
    smallest: Value | None,
    candidates: list[dict[str, Any]],
    steps: list[dict[str, Any]],
) -> str:
    metrics = " and ".join(metric_label(metric) for metric in question.primary)
    if smallest is None:
        head = (
            f"No value of {question.factor} is shown to be no worse than every other by the "
            f"smallest effect in {metrics}."
        )
    else:
        p = next(one["p_holm"] for one in candidates if one["value"] == smallest)
        head = (
            f"{question.factor} {label_of(smallest)} is the smallest value shown to be no worse "
            f"than any other by the smallest effect in {metrics} (one-sided p_Holm {chance(p)})."
        )
    gains = []
    for metric in question.primary:
        up = [step["value"] for step in steps if step["metric"] == metric and step["is_gain"]]
        first = next(step for step in steps if step["metric"] == metric)
        is_loss = first["gain"] < 0 and first["p"] < first["alpha"]
        label = metric_label(metric)
        if up:
            gains.append(f"{label} gains up to {label_of(up[-1])}")
        elif is_loss:
            gains.append(f"{label} falls at the first step, to {label_of(first['value'])}")
        else:
            gains.append(f"{label} shows no gain at the first step")
    return f"{head} Step by step: {'; '.join(gains)}."
