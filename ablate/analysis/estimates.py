"""The numbers of one contrast in one metric, before anything is judged."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate.analysis.cells import Cells
from ablate.analysis.question import Contrast, RegisteredQuestion
from ablate.stats.contrasts import difference
from ablate.stats.crossed import CrossedT, crossed_t
from ablate.stats.effect_size import Share, d_z, share_better
from ablate.stats.sign_flip import sign_flip, wilcoxon
from ablate.stats.step_down import step_down


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One contrast in one metric; with fewer than two blocks nothing but the mean exists."""

    contrast: Contrast
    metric: str
    mean: float
    t: CrossedT | None
    p_sign_flip: float | None
    p_wilcoxon: float | None
    d_z: float | None
    better: Share | None
    p_step_down: float | None = None  # corrected over the rows that decide, by `by_flips`


def estimate(
    question: RegisteredQuestion, contrast: Contrast, metric: str, cells: Cells
) -> Estimate | None:
    """Return the numbers of a contrast, None without any score."""
    if not cells.scores.size:
        return None
    d = difference(cells.scores, contrast.weights)
    by_block = d.mean(axis=1)
    if len(by_block) < 2:
        return Estimate(
            contrast=contrast,
            metric=metric,
            mean=float(by_block.mean()),
            t=None,
            p_sign_flip=None,
            p_wilcoxon=None,
            d_z=None,
            better=None,
        )
    t = crossed_t(d, alpha=question.alpha, images=question.images, groups=cells.groups)
    return Estimate(
        contrast=contrast,
        metric=metric,
        mean=float(t.estimate),
        t=t,
        p_sign_flip=sign_flip(by_block),
        p_wilcoxon=wilcoxon(by_block),
        d_z=d_z(by_block),
        better=share_better(question.sign_of(metric) * by_block, alpha=question.alpha),
    )


def by_flips(
    question: RegisteredQuestion, cells: Mapping[str, Cells]
) -> dict[tuple[str, str], float]:
    """Return contrast and metric -> p by sign flips of whole blocks, corrected by step-down max-t.

    Over the rows that decide; it speaks of these test images. Nothing where the metrics
    have different blocks, or fewer than two.
    """
    some = [cells[metric] for metric in question.primary]
    registered = [one for one in question.contrasts if not one.is_exploratory]
    if not registered or len({one.blocks for one in some}) != 1 or len(some[0].blocks) < 2:
        return {}
    if any(not one.scores.size for one in some):
        return {}
    keys = [(one.name, metric) for one in registered for metric in question.primary]
    table = np.stack(
        [
            difference(cells[metric].scores, one.weights).mean(axis=1)
            for one in registered
            for metric in question.primary
        ],
        axis=1,
    )
    return dict(zip(keys, step_down(table).tolist(), strict=True))
