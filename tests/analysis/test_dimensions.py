"""What varied: ranges and names told apart, seeds averaged, what cannot be used has a reason."""

import numpy as np
import pytest

from ablate.analysis.dimensions import Varied, columns_of, encoded, explored
from tests.analysis.exploring import study


def test_ranges_names_and_the_dummy_are_found_with_their_scale() -> None:
    found = explored(*study(lambda value, place, dummy: place))
    assert found is not None
    variant, rate, dummy = found.dimensions
    assert variant.choices == ("a", "b")
    assert (rate.low, rate.high, rate.is_log) == (0.001, 0.1, True)
    assert (dummy.name, dummy.low, dummy.high) == ("dummy", 0.0, 1.0)
    columns = encoded(found.dimensions, found.trials)
    assert columns.shape == (32, 4)
    assert np.allclose(columns[:, 2], found.trials["val/qabf"])  # the score is the log place
    assert columns_of(found.dimensions, "rate") == [2]
    assert set(columns[:, :2].sum(axis=1)) == {1.0}


def test_seeds_of_a_trial_are_one_point() -> None:
    facts, runs = study(lambda value, place, dummy: place, seeds=3, noise=1.0)
    found = explored(facts, runs)
    assert found is not None
    assert len(found.trials) == 32
    first = runs[runs["trial"] == 0]["val/qabf"].mean()
    assert found.trials["val/qabf"][0] == pytest.approx(first)


def test_searches_and_failures_are_left_out_and_counted() -> None:
    facts, runs = study(lambda value, place, dummy: place, searched=8)
    runs.loc[runs["trial"] == 3, "state"] = "failed"
    found = explored(facts, runs)
    assert found is not None
    assert set(found.trials["phase"]) == {"explore"}
    assert (len(found.trials), found.failed) == (31, 1)
    assert explored(facts, runs[runs["phase"] == "hunt"]) is None


def test_settings_that_are_rarely_active_or_unique_have_a_reason() -> None:
    facts, runs = study(lambda value, place, dummy: place)
    runs["factor.weights"] = [f"[{at}, 1]" for at in range(len(runs))]
    runs["factor.ratio"] = ["0.5" if at < 8 else None for at in range(len(runs))]
    runs.loc[0, "factor.ratio"] = "0.7"
    runs["factor.levels"] = [None if at < 4 else str(2 + at % 3) for at in range(len(runs))]
    found = explored(facts, runs)
    assert found is not None
    reasons = dict(found.left_out)
    assert "above 12" in reasons["weights"]
    assert reasons["ratio"] == "active in 8 of 32 trials"
    assert found.incomplete == 4
    levels = next(one for one in found.dimensions if one.name == "levels")
    assert (levels.low, levels.high, levels.choices) == (2.0, 4.0, ())


def test_positions_go_from_end_to_end_of_a_log_range() -> None:
    rate = Varied(name="r", column="r", low=0.001, high=0.1, is_log=True)
    assert rate.positions([0.001, 0.01, 0.1])[:, 0].tolist() == pytest.approx([0, 0.5, 1])
