"""Traps of what an effect means: its size, its direction, its cause."""

from typing import Any

import numpy as np

from ablate.analysis.contrasts import named, trends
from ablate.analysis.coverage import COVERAGE, agreed
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.analysis.verdict import Verdict
from ablate.stats.arrays import Floats

ALPHA = 0.05
PAIR = ("a", "b")
SMALL: dict[str, Any] = {"seed_sd": 0.02, "image_sd": 0.02, "noise_sd": 0.1}


def negligible() -> Check:
    """An effect of 0.05 % that tiny noise makes certain is still no effect of interest."""
    random = planted.generator("negligible")
    arrays = planted.scores(
        random, effects=[0.0, 0.0005 * planted.BASE], seed_sd=0.005, image_sd=0.005, noise_sd=0.01
    )
    verdict = judge(
        planted.question(values=PAIR), planted.chosen(arrays, values=PAIR), planted.FACTS
    )
    _, _, p = planted.t_over((arrays[:, 1] - arrays[:, 0]).mean(axis=-1))
    return Check(
        name="effect of 0.05 %, tiny noise",
        bar="practically equivalent",
        ours=verdict.verdict,
        is_met=verdict.verdict == "practically equivalent",
        usual="p below 0.05 is a finding",
        usual_result=f"claims, p = {float(p):.0e}",
        is_usual_met=bool(p >= ALPHA),
    )


def lower_is_better() -> Check:
    """An error that falls is a gain."""
    random = planted.generator("lower is better")
    arrays = planted.scores(random, effects=[0.0, -4.0])
    question = planted.question(values=PAIR, expects="higher", better={planted.METRIC: "lower"})
    selected = planted.chosen(arrays, values=PAIR)
    verdict = judge(question, selected, planted.FACTS)
    row = verdict.rows[0]
    usual = judge(planted.question(values=PAIR, expects="higher"), selected, planted.FACTS)
    is_met = verdict.verdict == "supported" and row.p_better == 1 and row.estimate < 0
    return Check(
        name="lower is better",
        bar="supported",
        ours=verdict.verdict,
        is_met=is_met,
        usual="larger is better in every metric",
        usual_result=usual.verdict,
        is_usual_met=usual.verdict == "supported",
    )


def nested() -> Check:
    """The gain lies in comparing axes; the sign, compared as well, adds nothing."""
    random = planted.generator("nested")
    values = ("magnitude", "sign_free", "signed")
    arrays = planted.scores(random, effects=[0.0, 2.0, 2.0], **SMALL)
    contrasts = named(
        values,
        {
            "split": {"sign_free": 1, "magnitude": -1},
            "sign": {"signed": 1, "sign_free": -1},
            "both": {"signed": 1, "magnitude": -1},
        },
    )
    question = planted.question(values=values, contrasts=contrasts)
    verdict = judge(question, planted.chosen(arrays, values=values), planted.FACTS)
    said = {row.contrast: row.verdict for row in verdict.rows}
    wanted = {"split": "supported", "sign": "practically equivalent", "both": "supported"}
    return Check(
        name="which half carries the gain",
        bar="split, not sign",
        ours="split, not sign" if said == wanted else str(said),
        is_met=said == wanted,
        usual="signed beats magnitude, so the sign matters",
        usual_result="sign" if said["both"] == "supported" else "nothing",
        is_usual_met=said["both"] != "supported",
    )


def coverage_only() -> Check:
    """Scores follow the coarsest scale alone; the ratio moves it where the levels are fixed."""
    ratios = (0.25, 0.5, 0.71)
    levels = _ratio_answer("levels", ratios, [ratio**2 for ratio in ratios])
    coarsest = _ratio_answer("coarsest", ratios, [0.25] * 3)
    both = agreed(fixed_levels=levels, fixed_coarsest=coarsest)
    said = COVERAGE if both.reason.startswith(COVERAGE) else both.verdict
    return Check(
        name="ratio moves only the coverage",
        bar=COVERAGE,
        ours=said,
        is_met=said == COVERAGE and both.verdict != "supported",
        usual="number of levels fixed, nothing else",
        usual_result=levels.verdict,
        is_usual_met=levels.verdict != "supported",
    )


def _ratio_answer(name: str, ratios: tuple[float, ...], coarsest: list[float]) -> Verdict:
    arrays: Floats = planted.scores(
        planted.generator(name), effects=np.log2(coarsest).tolist(), **SMALL
    )
    question = planted.question(
        values=ratios, contrasts=trends(ratios, factor="ratio", spacing="log2")
    )
    return judge(question, planted.chosen(arrays, values=ratios), planted.FACTS)
