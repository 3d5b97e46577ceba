"""The generation of each trial, against Optuna's own book-keeping, and CMA-ES against cmaes."""

import cmaes
import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.errors import ConfigError
from ablate.search.contract import SamplerContext, SearchSettings
from ablate.search.finished import FinishedTrial
from ablate.search.generations import generations
from ablate.search.space import distributions
from ablate.search.suggest import suggest
from ablate.search.tables import axis_of
from tests.search.conftest import BASE, DISCRETE, MIXED, UP, search


@settings(max_examples=20, deadline=None, derandomize=True)
@given(population=st.integers(2, 4), ends=st.lists(st.booleans(), min_size=1, max_size=20))
def test_without_a_lag_the_generations_are_those_that_optuna_writes(
    population: int, ends: list[bool]
) -> None:
    sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=0)
    study = optuna.create_study(sampler=sampler)
    for does_end in ends:
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        if does_end:
            study.tell(trial, 0.0)
        else:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
    key = "NSGAIISampler:generation"
    # Optuna infers the space from complete trials: before the first one it writes nothing
    written = {t.number: t.system_attrs[key] for t in study.trials if key in t.system_attrs}
    placed = generations(ends, population=population, lag=1, count=len(ends))
    assert {number: placed[number] for number in written} == written


@given(lag=st.integers(1, 6), population=st.integers(2, 5))
def test_a_longer_lag_never_starts_a_generation_earlier(lag: int, population: int) -> None:
    members = [True] * 30
    early = generations(members, population=population, lag=lag, count=30)
    late = generations(members, population=population, lag=lag + 1, count=30)
    assert all(b <= a for a, b in zip(early, late, strict=True))
    assert early[: lag + population - 1] == [0] * (lag + population - 1)


def test_cma_es_is_the_ask_and_tell_of_cmaes() -> None:
    space = {name: MIXED[name] for name in ("rate", "weight")}
    told: list[FinishedTrial] = []
    same = cmaes.CMA(
        mean=np.full(2, 0.5),
        sigma=1 / 6,
        bounds=np.array([[0.0, 1.0]] * 2),
        population_size=4,
        seed=3,
    )
    solutions = []
    for number in range(12):
        values = suggest(
            SearchSettings(
                dimensions=space,
                base=BASE,
                sampler="cma_es",
                study_seed=3,
                directions=UP,
                options={"population": 4},
            ),
            number=number,
            finished=told,
            open_trials=(),
        )
        point = np.array([(np.log10(values["rate"]) + 4) / 2, values["weight"] / 10])
        value = -float(((point - 0.7) ** 2).sum())
        told.append(FinishedTrial(number=number, values=values, value=value))
        solutions.append((point, -value))
        if len(solutions) == 4:
            same.tell(solutions)
            solutions = []
    from ablate.search.cma_es import _replayed
    from ablate.search.space import always

    shapes = distributions(space)
    ask = SamplerContext(
        number=12,
        seed=0,
        study_seed=3,
        dimensions=space,
        parameters=shapes,
        always=always(space),
        finished=tuple(told),
    )
    ours = _replayed(ask, shapes, 4)
    assert ours.generation == same.generation == 3
    np.testing.assert_allclose(ours.mean, same.mean, atol=1e-9)


def test_cma_es_moves_towards_what_was_good() -> None:
    space = {name: MIXED[name] for name in ("rate", "weight")}

    def judge(values: dict[str, float]) -> tuple[float]:
        return (-abs(values["weight"] - 9),)

    trials = search("cma_es", trials=60, dimensions=space, judge=judge)
    late = [trial.values["weight"] for trial in trials[45:]]
    assert abs(float(np.mean(late)) - 9) < 1


def test_the_last_members_of_a_generation_come_too_late_and_are_left_out() -> None:
    one = search("cma_es", trials=20, lag=5, options={"population": 4})
    assert len({str(trial.values) for trial in one}) == 20


@pytest.mark.parametrize("names", [("weight", "kind"), ("levels", "ratio"), ("kind",)])
def test_cma_es_refuses_a_space_with_fewer_than_two_numbers(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="cma_es needs at least two numbers") as error:
        search("cma_es", trials=1, dimensions={name: MIXED[name] for name in names})
    assert str(error.value).endswith("use the sampler tpe")


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
def test_a_table_of_all_values_refuses_every_continuous_dimension(sampler: str) -> None:
    with pytest.raises(ConfigError) as error:
        search(sampler, trials=1, dimensions=MIXED)
    assert [line.split(":")[0] for line in error.value.faults] == [
        "dimensions.rate",
        "dimensions.weight",
    ]
    assert "use the sampler qmc" in error.value.faults[0]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(x=st.floats(0, 1))
def test_a_position_comes_back_to_its_value(x: float) -> None:
    for name, shape in distributions({**DISCRETE, **MIXED}).items():
        if name != "kind":
            axis = axis_of(shape)
            value = axis.value(x)
            assert axis.value(axis.position(value)) == pytest.approx(value, rel=1e-9)
