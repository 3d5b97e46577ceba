"""Answered questions with given effects: what a synthesis is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from scipy.special import stdtrit

from ablate.analysis.document import AnsweredQuestion, CellMean, Winner
from ablate.analysis.synthesis import Asked
from ablate.analysis.verdict import AtBudget, Row
from ablate.published import Value

BASE = 0.5  # mean score of the baseline: 0.005 is 1 %
NETWORK = "unet (width 4)"
BARE: dict[str, Any] = dict.fromkeys(
    one.name for one in fields(Row) if one.name not in ("budgets", "by_block")
)


def row(percent: float, *, se: float | None = 1.0, metric: str = "qabf", **more: Any) -> Row:
    """Return a judged row "b vs a" whose effect is `percent` of the baseline."""
    known: dict[str, Any] = {
        **BARE,
        "metric": metric,
        "role": "primary",
        "factor": "v",
        "contrast": "b vs a",
        "value": "b",
        "baseline": "a",
        "estimate": percent * BASE / 100,
        "percent": percent / 2,  # of a pilot that scores twice as much
        "se": None if se is None else se * BASE / 100,
        "df": 7.0,
        "is_better": percent > 0,
        "blocks": 8,
        "points": 4,
        "images": 9,
        "images_dropped": 0,
        "smallest_effect": 0.01 * BASE,
        "verdict": "undecided",
        "reason": "",
        "sentence": "",
        "run_ids": (),
    }
    return Row(**{**known, **more})


def budget(percent: float, *, se: float = 1.0, blocks: int = 8, times: float = 2) -> AtBudget:
    """Return the contrast at another budget."""
    half = float(stdtrit(blocks - 1, 0.975)) * se * BASE / 100
    estimate = percent * BASE / 100
    return AtBudget(
        times=times,
        steps=round(9 * times),
        blocks=blocks,
        images=9,
        estimate=estimate,
        percent=percent / 2,
        ci_low=estimate - half,
        ci_high=estimate + half,
        change=0.0,
        change_low=None,
        change_high=None,
        held="not judged",
        reason="",
    )


def asked(
    data: str,
    *rows: Row,
    network: str = NETWORK,
    values: Sequence[Value] = ("a", "b"),
    weights: Mapping[str, tuple[float, ...]] | None = None,
    unhealthy: Mapping[Value, float] | None = None,
    point: float | None = None,
    baseline: Value | None = "a",
    where: str = "",
    study: str = "s",
) -> Asked:
    """Return the answer of a study on some data; all values score `BASE`.

    `point` is the learning rate that won in block 1: studies with one share it.
    """
    known = AnsweredQuestion(
        id="q",
        asks="Does it help?",
        scope=f"Scope: network {network}; data {data}; budget 9 steps, batch 4. Nothing is said "
        "beyond it.",
        verdict="undecided",
        reason="too few",
        caveats=(),
        rows=rows,
        alpha=0.05,
        values=tuple(values),
        baseline=baseline,
        weights=weights or {one.contrast: (-1.0, 1.0) for one in rows},
        cells=tuple(
            CellMean(metric=metric, block=1, value=value, score=BASE)
            for metric in dict.fromkeys(one.metric for one in rows)
            for value in values
        ),
        winners=()
        if point is None
        else (Winner(block=1, value="a", run_id="r", nuisance={"learning_rate": point}),),
    )
    return Asked(
        where=where or f"reports/{data}-{network}",
        study=study,
        question=known,
        design=data,
        unhealthy=unhealthy or {},
    )
