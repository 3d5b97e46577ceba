"""Traps of trainings that end unhealthy: as winners, and as an endpoint of their own."""

import numpy as np
from scipy.stats import norm

from ablate.analysis.selftest import planted
from ablate.analysis.selftest.check import Check
from ablate.stats.arrays import Floats
from ablate.stats.sign_flip import sign_test

ALPHA = 0.05
STUDIES, BLOCKS, POINTS = 2000, 16, 4
RATE = 0.15
BLIND = 1.5  # what a metric that is blind to polarity gives the negatives of one value
MOST = 0.065


def winners() -> Check:
    """Two equal values train as many negatives, and those of one score well on the metric."""
    random = planted.generator("unhealthy winners")
    quality = random.normal(size=(STUDIES, BLOCKS, 2, POINTS))
    is_negative = random.random(quality.shape) < RATE
    seen = quality + BLIND * is_negative * np.array([0.0, 1.0])[:, None]
    healthy = np.where(is_negative, -np.inf, seen)
    worst = np.where(is_negative, np.inf, seen).min(axis=(2, 3))
    best = healthy.max(axis=-1)
    ours = _claims(np.where(np.isinf(best), worst[..., None], best))
    usual = _claims(seen.max(axis=-1))
    return Check(
        name="negatives that score well",
        bar=f"<= {MOST} false",
        ours=f"{ours:.3f}",
        is_met=ours <= MOST,
        usual="the best point wins, whatever it shows",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= MOST,
    )


def counts() -> Check:
    """Two values train as many negatives, and the points of a block end alike."""
    random = planted.generator("unhealthy counts")
    rate = random.beta(0.3, 1.2, size=(STUDIES, BLOCKS, 2))
    count = random.binomial(POINTS, rate)
    difference = count[..., 0] - count[..., 1]
    p = [sign_test(more=int((d > 0).sum()), fewer=int((d < 0).sum())) for d in difference]
    ours = float((np.array(p) < ALPHA).mean())
    share = count.sum(axis=1) / (BLOCKS * POINTS)
    both = share.mean(axis=1)
    se = np.sqrt(np.maximum(both * (1 - both), 1e-9) * 2 / (BLOCKS * POINTS))
    pooled = 2 * norm.sf(np.abs(share[:, 0] - share[:, 1]) / se)
    usual = float((pooled < ALPHA).mean())
    return Check(
        name="equal rates of negatives",
        bar=f"<= {ALPHA} false",
        ours=f"{ours:.3f}",
        is_met=ours <= ALPHA,
        usual="shares of all trainings, pooled over blocks",
        usual_result=f"{usual:.3f}",
        is_usual_met=usual <= ALPHA,
    )


def _claims(scores: Floats) -> float:
    """Return the share of studies in which a paired t claims a difference."""
    _, _, p = planted.t_over(scores[..., 1] - scores[..., 0])
    return float((p < ALPHA).mean())
