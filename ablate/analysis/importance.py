"""How much of an objective each dimension moves, beside what it seems to move by chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.analysis.dimensions import DUMMY, Floats, Varied, columns_of, encoded
from ablate.analysis.marginals import leaves

TREES, DEPTH = 16, 6
SHUFFLES = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Variance of the response along one dimension, in squared units of the response.

    Args:
        dimension: Its name.
        variance: When all other dimensions are averaged out.
        shuffled: The largest of as many forests on shuffled responses.
        is_dummy: Whether it is the control that sets nothing.
        is_above: Whether the variance lies above that of shuffled responses.
    """

    dimension: str
    variance: float
    shuffled: float
    is_dummy: bool
    is_above: bool


def importance(
    trials: pd.DataFrame, dimensions: Sequence[Varied], response: Floats, *, seed: int = 0
) -> tuple[Importance, ...]:
    """Un-normalised fANOVA variance of every dimension, the largest first.

    The variance is that of a forest's prediction when all other dimensions are averaged out, in
    squared units of the response; variances need not sum to anything. `shuffled` is the largest of
    19 forests on shuffled responses: where nothing depends on anything a dimension lies above its
    line in 1 of 20 studies. Beside a strong dimension the lines of all are high, for shuffled
    responses spread as widely as real ones: below its line means undecided.

    Args:
        trials: One row per trial with the columns of the dimensions; none was suggested by a
            sampler that saw scores.
        dimensions: What varied.
        response: One number per trial.
        seed: Of forests and shuffles.

    Source:
        Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter
        Importance; the line is a Monte Carlo test of Barnard 1963.
    """
    columns = encoded(dimensions, trials)
    groups = {one.name: columns_of(dimensions, one.name) for one in dimensions}
    random = np.random.default_rng(seed)
    found, *shuffled = (
        _variances(columns, groups, some, seed=seed)
        for some in (response, *(random.permutation(response) for _ in range(SHUFFLES)))
    )
    rows = [
        Importance(
            dimension=one.name,
            variance=found[one.name],
            shuffled=(most := max(some[one.name] for some in shuffled)),
            is_dummy=one.name == DUMMY,
            is_above=found[one.name] > most,
        )
        for one in dimensions
    ]
    return tuple(sorted(rows, key=lambda row: (-row.variance, row.dimension)))


def _variances(
    columns: Floats, groups: Mapping[str, Sequence[int]], response: Floats, *, seed: int
) -> dict[str, float]:
    """Return the variance per dimension: its share of the trees times the variance of the forest.

    Shares alone hide a small effect beside a large one: the shares of shuffled responses add up to
    as much as those of real ones.
    """
    if float(np.ptp(response)) == 0:
        return dict.fromkeys(groups, 0.0)
    from sklearn.ensemble import RandomForestRegressor  # takes seconds, and few commands need it

    forest = RandomForestRegressor(n_estimators=TREES, max_depth=DEPTH, random_state=seed)
    forest.fit(columns, response)
    whole = float(np.mean([tree.predict(columns).var() for tree in forest.estimators_]))
    trees = [leaves(tree.tree_) for tree in forest.estimators_]
    split = [tree for tree in trees if tree.variance > 0]
    return {
        name: whole * float(np.mean([tree.marginal_variance(at) / tree.variance for tree in split]))
        for name, at in groups.items()
    }
