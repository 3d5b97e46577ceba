"""Partial dependence: the band is that of the average, and covers the truth."""

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from ablate.analysis.dependence import BAND, averaged, dependence, process
from ablate.analysis.dimensions import Varied, encoded
from tests.analysis.exploring import plain, spread

Floats = npt.NDArray[np.float64]
PLACES = np.linspace(0.0, 1.0, 11)


def truth(columns: Floats) -> Floats:
    product = (columns[:, 0] - 0.5) * (columns[:, 1] - 0.5)
    return np.sin(4 * columns[:, 0]) + 0.5 * columns[:, 1] + 0.6 * product  # nothing of x2


def average(columns: Floats, dimension: int) -> Floats:
    found = []
    for place in PLACES:
        rows = columns.copy()
        rows[:, dimension] = place
        found.append(truth(rows).mean())
    return np.array(found)


def test_the_band_covers_the_true_average() -> None:
    hits = []
    for seed in range(16):
        columns = spread(64, 3, seed)
        noise = 0.3 * np.random.default_rng(seed).normal(size=64)
        fitted = process(columns, truth(columns) + noise)
        for dimension in range(3):
            mean, sd = averaged(fitted, columns, [dimension], PLACES[:, None])
            hits.append(np.abs(mean - average(columns, dimension)) <= BAND * sd)
    assert 0.88 <= np.mean(hits) <= 0.99  # 0.90 to 0.96 over 40 studies of three kinds


def test_mean_and_band_are_those_of_the_joint_posterior() -> None:
    columns = spread(32, 2, 0)
    score = truth(columns) + 0.2 * np.random.default_rng(0).normal(size=32)
    fitted = process(columns, score)
    rows = columns[:8].copy()
    rows[:, 0] = 0.3
    to_trials = fitted.smooth(rows, columns)
    noise = (fitted.noise / fitted.scale) ** 2 + 1e-8
    whole = fitted.smooth(columns) + noise * np.eye(32)
    posterior = fitted.smooth(rows) - to_trials @ np.linalg.solve(whole, to_trials.T)
    mean, sd = averaged(fitted, columns[:8], [0], np.array([[0.3]]))
    target = (score - fitted.shift) / fitted.scale
    expected = (to_trials @ np.linalg.solve(whole, target)).mean()
    assert mean[0] == pytest.approx(fitted.shift + fitted.scale * expected)
    assert sd[0] == pytest.approx(fitted.scale * np.sqrt(posterior.mean()), rel=1e-4)
    wrong = fitted.scale * np.sqrt(np.diag(posterior)).mean()  # a mean of deviations
    assert sd[0] < 0.95 * wrong


def test_on_noise_the_band_is_no_narrower_than_the_mean_is_known() -> None:
    columns = spread(64, 2, 0)
    score = np.random.default_rng(1).normal(size=64)
    _, sd = averaged(process(columns, score), columns, [0], PLACES[:, None])
    assert sd.min() > 0.9 * score.std() / 8


def test_names_and_log_ranges_are_drawn_where_they_are() -> None:
    columns = spread(64, 2, 0)
    trials, dimensions = plain(columns)
    trials["x0"] = 0.001 * 100 ** columns[:, 0]
    dimensions[0] = Varied(name="x0", column="x0", low=0.001, high=0.1, is_log=True)
    trials["x1"] = np.where(columns[:, 1] < 0.5, "a", "b")
    dimensions[1] = Varied(name="x1", column="x1", choices=("a", "b"))
    score = columns[:, 0] + 2.0 * (columns[:, 1] >= 0.5) + 0.01 * columns[:, 1]
    rate, name = dependence(process(encoded(dimensions, trials), score), trials, dimensions)
    at = np.array([point.at for point in rate.points])
    means = np.array([point.mean for point in rate.points])
    assert (at[0], at[-1]) == (pytest.approx(0.001), pytest.approx(0.1))
    assert np.allclose(means - means[0], np.log(at / 0.001) / np.log(100), atol=0.05)
    a, b = (point.mean for point in name.points)
    assert b - a == pytest.approx(2.0, abs=0.05)


def test_many_trials_are_all_used_though_the_kernel_sees_the_first() -> None:
    columns = spread(512, 1, 0)
    score = np.where(np.arange(512) < 256, 0.0, 1.0) * 0.5 + columns[:, 0]
    mean, _ = averaged(process(columns, score), columns, [0], np.array([[0.5]]))
    assert mean[0] == pytest.approx(0.75, abs=0.1)


def test_reading_answers_does_not_import_the_library_of_the_models() -> None:
    code = (
        "import sys, ablate.report.best, ablate.report.source; sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
