"""Response surfaces: exact recovery, and the traps of a best of four random points."""

import numpy as np
import pytest

from ablate.errors import DataError
from ablate.stats.crossed import crossed_t
from ablate.stats.surface import fit_surface, optimum_contrast


def study(
    random: np.random.Generator,
    *,
    sharpness: list[float],
    centres: list[tuple[float, float]],
    tops: list[float],
    noise: float,
    blocks: int = 16,
    points: int = 4,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Runs of a blocked design: quadratic tops over two settings, a shift per block."""
    rows = []
    for block in range(blocks):
        shift, x = random.normal(), random.random((points, 2))
        for value, (sharp, centre, top) in enumerate(zip(sharpness, centres, tops, strict=True)):
            for one in x:
                score = top + shift - sharp * ((one - centre) ** 2).sum()
                rows.append((*one, value, block, score + noise * random.normal()))
    found = np.array(rows)
    return found[:, :2], found[:, 2], found[:, 3], found[:, 4]


def best_of(values: np.ndarray, blocks: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Best score of every block and value, [blocks, values]."""
    return np.array(
        [
            [scores[(blocks == b) & (values == v)].max() for v in np.unique(values)]
            for b in np.unique(blocks)
        ]
    )


def test_without_noise_it_is_exact() -> None:
    random = np.random.default_rng(0)
    x, values, blocks, scores = study(
        random, sharpness=[5, 40], centres=[(0.5, 0.5), (0.25, 0.75)], tops=[1, 3], noise=0
    )
    found = fit_surface(x, values=values, blocks=blocks, scores=scores)
    assert found.difference[1] == pytest.approx(2, abs=0.02)
    assert found.place[1].tolist() == pytest.approx([0.25, 0.75], abs=0.03)
    assert found.drop[1] > 5 * found.drop[0]


def test_an_optimum_at_the_edge_is_the_edge() -> None:
    random = np.random.default_rng(1)
    x, values, blocks, scores = study(
        random, sharpness=[5, 5], centres=[(0.5, 0.5), (1.3, 0.5)], tops=[1, 1], noise=0
    )
    assert fit_surface(x, values=values, blocks=blocks, scores=scores).place[1, 0] == 1


def test_equal_at_the_optimum_but_sharper_is_told_from_worse() -> None:
    """Best of four claims a difference nearly always; the surface in at most a tenth of studies."""
    random = np.random.default_rng(2)
    claims = told = 0
    for _ in range(40):
        x, values, blocks, scores = study(
            random, sharpness=[5, 40], centres=[(0.5, 0.5)] * 2, tops=[0, 0], noise=2
        )
        best = best_of(values, blocks, scores)
        claims += float(crossed_t((best[:, 1] - best[:, 0])[:, None]).p) < 0.05
        told += float(fit_surface(x, values=values, blocks=blocks, scores=scores).p[1]) < 0.05
    assert claims >= 20
    assert told <= 6


def test_what_is_worse_at_its_optimum_stays_worse() -> None:
    random = np.random.default_rng(3)
    told = 0
    for _ in range(40):
        x, values, blocks, scores = study(
            random, sharpness=[20, 20], centres=[(0.5, 0.5)] * 2, tops=[0, -4], noise=2
        )
        found = fit_surface(x, values=values, blocks=blocks, scores=scores)
        told += found.p[1] < 0.05 and found.difference[1] < 0
    assert told >= 32


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"blocks": 2}, "at least 3"),
        ({"points": 1, "blocks": 4}, "fewer than 7 runs"),
    ],
)
def test_too_little_is_refused(change: dict[str, int], what: str) -> None:
    given = {"blocks": 8, "points": 4, **change}
    x, values, blocks, scores = study(
        np.random.default_rng(4),
        sharpness=[5, 5],
        centres=[(0.5, 0.5)] * 2,
        tops=[0, 0],
        noise=1,
        blocks=given["blocks"],
        points=given["points"],
    )
    with pytest.raises(DataError, match=what):
        fit_surface(x, values=values, blocks=blocks, scores=scores)


def test_a_contrast_between_optima_is_the_difference_of_two_of_them() -> None:
    random = np.random.default_rng(5)
    points = random.random((96, 1))
    values, blocks = np.tile([0, 1, 2], 32), np.repeat(np.arange(8), 12)
    scores = values - 9 * (points[:, 0] - 0.4) ** 2 + 0.3 * random.normal(size=96)
    found = fit_surface(points, values=values, blocks=blocks, scores=scores)
    one = optimum_contrast(found, [-1, 0, 1])
    expected = [found.difference[2], found.low[2], found.high[2], found.p[2]]
    assert [one.estimate, one.low, one.high, one.p] == pytest.approx([float(x) for x in expected])
    assert optimum_contrast(found, [0, 0, 0]).p == 1.0
