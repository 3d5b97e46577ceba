"""Values with the same best score whose optima differ in how easily they are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ablate.analysis.contrasts import against_baseline
from ablate.analysis.estimand import easily_tuned, estimand_of
from ablate.analysis.facts import Facts
from ablate.analysis.judging import judge
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.selection import select
from ablate.analysis.selftest.check import Check
from ablate.designs.points import scrambled
from ablate.published import NuisanceRange

VALUES, METRIC, IMAGES, BASE = ("a", "b", "c", "d"), "qabf", 4, 50.0
AXES = tuple(NuisanceRange(name=name, low=0.0, high=1.0) for name in ("x", "y"))
RUN_SD, SCORE_SD, BLOCK_SD = 2.0, 0.5, 2.0
MIDDLE = ((0.5, 0.5),) * 4
QUESTION = RegisteredQuestion(
    id="q",
    asks="?",
    factor="value",
    values=VALUES,
    baseline="a",
    contrasts=against_baseline(VALUES, baseline="a"),
    primary=(METRIC,),
    images="fixed",
)


STUDIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Four values: how sharp the optimum of each is, where it lies, and how good it is."""

    name: str
    sharpness: Sequence[float]
    best: Sequence[float] = (0.0, 0.0, 0.0, 0.0)
    places: Sequence[tuple[float, float]] = MIDDLE
    blocks: int = 16
    points: int = 4


EQUAL: Final = Case(name="sharpness 5/20/40/80", sharpness=(5, 20, 40, 80))
BETTER: Final = Case(name="b better by 3", sharpness=(20,) * 4, best=(0, 3, 0, 0))


def study(case: Case, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return points and images of a study as `select` takes them."""
    shape = (case.blocks, case.points, len(VALUES))
    places = np.array(
        [
            scrambled(count=case.points, dimensions=2, seed=int(random.integers(2**31)))
            for _ in range(case.blocks)
        ]
    )
    distance = ((places[:, :, None] - np.asarray(case.places)) ** 2).sum(axis=-1)
    true = BASE + np.asarray(case.best) - np.asarray(case.sharpness) * distance
    true = true + RUN_SD * random.normal(size=shape)
    true = true + BLOCK_SD * random.normal(size=(case.blocks, 1, 1))
    val = true + SCORE_SD * random.normal(size=shape)
    test = true + SCORE_SD * random.normal(size=shape)
    block, point, value = (axis.ravel() for axis in np.indices(shape))
    names = np.array(VALUES, dtype=object)[value]
    ids = [f"{b}-{p}-{v}" for b, p, v in zip(block, point, names, strict=True)]
    points = pd.DataFrame(
        {
            "block": block + 1,
            "value": names,
            "point": point + 1,
            "run_id": ids,
            "state": "finished",
            "reason": "",
            "x": places[block, point, 0],
            "y": places[block, point, 1],
            f"val/{METRIC}": val.ravel(),
            f"test/{METRIC}": test.ravel(),
        }
    )
    images = pd.DataFrame(
        {
            "run_id": np.repeat(ids, IMAGES),
            "split": "test",
            "image": [f"i{at}" for at in range(IMAGES)] * len(ids),
            "metric": METRIC,
            "value": np.repeat(test.ravel(), IMAGES),
        }
    )
    return points, images


def rates(case: Case, *, studies: int, seed: int = 0) -> Mapping[str, float]:
    """Return the share of studies with a claim, and of those the share with the caveat."""
    random = np.random.default_rng([seed, *case.name.encode()])
    facts = Facts(data="synthetic scores", points=case.points, nuisance=AXES)
    claimed = warned = 0
    for _ in range(studies):
        points, images = study(case, random)
        selected = select(points, images, metric=METRIC)
        verdict = judge(QUESTION, selected, facts)
        has_claim = any(one.word in ("gain", "loss") for one in verdict.contrasts)
        claimed += has_claim
        if has_claim:
            more: dict[str, Any] = {"selected": selected, "facts": facts, "selecting": METRIC}
            estimand = estimand_of(QUESTION, points, images, **more)
            warned += any(easily_tuned(verdict, estimand))
    return {"claims": claimed / studies, "caveats": warned / claimed if claimed else 0.0}


def sharpness(*, times: int = 1) -> Check:
    """Equal at their optimum and differently sharp, against one that is better at its optimum."""
    equal = rates(EQUAL, studies=STUDIES * times)
    better = rates(BETTER, studies=STUDIES * times)
    warned, wrongly = equal["caveats"], better["caveats"]
    return Check(
        name="equal optima, other sharpness",
        bar=">= 0.9 and <= 0.1",
        ours=f"{warned:.2f}, {wrongly:.2f}",
        is_met=warned >= 0.9 and wrongly <= 0.1 and better["claims"] > 0,
        usual="best of 4 points alone",
        usual_result=f"{equal['claims']:.2f} claim",
        is_usual_met=equal["claims"] <= 0.05,
    )
