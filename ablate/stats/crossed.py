"""The t test over crossed blocks and images: replicates are blocks, scenes of images are cases."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from ablate.errors import DataError
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
    differences: ArrayLike,
    *,
    alpha: float = 0.05,
    images: Images = "random",
    groups: Sequence[Hashable] | None = None,
) -> CrossedT:
    """Return the crossed t of one contrast, for one study or for many at once.

    Args:
        differences: Contrast per block and image, [..., blocks, images], at least two blocks.
        alpha: The interval covers 1 - alpha.
        images: "random" speaks of images like these; "fixed" of this test set alone, which drops
            the image term and leaves blocks - 1 degrees of freedom. One image is always fixed.
        groups: The scene of every image: images of one scene resemble each other, so the cases
            are scenes, whose number also limits the degrees of freedom. Where there is one scene,
            nothing can be said of others and the images are fixed. None: every image is a case and
            Hillis' degrees of freedom, the rule of studies that recorded no scenes.

    Returns:
        In the units of the differences. Without any spread the interval is the estimate itself,
        p is 1 where the estimate is 0 and 0 elsewhere.

    Raises:
        DataError: Fewer than two blocks, a value that is not finite, or not one group per image.

    Source:
        Obuchowski and Rockette 1995 with the degrees of freedom of Hillis 2007 (Statistics in
        Medicine 26:596), blocks as readers and images as cases, in the form for a contrast:
        V = MS_r + max(MS_i - MS_e, 0), se^2 = V / (R m), df = V^2 / (MS_r^2 / (R - 1)). With
        groups the case variance is that of scene means weighted by their share of the images
        (cluster-robust, Cameron and Miller 2015), and Satterthwaite's df count it with
        1 / sum(share^2) - 1.

    Example:
        >>> found = crossed_t([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]], images="fixed")
        >>> float(found.estimate), float(found.df), round(float(found.p), 4)
        (2.5, 2.0, 0.0494)
    """
    d = finite(differences, what="differences", blocks_axis=-2)
    blocks, count = d.shape[-2:]
    if groups is not None and len(groups) != count:
        raise DataError(f"groups: {len(groups)} for {count} images; give one for each")
    by_block = d.mean(axis=-1)
    estimate = by_block.mean(axis=-1)
    block_variance = by_block.var(axis=-1, ddof=1)
    cases: float | None = None
    if images == "fixed" or count == 1:
        image_variance = np.zeros_like(estimate)
    elif groups is None:
        image_variance = _of_cases(d, np.full(count, 1 / count))
    else:
        members, shares = _scenes(groups)
        cases = effective_cases(groups)
        is_alone = len(shares) == 1
        image_variance = np.zeros_like(estimate) if is_alone else _of_cases(d @ members, shares)
    se = standard_error(block_variance, image_variance, blocks=blocks)
    df = freedom(block_variance, image_variance, blocks=blocks, cases=cases)
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


def effective_cases(groups: Sequence[Hashable]) -> float:
    """Return how many scenes of equal size say as much as these: 1 / sum(share^2).

    Example:
        >>> effective_cases(["a", "a", "b", "b"]), round(effective_cases("aaab"), 2)
        (2.0, 1.6)
    """
    _, shares = _scenes(groups)
    return float(1 / (shares**2).sum())


def _scenes(groups: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Return what makes scene means of images, [images, scenes], and each scene's share."""
    names = {name: at for at, name in enumerate(dict.fromkeys(groups))}
    members = np.zeros((len(groups), len(names)))
    members[np.arange(len(groups)), [names[group] for group in groups]] = 1
    sizes = members.sum(axis=0)
    return members / sizes, sizes / sizes.sum()


def _of_cases(d: Floats, shares: Floats) -> Floats:
    """Return the variance that the choice of cases adds to the mean weighted by their shares.

    Args:
        d: [..., blocks, cases].
        shares: Weights of the cases, their sum 1.
    """
    blocks, count = d.shape[-2:]
    by_block, by_case = d @ shares, d.mean(axis=-2)
    grand = by_block.mean(axis=-1)
    rest = d - by_block[..., :, None] - by_case[..., None, :] + grand[..., None, None]
    factor = count / (count - 1) * shares**2
    seen = (factor * (by_case - grand[..., None]) ** 2).sum(axis=-1)
    noise = (factor * rest**2).sum(axis=(-2, -1)) / (blocks * (blocks - 1))
    return np.asarray(np.maximum(seen - noise, 0.0))


def standard_error(block_variance: ArrayLike, image_variance: ArrayLike, *, blocks: int) -> Floats:
    """Return the standard error with this many blocks and the same images."""
    variance = np.asarray(block_variance) / blocks + np.asarray(image_variance)
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def freedom(
    block_variance: ArrayLike,
    image_variance: ArrayLike,
    *,
    blocks: int,
    cases: float | None = None,
) -> Floats:
    """Return the degrees of freedom with this many blocks.

    Args:
        block_variance: Of the mean of one block.
        image_variance: Of the mean over these images.
        blocks: Number of blocks.
        cases: `effective_cases` of the scenes (Satterthwaite); None leaves out that the image
            variance is estimated too (Hillis).
    """
    by_blocks = np.asarray(block_variance, dtype=np.float64) / blocks
    by_images = np.asarray(image_variance, dtype=np.float64)
    whole = by_blocks + by_images
    of_images = 0.0 if cases is None or cases <= 1 else by_images**2 / (cases - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = whole**2 / (by_blocks**2 / (blocks - 1) + of_images)
    return np.where(whole > 0, np.minimum(df, MOST_FREEDOM), float(blocks - 1))
