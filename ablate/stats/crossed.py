"""The t test over crossed blocks and images: replicates are blocks, images are cases."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from ablate.stats.arrays import Floats, finite

Images = Literal["random", "fixed"]
MOST_FREEDOM = 1e6  # beyond, Student's t is the normal distribution to seven digits


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedT:
    """Estimate, interval and two-sided p; every field has the shape of the studies given.

    The squared standard error is `block_variance / blocks + image_variance`: more blocks shrink
    the first term only.
    """

    estimate: Floats
    se: Floats
    df: Floats
    low: Floats
    high: Floats
    p: Floats
    block_variance: Floats  # of the mean of one block, rounding left aside
    image_variance: Floats  # of the mean over these images, 0 where they are fixed


def crossed_t(
    differences: ArrayLike, *, alpha: float = 0.05, images: Images = "random"
) -> CrossedT:
    """Return the crossed t of one contrast, for one study or for many at once.

    Args:
        differences: Contrast per block and image, [..., blocks, images], at least two blocks.
        alpha: The interval covers 1 - alpha.
        images: "random" speaks of images like these; "fixed" of this test set alone, which drops
            the image term and leaves blocks - 1 degrees of freedom. One image is always fixed.

    Returns:
        In the units of the differences. Without any spread the interval is the estimate itself,
        p is 1 where the estimate is 0 and 0 elsewhere.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Source:
        Obuchowski and Rockette 1995 with the degrees of freedom of Hillis 2007 (Statistics in
        Medicine 26:596), blocks as readers and images as cases, in the form for a contrast:
        V = MS_r + max(MS_i - MS_e, 0), se^2 = V / (R m), df = V^2 / (MS_r^2 / (R - 1)).

    Example:
        >>> found = crossed_t([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]], images="fixed")
        >>> float(found.estimate), float(found.df), round(float(found.p), 4)
        (2.5, 2.0, 0.0494)
    """
    d = finite(differences, what="differences", blocks_axis=-2)
    blocks, count = d.shape[-2:]
    by_block, by_image = d.mean(axis=-1), d.mean(axis=-2)
    estimate = by_block.mean(axis=-1)
    block_variance = by_block.var(axis=-1, ddof=1)
    if images == "fixed" or count == 1:
        image_variance = np.zeros_like(estimate)
    else:
        rest = d - by_block[..., :, None] - by_image[..., None, :] + estimate[..., None, None]
        ms_images = blocks * by_image.var(axis=-1, ddof=1)
        ms_rest = (rest**2).sum(axis=(-2, -1)) / ((blocks - 1) * (count - 1))
        image_variance = np.maximum(ms_images - ms_rest, 0.0) / (blocks * count)
    se = standard_error(block_variance, image_variance, blocks=blocks)
    df = freedom(block_variance, image_variance, blocks=blocks)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(se > 0, np.abs(estimate) / se, np.where(estimate == 0, 0.0, np.inf))
    half = stdtrit(df, 1 - alpha / 2) * se
    return CrossedT(
        estimate=estimate,
        se=se,
        df=df,
        low=estimate - half,
        high=estimate + half,
        p=2 * stdtr(df, -ratio),
        block_variance=block_variance,
        image_variance=image_variance,
    )


def standard_error(block_variance: ArrayLike, image_variance: ArrayLike, *, blocks: int) -> Floats:
    """Return the standard error with this many blocks and the same images."""
    variance = np.asarray(block_variance) / blocks + np.asarray(image_variance)
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def freedom(block_variance: ArrayLike, image_variance: ArrayLike, *, blocks: int) -> Floats:
    """Return Hillis' degrees of freedom with this many blocks and the same images."""
    by_blocks = np.asarray(block_variance, dtype=np.float64) / blocks
    whole = by_blocks + np.asarray(image_variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (blocks - 1) * (whole / by_blocks) ** 2
    return np.where(whole > 0, np.minimum(df, MOST_FREEDOM), float(blocks - 1))
