"""Values that Optuna cannot keep as they are: stepped numbers, and choices that are no scalars."""

import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import optuna
import pytest

from ablate.config.schema import Dimension
from ablate.search.contract import SAMPLERS
from ablate.search.finished import FinishedTrial
from ablate.search.history import frozen
from ablate.search.space import distribution
from ablate.search.store import TrialStore, default_url
from tests.search.conftest import UP, search

OPTIONS = {
    "tpe": {"startup": 2},
    "gp": {"startup": 2},
    "nsga2": {"population": 2},
    "cma_es": {"population": 4},
}
LISTS = ["equal", [1, 1, 1], [4, 2, 1], {"a": [1]}, True, 1]


def stepped(name: str, low: float, high: float, step: float) -> Dimension:
    return Dimension(
        name=name, type="float", path=f"loss.{name}", low=low, high=high, step=step, baseline=low
    )


def choice(*choices: Any) -> Dimension:
    return Dimension(
        name="w",
        type="categorical",
        path="loss.weights",
        choices=tuple(choices),
        baseline=choices[0],
    )


def found(sampler: str, dimensions: dict[str, Dimension], trials: int) -> list[FinishedTrial]:
    return search(
        sampler,
        trials=trials,
        dimensions=dimensions,
        options=OPTIONS.get(sampler),
        judge=lambda values: (float(len(str(values))),),
    )


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_every_sampler_gives_the_decimal_values_of_a_stepped_range(sampler: str) -> None:
    space = {"a": stepped("a", 0.1, 0.7, 0.1), "b": stepped("b", 0.05, 1.0, 0.05)}
    decimals = {
        name: {float(Decimal(low) + k * Decimal(step)) for k in range(count)}
        for name, low, step, count in (("a", "0.1", "0.1", 7), ("b", "0.05", "0.05", 20))
    }
    for trial in found(sampler, space, 6 if sampler == "gp" else 24):
        assert all(value in decimals[name] for name, value in trial.values.items())


def test_a_grid_and_brute_force_visit_each_step_once() -> None:
    space = {"a": stepped("a", 0.1, 0.7, 0.1)}
    for sampler in ("grid", "brute_force"):
        values = sorted(trial.values["a"] for trial in found(sampler, space, 7))
        assert values == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_a_trial_of_an_older_store_that_misses_a_step_in_its_last_bit_teaches_the_sampler() -> None:
    space = {"a": stepped("a", 0.1, 0.7, 0.1)}
    old = FinishedTrial(number=0, values={"a": 0.1 + 6 * 0.1}, value=1.0)
    assert old.values["a"] != 0.7
    assert frozen(old, space).params == {"a": 0.7}


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS.names()) - {"cma_es"}))
def test_choices_that_are_lists_or_mappings_come_back_as_they_were_written(
    sampler: str, tmp_path: Path
) -> None:
    space = {"w": choice(*LISTS)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trials = found(sampler, space, 8)
        store = TrialStore(
            default_url(tmp_path), study="s", directions=UP, lock=tmp_path / "optuna.lock"
        )
        for trial in trials:
            store.add(trial, dimensions=space, attrs={})
    assert len(store.values()) == len(trials)
    assert not store.is_outdated()
    for trial in trials:
        kinds = [type(one) for one in LISTS if one == trial.values["w"]]
        assert type(trial.values["w"]) in kinds
    if sampler in ("grid", "brute_force"):
        first = [repr(trial.values["w"]) for trial in trials[: len(LISTS)]]
        assert sorted(first) == sorted(map(repr, LISTS))


def test_choices_that_optuna_can_keep_stay_as_they_are() -> None:
    plain = distribution(choice("a", 1, 2.5, None, False))
    assert isinstance(plain, optuna.distributions.CategoricalDistribution)
    assert plain.choices == ("a", 1, 2.5, None, False)


def test_a_database_with_lists_as_choices_is_outdated(tmp_path: Path) -> None:
    store = TrialStore(
        default_url(tmp_path), study="s", directions=UP, lock=tmp_path / "optuna.lock"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = optuna.distributions.CategoricalDistribution(["equal", [1, 2]])  # type: ignore[list-item]
        old = optuna.trial.create_trial(
            value=1.0, params={"w": "equal"}, distributions={"w": shape}
        )
        optuna.load_study(storage=default_url(tmp_path), study_name="s").add_trial(old)
        assert store.is_outdated()
    assert not store.cleared().is_outdated()
