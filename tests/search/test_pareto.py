"""Several objectives: the Pareto front, the search, and the store."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.errors import ConfigError
from ablate.search.finished import Direction, FinishedTrial, front
from ablate.search.history import history
from ablate.search.store import TrialStore
from tests.search.conftest import DISCRETE_ONLY, MIXED, constraints_of, search, space_of, told_as

BOTH: tuple[Direction, ...] = ("maximize", "minimize")


def two(values: Any) -> tuple[float, float]:
    """Return a benefit and a cost that pull `weight` to different ends."""
    weight = values.get("weight", 5.0)
    return weight + (1.0 if values["kind"] == "free" else 0.0), weight + values["levels"]


points = st.lists(st.tuples(*[st.integers(0, 5).map(float)] * 3), max_size=14)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(points=points, directions=st.tuples(*[st.sampled_from(["maximize", "minimize"])] * 3))
def test_the_front_is_that_of_optuna(points: list[Any], directions: Any) -> None:
    told = [
        FinishedTrial(number=n, values={}, value=first, further=tuple(rest))
        for n, (first, *rest) in enumerate(points)
    ]
    study = history(directions=directions, finished=told, open_trials=())
    expected = sorted(trial.number for trial in study.best_trials)
    assert [trial.number for trial in front(told, directions=directions)] == expected


def test_what_did_not_end_well_is_on_no_front() -> None:
    told = [
        FinishedTrial(number=0, values={}, value=9.0, further=(0.0,), is_pruned=True),
        FinishedTrial(number=1, values={}, value=None),
        FinishedTrial(number=2, values={}, value=None, violations={"small": 1.0}),
        FinishedTrial(number=3, values={}, value=1.0, further=(1.0,)),
    ]
    assert [trial.number for trial in front(told, directions=BOTH)] == [3]


def test_with_one_objective_the_front_is_the_best_trials() -> None:
    told = [
        FinishedTrial(number=n, values={}, value=value) for n, value in enumerate((1.0, 2.0, 2.0))
    ]
    assert [trial.number for trial in front(told, directions=("maximize",))] == [1, 2]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "random", "qmc", "grid", "brute_force"])
def test_a_sampler_takes_several_objectives_and_repeats_itself(sampler: str) -> None:
    options = {"nsga2": {"population": 4}, "gp": {"startup": 3}, "tpe": {"startup": 3}}
    trials = 6 if sampler == "gp" else 14

    def run() -> list[FinishedTrial]:
        return search(
            sampler, trials=trials, lag=2, directions=BOTH, judge=two, options=options.get(sampler)
        )

    one = run()
    assert one == run()
    assert all(len(trial.objectives) in (0, 2) for trial in one)
    assert set(one[0].values) <= set(space_of(sampler))
    assert sampler not in DISCRETE_ONLY or "rate" not in one[0].values


def test_cma_es_refuses_several_objectives_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="objective: cma_es takes one; use the sampler nsga2"):
        search("cma_es", trials=1, directions=BOTH, judge=two)


def test_nsga2_spreads_over_the_front_better_than_chance() -> None:
    """Every value of `weight` is a trade-off; kind, levels and rate are not."""

    def wasted(sampler: str, **options: Any) -> float:
        late = [
            trial.values
            for seed in range(2)
            for trial in search(
                sampler,
                trials=60,
                seed=seed,
                directions=BOTH,
                judge=two,
                dimensions={k: v for k, v in MIXED.items() if k != "ratio"},
                options=options,
            )[30:]
        ]
        return sum(v["levels"] - 1 + (v["kind"] == "kept") for v in late) / len(late)

    assert wasted("nsga2", population=8) < 0.7 * wasted("random")


def test_the_store_keeps_every_objective_and_the_constraint(tmp_path: Path) -> None:
    def opened() -> TrialStore:
        return TrialStore(
            f"sqlite:///{tmp_path / 'optuna.db'}",
            study="s",
            directions=BOTH,
            lock=tmp_path / "lock",
        )

    store = opened()
    values = {"levels": 2, "ratio": 0.5, "kind": "free", "rate": 1e-3, "weight": 2.0}
    told = [
        FinishedTrial(number=0, values=values, value=1.0, further=(2.0,)),
        FinishedTrial(number=1, values=values, value=None, violations={"small": 1.0}),
        FinishedTrial(number=2, values=values, value=None),
    ]
    for trial in [*told, told[0]]:
        store.add(trial, dimensions=MIXED, attrs={"phase": "search"})
    assert opened().values() == {0: 1.0, 1: None, 2: None}
    assert opened().states() == {"COMPLETE": 1, "PRUNED": 1, "FAIL": 1}
    [study] = optuna.get_all_study_summaries(f"sqlite:///{tmp_path / 'optuna.db'}")
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    loaded = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    assert loaded.trials[0].values == [1.0, 2.0]
    assert constraints_of(loaded.trials[1]) == told_as({"small": 1.0})
    assert [trial.number for trial in loaded.best_trials] == [0]
