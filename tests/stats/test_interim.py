"""Levels of interim analyses against published tables and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from ablate.errors import DataError
from ablate.stats.interim import conditional_power, obrien_fleming

# z of gsDesign / Jennison and Turnbull for Lan-DeMets spending of O'Brien-Fleming type, two-sided
PUBLISHED = {
    (1, 0.05): [1.960],
    (2, 0.05): [2.963, 1.969],
    (3, 0.05): [3.710, 2.511, 1.993],
    (4, 0.05): [4.333, 2.963, 2.359, 2.014],
    (5, 0.05): [4.877, 3.357, 2.680, 2.290, 2.031],
}


@pytest.mark.parametrize("case", PUBLISHED, ids=str)
def test_they_are_the_published_bounds(case: tuple[int, float]) -> None:
    levels = obrien_fleming(*case)
    z = [float(stats.norm.isf(level / 2)) for level in levels]
    assert z == pytest.approx(PUBLISHED[case], abs=2e-3)


@pytest.mark.parametrize("analyses", [2, 4, 8])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_over_all_analyses_a_true_null_is_rejected_with_chance_alpha(
    analyses: int, alpha: float
) -> None:
    steps = np.random.default_rng(analyses).normal(size=(200_000, analyses))
    z = steps.cumsum(axis=1) / np.sqrt(np.arange(1, analyses + 1))
    p = 2 * stats.norm.sf(np.abs(z))
    rejected = (p < np.array(obrien_fleming(analyses, alpha))).any(axis=1).mean()
    assert rejected == pytest.approx(alpha, abs=4 * math.sqrt(alpha / 200_000))


def test_later_analyses_may_use_more() -> None:
    levels = obrien_fleming(6)
    assert list(levels) == sorted(levels)
    assert 0.04 < levels[-1] < 0.05


def test_conditional_power_is_what_simulation_finds() -> None:
    z, share, drift = 1.2, 0.6, 3.0
    rest = np.random.default_rng(0).normal(drift * (1 - share), math.sqrt(1 - share), 400_000)
    end = z * math.sqrt(share) + rest
    assert conditional_power(z=z, share=share, drift=drift) == pytest.approx(
        float((end > 1.959964).mean()), abs=0.004
    )


@pytest.mark.parametrize(("analyses", "alpha"), [(0, 0.05), (21, 0.05), (3, 0.0), (3, 1.0)])
def test_what_cannot_be_is_refused(analyses: int, alpha: float) -> None:
    with pytest.raises(DataError, match="looks"):
        obrien_fleming(analyses, alpha)
