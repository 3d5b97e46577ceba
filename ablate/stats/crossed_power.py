"""What the crossed t can find, from the variances that a study has shown."""

import math

from ablate.stats.crossed import freedom, standard_error
from ablate.stats.power import ALPHA, POWER, fewest, least, t_power


def crossed_power(
    *,
    effect: float,
    blocks: int,
    block_variance: float,
    image_variance: float,
    cases: float | None = None,
    alpha: float = ALPHA,
) -> float:
    """Return the chance that the crossed t rejects at a true effect, in the units of the metric.

    Without an image variance this is the power of the paired t test over blocks.

    Args:
        effect: True difference; its sign does not matter.
        blocks: At least 2.
        block_variance: Variance of the mean difference of one block.
        image_variance: Variance that the choice of images adds to the mean; more blocks do not
            shrink it.
        cases: `effective_cases` of the scenes, None where no scenes are known.
        alpha: Level of the two-sided test.

    Example:
        >>> round(crossed_power(effect=1.16, blocks=8, block_variance=1, image_variance=0), 2)
        0.8
    """
    se = float(standard_error(block_variance, image_variance, blocks=blocks))
    if se == 0:
        return 1.0 if effect else alpha
    df = float(freedom(block_variance, image_variance, blocks=blocks, cases=cases))
    return t_power(shift=abs(effect) / se, freedom=df, alpha=alpha)


def crossed_detectable(
    *,
    blocks: int,
    block_variance: float,
    image_variance: float,
    cases: float | None = None,
    alpha: float = ALPHA,
    power: float = POWER,
) -> float:
    """Return the smallest effect that is found with the given power, in units of the metric.

    Example:
        >>> round(crossed_detectable(blocks=8, block_variance=4, image_variance=0), 2)
        2.31
    """
    se = float(standard_error(block_variance, image_variance, blocks=blocks))
    df = float(freedom(block_variance, image_variance, blocks=blocks, cases=cases))
    return se * least(lambda shift: t_power(shift=shift, freedom=df, alpha=alpha) >= power)


def crossed_blocks(
    *,
    effect: float,
    block_variance: float,
    image_variance: float,
    cases: float | None = None,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int | None:
    """Return the fewest blocks that find an effect with the given power.

    None where 10,000 are too few, as where the images alone hide the effect.

    Example:
        >>> crossed_blocks(effect=1.2, block_variance=1, image_variance=0)
        8
    """

    def finds(blocks: int) -> bool:
        found = crossed_power(
            effect=effect,
            blocks=blocks,
            block_variance=block_variance,
            image_variance=image_variance,
            cases=cases,
            alpha=alpha,
        )
        return found >= power

    if effect == 0 or not math.isfinite(effect):
        return None
    return fewest(finds)
