"""Correction of p values for the number of questions asked."""

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import Floats


def holm(p: ArrayLike) -> Floats:
    """Return Holm's corrected p of one family, or of many: the last axis is the family.

    statsmodels' multipletests gives the same for one family and collects garbage on every call,
    which costs more than the rest of a verdict.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    family = np.asarray(p, dtype=np.float64)
    order = np.argsort(family, axis=-1, kind="stable")
    steps = np.arange(family.shape[-1], 0, -1)
    ordered = np.take_along_axis(family, order, axis=-1) * steps
    corrected = np.empty_like(family)
    raised = np.minimum(np.maximum.accumulate(ordered, axis=-1), 1.0)
    np.put_along_axis(corrected, order, raised, axis=-1)
    return corrected
