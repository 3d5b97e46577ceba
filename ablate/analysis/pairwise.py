"""Which pairs of dimensions act together: products beyond all single effects, with a shuffle test.

Exploratory. Interactions that a study file asks about are judged in `ablate.analysis.interactions`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.dimensions import Floats, Varied
from ablate.analysis.published import StudyFacts
from ablate.design_names import FULL_FACTORIAL
from ablate.stats.crossed import crossed_t

SHUFFLES, LEVEL = 199, 0.05
SPARE = 10  # degrees of freedom that must be left over


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two dimensions do together beyond all single effects.

    Args:
        first: Name of a dimension.
        second: Name of another one.
        variance: That their products explain, less what noise explains, in squared units.
        f: Its F ratio; 0 where the single effects fit exactly.
        p: Share of shuffles whose largest F is at least as large.
        is_decided: Whether p is at most 0.05.
    """

    first: str
    second: str
    variance: float
    f: float
    p: float
    is_decided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedEffect:
    """What a value of one factor adds at a value of another, minus the same at its baseline.

    The interval is a 95 % t interval over seeds; None with one seed.
    """

    first: str
    second: str
    first_value: str
    first_baseline: str
    second_value: str
    second_baseline: str
    metric: str
    estimate: float
    low: float | None
    high: float | None
    seeds: int


def pairwise(
    trials: pd.DataFrame, dimensions: Sequence[Varied], response: Floats, *, seed: int = 0
) -> tuple[Pair, ...]:
    """Every pair of dimensions with the variance of its interaction.

    A response surface: single effects up to the cube of a range, and all differences of names;
    then for each pair the products of its linear and quadratic terms. `variance` is what they
    explain beyond all single effects, less what noise explains, in squared units. Residuals of the
    single effects are shuffled, and a pair `is_decided` where its F lies above the largest F of all
    pairs in 95 of 100 shuffles: in 1 of 20 studies without any interaction some pair does.

    Args:
        trials: One row per trial with the columns of the dimensions.
        dimensions: What varied.
        response: One number per trial.
        seed: Of the shuffles.

    Raises:
        ValueError: Too few trials for the terms.

    Source:
        Freedman and Lane 1983 (shuffled residuals); Westfall and Young 1993 (largest of all).
    """
    terms = {one.name: _terms(one, trials, degree=3) for one in dimensions}
    single = _basis(np.column_stack([np.ones(len(trials)), *terms.values()]))
    pairs = list(itertools.combinations([one.name for one in dimensions], 2))
    low = {one.name: _terms(one, trials, degree=2) for one in dimensions}
    bases = {
        pair: _basis(_without(_products(low[pair[0]], low[pair[1]]), single)) for pair in pairs
    }
    bases = {pair: basis for pair, basis in bases.items() if basis.shape[1]}
    most = max((basis.shape[1] for basis in bases.values()), default=0)
    needed = single.shape[1] + most + SPARE
    if len(trials) < needed:
        raise ValueError(f"{len(trials)} trials, {needed} are needed for all pairs")
    residual = _without(response[:, None], single)
    random = np.random.default_rng(seed)
    shuffled = np.column_stack([random.permutation(residual) for _ in range(SHUFFLES)])
    both = np.column_stack([residual, _without(shuffled, single)])
    left = len(trials) - single.shape[1]
    ratios: list[Floats] = []
    variances: list[float] = []
    for basis in bases.values():
        explained, count = ((basis.T @ both) ** 2).sum(axis=0), basis.shape[1]
        rest = np.maximum((both**2).sum(axis=0) - explained, 1e-300) / (left - count)
        ratios.append(explained / count / rest)
        variances.append(max(float(explained[0] - count * rest[0]), 0.0) / len(trials))
    # residuals of an exact fit are rounding errors and decide nothing
    is_exact = float((residual**2).mean()) <= 1e-20 * float((response**2).mean())
    largest = np.max(ratios, axis=0) if ratios else np.empty(0)
    found = []
    for pair, variance, ratio in zip(bases, variances, ratios, strict=True):
        beaten = SHUFFLES + 1 if is_exact else 1 + int((largest[1:] >= ratio[0]).sum())
        p = beaten / (SHUFFLES + 1)
        found.append(
            Pair(
                first=pair[0],
                second=pair[1],
                variance=variance,
                f=0.0 if is_exact else float(ratio[0]),
                p=p,
                is_decided=p <= LEVEL,
            )
        )
    return tuple(found)


def contrasts_of_contrasts(
    facts: StudyFacts, runs: pd.DataFrame, *, metrics: Sequence[str]
) -> tuple[CrossedEffect, ...]:
    """What two factors do together in full factorial phases: exploratory, no claim.

    One row per metric and pair of values: what the value of the first factor adds to its baseline
    at the value of the second, minus the same at the baseline of the second. The interval is a
    t interval over seeds; with one seed there is none.
    """
    some = runs[runs["phase"].isin(facts.phases_of(FULL_FACTORIAL)) & (runs["state"] == "finished")]
    names = [str(c) for c in some if str(c).startswith("factor.") and some[c].nunique() > 1]
    known = {one.factor: one.baseline for one in facts.questions} | dict(facts.baselines)
    bases = {f"factor.{name}": str(value) for name, value in known.items()}
    found = []
    for first, second in itertools.combinations(names, 2):
        others = [name for name in names if name not in (first, second)]
        at_base = [some[name] == bases.get(name, some[name].iloc[0]) for name in others]
        table = some[np.logical_and.reduce(at_base)] if at_base else some
        a0, b0 = (bases.get(name, some[name].iloc[0]) for name in (first, second))
        for a, b in itertools.product(
            [v for v in some[first].dropna().unique() if v != a0],
            [v for v in some[second].dropna().unique() if v != b0],
        ):
            for metric in metrics:
                seeds = _by_seed(table, first, second, f"test/{metric}", ((a0, a), (b0, b)))
                if len(seeds):
                    estimate, low, high = _interval(seeds)
                    found.append(
                        CrossedEffect(
                            first=first.partition(".")[2],
                            second=second.partition(".")[2],
                            first_value=a,
                            first_baseline=a0,
                            second_value=b,
                            second_baseline=b0,
                            metric=metric,
                            estimate=estimate,
                            low=low,
                            high=high,
                            seeds=len(seeds),
                        )
                    )
    return tuple(found)


def _by_seed(table: pd.DataFrame, first: str, second: str, column: str, values: Any) -> Floats:
    """Return the contrast of contrasts of every seed that has all four cells."""
    if column not in table:
        return np.empty(0)
    (a0, a), (b0, b) = values
    means = table.groupby(["seed", first, second])[column].mean().unstack([first, second])
    cells = [(a, b), (a0, b), (a, b0), (a0, b0)]
    if any(cell not in means.columns for cell in cells):
        return np.empty(0)
    four = means[cells].dropna().to_numpy(dtype=float)
    return np.asarray(four @ np.array([1.0, -1.0, -1.0, 1.0]), dtype=np.float64)


def _interval(seeds: Floats) -> tuple[float, float | None, float | None]:
    """Mean over seeds and its 95 % t interval."""
    if len(seeds) < 2:
        return float(seeds[0]), None, None
    t = crossed_t(seeds[:, None], images="fixed")
    return float(t.estimate), float(t.low), float(t.high)


def _terms(one: Varied, trials: pd.DataFrame, *, degree: int) -> Floats:
    """Return Legendre polynomials of a range, or all names but the first."""
    columns = one.positions(trials[one.column].tolist())
    if one.choices:
        return columns[:, 1:]
    polynomials = np.polynomial.legendre.legvander(2 * columns[:, 0] - 1, degree)
    return np.asarray(polynomials[:, 1:], dtype=np.float64)


def _products(first: Floats, second: Floats) -> Floats:
    products: Floats = (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)
    return products


def _without(columns: Floats, basis: Floats) -> Floats:
    rest: Floats = columns - basis @ (basis.T @ columns)
    return rest


def _basis(columns: Floats) -> Floats:
    """Return orthonormal columns of the same span; what depends on others falls out."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    kept = sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-9)
    return np.asarray(left[:, kept], dtype=np.float64)
