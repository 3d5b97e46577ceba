"""What a planned answer can find, in percent: from the noise of a pilot or of an earlier answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.facts import FEWEST_BLOCKS
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.verdict import Row
from ablate.stats.crossed_power import crossed_blocks, crossed_detectable
from ablate.stats.sequential import MANY, Course, Spread, simulate

STUDIES: Final = 2000  # simulated; their shares are good to 2 %
SEED: Final = 23
PAIR: Final = 2.0  # sum of the squared weights of a difference of two values


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How the difference of two values scatters in one metric, in percent of the tuned baseline.

    Args:
        block: Standard deviation of the mean difference of one block.
        images: Standard error that the choice of test images adds; more blocks do not shrink it.
        base: Mean score of the tuned baseline.
        pilot: Mean score that smallest effects in percent refer to.
        blocks: That it was estimated from.
        cases: Images that it was estimated from, or as many scenes of equal size.
        is_grouped: Whether cases are scenes, whose number limits the degrees of freedom.
    """

    block: float
    images: float
    base: float
    pilot: float
    blocks: int
    cases: int = MANY
    is_grouped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricProspect:
    """What a design finds in one metric, in percent of the tuned baseline.

    Args:
        metric: Name of the metric.
        detectable: Smallest difference of two values that is found with a chance of 80 %, where it
            stands alone in its family.
        smallest: The registered smallest effect; None where none is named.
        blocks: The fewest that find the smallest effect; None where no number does.
    """

    metric: str
    detectable: float
    smallest: float | None
    blocks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a design is likely to say to a question.

    Args:
        question: Its id.
        comparisons: Contrasts times primary metrics: the family that Holm corrects.
        planned: Blocks in all.
        looks: Blocks at every look.
        metrics: Per primary metric.
        missing: Primary metrics whose noise is not known.
        chances: Multiple of the smallest effects -> chance of a word other than "open", where one
            value is better by that in every primary metric; empty where one has no smallest effect.
        mean_blocks: Multiple of the smallest effects, 0 included -> blocks on average.
    """

    question: str
    comparisons: int
    planned: int
    looks: tuple[int, ...]
    metrics: tuple[MetricProspect, ...]
    missing: tuple[str, ...]
    chances: Mapping[int, float]
    mean_blocks: Mapping[int, float]


def noise_of(answered: Sequence[AnsweredQuestion]) -> dict[str, Noise]:
    """Return the noise of every metric, pooled over the contrasts of all questions.

    Args:
        answered: Of one study. A contrast that is not a pair counts by its squared weights, so that
            all speak of a difference of two values.
    """
    found: dict[str, list[Noise]] = {}
    for question in answered:
        for row in question.rows:
            if (one := _noise_of_row(question, row)) is not None:
                found.setdefault(row.metric, []).append(one)
    return {metric: _pooled(several) for metric, several in found.items()}


def unpaired(mean: float, *, sd: float, runs: int) -> Noise:
    """Return the noise that the runs of a pilot let expect, in percent of their mean.

    Two values are taken as independent runs, sqrt(2) times the spread over seeds: what a shared
    seed, a shared split and tuning remove is not known before, nor what the images add.
    """
    percent = 100 * np.sqrt(2) * sd / abs(mean)
    return Noise(block=float(percent), images=0.0, base=mean, pilot=mean, blocks=runs)


def prospect(
    question: RegisteredQuestion,
    noise: Mapping[str, Noise],
    *,
    course: Course,
    cases: int | None = None,
) -> Prospect:
    """Return what a design finds, and how likely it says more than "open".

    Args:
        question: As it is registered.
        noise: By metric.
        course: Blocks and levels of its looks; one look for a design without any.
        cases: Scenes of the test images; None: as many as the noise was estimated from.
    """
    contrasts = [one for one in question.contrasts if not one.is_exploratory]
    if cases is not None:
        noise = {name: replace(one, cases=cases, is_grouped=True) for name, one in noise.items()}
    known = [metric for metric in question.primary if metric in noise]
    comparisons = max(1, len(contrasts) * len(question.primary))
    level, planned = course.levels[-1] / comparisons, course.blocks[-1]
    margins = {metric: _smallest(question, metric, noise[metric]) for metric in known}
    metrics = []
    for metric in known:
        one, margin = noise[metric], margins[metric]
        metrics.append(
            MetricProspect(
                metric=metric,
                detectable=crossed_detectable(
                    blocks=planned,
                    block_variance=one.block**2,
                    image_variance=one.images**2,
                    cases=one.cases if one.is_grouped else None,
                    alpha=level,
                ),
                smallest=margin,
                blocks=None if margin is None else _blocks(margin, one, alpha=level),
            )
        )
    chances: dict[int, float] = {}
    blocks: dict[int, float] = {}
    if contrasts and known and len(known) == len(question.primary) and None not in margins.values():
        for times in (0, 1, 2):
            ended = simulate(
                [one.weights for one in contrasts],
                effects=_effects(question, [times * (margins[m] or 0) for m in known]),
                spreads=[_spread(noise[metric]) for metric in known],
                margins=[margins[metric] or np.nan for metric in known],
                course=course,
                studies=STUDIES,
                random=np.random.default_rng([SEED, times]),
            )
            blocks[times] = float(ended.blocks.mean())
            if times:
                chances[times] = float(ended.has_word.mean())
    return Prospect(
        question=question.id,
        comparisons=comparisons,
        planned=planned,
        looks=course.blocks,
        metrics=tuple(metrics),
        missing=tuple(metric for metric in question.primary if metric not in noise),
        chances=chances,
        mean_blocks=blocks,
    )


def _noise_of_row(question: AnsweredQuestion, row: Row) -> Noise | None:
    """Return the noise of one row; None where it has no interval or no baseline to refer to."""
    by_block = np.asarray(row.by_block or question.by_block(row), dtype=np.float64)
    if row.se is None or len(by_block) < 2:
        return None
    scores = [one for one in question.cells if one.metric == row.metric]
    of_baseline = [one.score for one in scores if one.value == question.baseline]
    base = float(np.mean(of_baseline or [one.score for one in scores] or [0.0]))
    if not base:
        return None
    squares = sum(weight**2 for weight in question.weights[row.contrast])
    of_block = float(by_block.var(ddof=1))
    of_images = max(0.0, row.se**2 - of_block / len(by_block))
    percent = 100 / abs(base) * np.sqrt(PAIR / squares)
    pilot = 100 * row.estimate / row.percent if row.percent else base
    return Noise(
        block=float(percent * np.sqrt(of_block)),
        images=float(percent * np.sqrt(of_images)),
        base=base,
        pilot=pilot,
        blocks=len(by_block),
        cases=max(2, row.images if row.cases is None else round(row.cases)),
        is_grouped=row.cases is not None,
    )


def _pooled(several: Sequence[Noise]) -> Noise:
    """Return the mean of some noises, as variances."""
    return Noise(
        block=float(np.sqrt(np.mean([one.block**2 for one in several]))),
        images=float(np.sqrt(np.mean([one.images**2 for one in several]))),
        base=float(np.median([one.base for one in several])),
        pilot=float(np.median([one.pilot for one in several])),
        blocks=max(one.blocks for one in several),
        cases=min(one.cases for one in several),
        is_grouped=any(one.is_grouped for one in several),
    )


def _smallest(question: RegisteredQuestion, metric: str, noise: Noise) -> float | None:
    """Return the smallest effect in percent of the tuned baseline; None where none is named."""
    base = noise.pilot if question.percent_of == "pilot" else noise.base
    based = replace(question, percent_base={metric: base})
    margin = based.margin_of(metric)
    return None if margin is None else 100 * margin / abs(noise.base)


def _blocks(margin: float, noise: Noise, *, alpha: float) -> int | None:
    """Return the fewest blocks that find an effect, at least those that a claim needs."""
    found = crossed_blocks(
        effect=margin,
        block_variance=noise.block**2,
        image_variance=noise.images**2,
        cases=noise.cases if noise.is_grouped else None,
        alpha=alpha,
    )
    return None if found is None else max(found, FEWEST_BLOCKS)


def _effects(question: RegisteredQuestion, sizes: Sequence[float]) -> list[list[float]]:
    """Return the truth of every value: one that the first contrast favours is better, no other."""
    best = int(np.argmax(question.contrasts[0].weights))
    return [list(sizes) if at == best else [0.0] * len(sizes) for at in range(len(question.values))]


def _spread(noise: Noise) -> Spread:
    return Spread(
        block=noise.block, images=noise.images, cases=noise.cases, is_grouped=noise.is_grouped
    )
