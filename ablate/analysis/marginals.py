"""Variances of a regression tree's prediction: of all of it, and of its mean along some columns."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.analysis.dimensions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """What a tree predicts in each of the boxes that it cuts the unit cube into."""

    low: Floats  # of the boxes, leaves x columns
    high: Floats
    values: Floats

    @property
    def variance(self) -> float:
        """Return the variance of the prediction over the cube."""
        return _variance(self.values, np.prod(self.high - self.low, axis=1))

    def marginal_variance(self, columns: Sequence[int]) -> float:
        """Return the variance over some columns of the prediction's mean over all others.

        Source:
            Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter
            Importance, algorithm 1 and 2.
        """
        others = np.delete(self.high - self.low, list(columns), axis=1).prod(axis=1)
        ends = [np.unique([self.low[:, at], self.high[:, at]]) for at in columns]
        cells = list(itertools.product(*([*itertools.pairwise(some)] for some in ends)))
        first, last = np.moveaxis(np.array(cells), 2, 0)
        holds = (self.low[:, columns][:, None] <= first) & (last <= self.high[:, columns][:, None])
        means = (self.values * others) @ holds.all(axis=2)
        return _variance(means, np.prod(last - first, axis=1))


def leaves(tree: Any) -> Leaves:
    """Return the leaves of a fitted regression tree of scikit-learn on columns from 0 to 1."""
    low = np.zeros((tree.node_count, tree.n_features))
    high = np.ones_like(low)
    left, right = tree.children_left, tree.children_right
    inner = np.flatnonzero(left >= 0)
    for node in inner:  # a node stands before its children
        for child, side in ((left[node], high), (right[node], low)):
            low[child], high[child] = low[node], high[node]
            side[child, tree.feature[node]] = tree.threshold[node]
    ends = left < 0
    return Leaves(low=low[ends], high=high[ends], values=tree.value[ends, 0, 0])


def _variance(values: Floats, weights: Floats) -> float:
    mean = np.average(values, weights=weights)
    return float(np.average((values - mean) ** 2, weights=weights))
