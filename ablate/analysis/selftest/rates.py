"""2,000 studies: coverage, false claims, and whether the planted effect is found."""

from dataclasses import dataclass

import numpy as np

from ablate.analysis.facts import Selected
from ablate.analysis.judging import judge
from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm

STUDIES = 2000
ENGINE_STUDIES = 40
ALPHA = 0.05
COUNT = len(planted.VALUES)
TRUTH = np.array([0.0, 0.0, planted.PLANTED])  # against the baseline
COVERAGE, FAMILY_WISE, FOUND, BESIDE = 0.93, 0.065, 0.90, 0.07


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Per study and contrast, 0 or 1: the interval holds the truth; a difference is claimed."""

    covers: Floats
    claims: Floats


def checks() -> list[Check]:
    """Return the four bars over all studies, and the engine on some of them."""
    random = planted.generator("rates")
    null = planted.scores(random, effects=[0.0] * COUNT, studies=STUDIES)
    true = planted.scores(random, effects=[0.0, *TRUTH], studies=STUDIES)
    ours_null, ours = _crossed(null, TRUTH * 0), _crossed(true, TRUTH)
    pooled_null, pooled = _pooled(null, TRUTH * 0), _pooled(true, TRUTH)
    found = float((ours.claims[:, -1] * (_estimates(true)[:, -1] > 0)).mean())
    few = _three_seeds(true)
    coverage, usual_coverage = float(ours.covers.mean()), float(pooled.covers.mean())
    false, usual_false = _any(ours_null.claims), _any(pooled_null.claims)
    beside, usual_beside = _any(ours.claims[:, :-1]), _any(pooled.claims[:, :-1])
    pooling = "t over all seeds x images, uncorrected"
    return [
        Check(
            name="interval holds the truth",
            bar=f">= {COVERAGE}",
            ours=f"{coverage:.3f}",
            is_met=coverage >= COVERAGE,
            usual="t over all seeds x images",
            usual_result=f"{usual_coverage:.3f}",
            is_usual_met=usual_coverage >= COVERAGE,
        ),
        Check(
            name="false claims, family-wise",
            bar=f"<= {FAMILY_WISE}",
            ours=f"{false:.3f}",
            is_met=false <= FAMILY_WISE,
            usual=pooling,
            usual_result=f"{usual_false:.3f}",
            is_usual_met=usual_false <= FAMILY_WISE,
        ),
        Check(
            name="planted effect found",
            bar=f">= {FOUND}",
            ours=f"{found:.3f}",
            is_met=found >= FOUND,
            usual="three seeds, unpaired t, Holm",
            usual_result=f"{few:.3f}",
            is_usual_met=few >= FOUND,
        ),
        Check(
            name="false claim beside a true one",
            bar=f"<= {BESIDE}",
            ours=f"{beside:.3f}",
            is_met=beside <= BESIDE,
            usual=pooling,
            usual_result=f"{usual_beside:.3f}",
            is_usual_met=usual_beside <= BESIDE,
        ),
        _engine("null studies, whole engine", null, ours_null, pooled_null, most=6),
        _engine("planted studies, whole engine", true, ours, pooled, most=6),
    ]


def _engine(name: str, arrays: Floats, ours: Claims, pooled: Claims, *, most: int) -> Check:
    """Return whether verdicts of the engine are those of the arrays, with few false rows."""
    question = planted.question()
    false_rows = differing = 0
    for study in range(ENGINE_STUDIES):
        verdict = judge(question, Selected(answers=planted.table(arrays[study])), planted.FACTS)
        said = np.array([row.verdict == "supported" for row in verdict.rows])
        differing += int((said != ours.claims[study].astype(bool)).any())
        false_rows += int(said[:2].any())  # the planted value, where there is one, is the last
    usual = int(pooled.claims[:ENGINE_STUDIES, :2].any(axis=1).sum())
    return Check(
        name=name,
        bar=f"<= {most} of {ENGINE_STUDIES} false",
        ours=f"{false_rows}; {differing} differ",
        is_met=false_rows <= most and differing == 0,
        usual="t over all seeds x images, uncorrected",
        usual_result=f"{usual} false",
        is_usual_met=usual <= most,
    )


def _estimates(arrays: Floats) -> Floats:
    return np.asarray(planted.against_first(arrays).mean(axis=(-2, -1)))


def _crossed(arrays: Floats, truth: Floats) -> Claims:
    found = crossed_t(planted.against_first(arrays), alpha=ALPHA)
    return Claims(
        covers=((found.low <= truth) & (truth <= found.high)).astype(float),
        claims=(holm(found.p) < ALPHA).astype(float),
    )


def _pooled(arrays: Floats, truth: Floats) -> Claims:
    d = planted.against_first(arrays)
    mean, half, p = planted.t_over(d.reshape(*d.shape[:2], -1))
    return Claims(
        covers=(np.abs(mean - truth) <= half).astype(float), claims=(p < ALPHA).astype(float)
    )


def _three_seeds(arrays: Floats) -> float:
    """Return how often three seeds and an unpaired t with Holm find the planted value."""
    from scipy.stats import ttest_ind

    means = arrays[:, :3].mean(axis=-1)
    p = np.stack(
        [ttest_ind(means[:, :, v], means[:, :, 0], axis=1).pvalue for v in range(1, COUNT)], axis=1
    )
    is_up = means[:, :, -1].mean(axis=1) > means[:, :, 0].mean(axis=1)
    return float(((holm(p)[:, -1] < ALPHA) & is_up).mean())


def _any(claims: Floats) -> float:
    return float(claims.any(axis=1).mean())
