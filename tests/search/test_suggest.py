"""What every sampler promises on a space with conditions and a constraint."""

from typing import Any

import pytest

from ablate.errors import UnknownNameError
from ablate.search.contract import SAMPLERS, SamplerContext, SearchSettings
from ablate.search.finished import FinishedTrial
from ablate.search.history import frozen, history
from ablate.search.space import always, distributions
from ablate.search.suggest import suggest
from tests.search.conftest import (
    BASE,
    DISCRETE,
    MIXED,
    TABLES,
    UP,
    constraints_of,
    score,
    search,
    space_of,
    told_as,
)

STARTED = {
    "tpe": {"startup": 3},
    "gp": {"startup": 3},
    "nsga2": {"population": 4},
    "cma_es": {"population": 4},
}
TRIALS = 14


def found(sampler: str, **options: Any) -> list[FinishedTrial]:
    return search(sampler, trials=count(sampler), options=STARTED.get(sampler), **options)


def count(sampler: str) -> int:
    return 7 if sampler == "gp" else TRIALS  # half a second a suggestion


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_suggestions_lie_in_range_and_an_inactive_dimension_is_absent(sampler: str) -> None:
    space = space_of(sampler)
    for trial in found(sampler):
        values = trial.values
        assert set(values) == {n for n in space if n != "ratio" or values["levels"] > 1}
        assert values["levels"] in (1, 2, 3, 4)
        assert values.get("ratio", 0.5) in (0.25, 0.5, 0.75)
        assert values["kind"] in ("kept", "free")
        assert 1e-4 <= values.get("rate", 1e-3) <= 1e-2
        assert 0 <= values.get("weight", 1.0) <= 10


@pytest.mark.parametrize("lag", [1, 4])
@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_a_suggestion_is_a_pure_function_of_seed_number_and_what_was_told(
    sampler: str, lag: int
) -> None:
    one, trials = found(sampler, lag=lag), count(sampler)
    assert one == found(sampler, lag=lag)
    again = suggest(  # alone, as after a restart, and with the history in another order
        SearchSettings(
            dimensions=space_of(sampler),
            base=BASE,
            sampler=sampler,
            study_seed=7,
            directions=UP,
            options=STARTED.get(sampler, {}),
        ),
        number=trials - 1,
        finished=one[: trials - lag][::-1],
        open_trials=[trial.values for trial in one[trials - lag : trials - 1]],
    )
    assert again == one[-1].values


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS.names()) - {"grid"}))
def test_another_study_seed_gives_other_suggestions(sampler: str) -> None:
    assert [t.values for t in found(sampler)] != [t.values for t in found(sampler, seed=8)]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "cma_es"])
def test_what_was_told_changes_what_is_suggested(sampler: str) -> None:
    other = found(sampler, judge=lambda values: (-score(values),))
    assert [trial.values for trial in found(sampler)] != [trial.values for trial in other]


@pytest.mark.parametrize("sampler", TABLES)
def test_a_table_does_not_care_what_was_told(sampler: str) -> None:
    one = found(sampler)
    other = found(sampler, judge=lambda values: (0.0,))
    assert [trial.values for trial in one] == [trial.values for trial in other]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "cma_es"])
def test_the_samplers_that_learn_find_better_trials_than_chance(sampler: str) -> None:
    smooth = {name: MIXED[name] for name in ("kind", "rate", "weight", "levels")}
    trials, seeds = (12, (0,)) if sampler == "gp" else (40, range(3))

    def late(name: str) -> float:
        return sum(
            score(trial.values)
            for seed in seeds
            for trial in search(
                name, trials=trials, seed=seed, options=STARTED.get(name), dimensions=smooth
            )[trials // 2 :]
        )

    assert late(sampler) > late("random")


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_a_space_where_everything_breaks_the_constraint_is_still_sampled(sampler: str) -> None:
    told = [
        FinishedTrial(
            number=n, values=trial.values, value=None, violations={"never": 1.0, "ever": 2.0}
        )
        for n, trial in enumerate(found(sampler))
    ]
    values = suggest(
        SearchSettings(
            dimensions=space_of(sampler),
            base=BASE,
            sampler=sampler,
            study_seed=7,
            directions=UP,
            options=STARTED.get(sampler, {}),
        ),
        number=len(told),
        finished=told,
        open_trials=(),
    )
    assert set(values) <= set(space_of(sampler))


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "cma_es"])
def test_a_broken_constraint_steers_the_sampler_away(sampler: str) -> None:
    """The objective grows up to a wall; told as failures, the trials behind it teach nothing."""
    space = {name: MIXED[name] for name in ("rate", "weight")}
    trials, seeds = (10, (0,)) if sampler == "gp" else (30, range(3))

    def behind_the_wall(**told_as: Any) -> float:
        asked: list[float] = []
        for seed in seeds:
            told: list[FinishedTrial] = []
            for number in range(trials):
                values = suggest(
                    SearchSettings(
                        dimensions=space,
                        base=BASE,
                        sampler=sampler,
                        study_seed=seed,
                        directions=UP,
                        options=STARTED.get(sampler, {}),
                    ),
                    number=number,
                    finished=told,
                    open_trials=(),
                )
                weight = values["weight"]
                told.append(
                    FinishedTrial(number=number, values=values, value=weight)
                    if weight < 5
                    else FinishedTrial(number=number, values=values, value=None, **told_as)
                )
                asked.append(weight)
        return sum(weight >= 5 for weight in asked) / len(asked)

    assert behind_the_wall(violations={"wall": 1.0}) < behind_the_wall()


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_failed_pruned_and_open_trials_are_taken(sampler: str) -> None:
    trials = found(sampler)
    told = [
        FinishedTrial(number=0, values=trials[0].values, value=None),
        FinishedTrial(
            number=1, values=trials[1].values, value=0.5, is_pruned=True, reports={5: 0.5}
        ),
        *trials[2:5],
    ]
    values = suggest(
        SearchSettings(
            dimensions=space_of(sampler),
            base=BASE,
            sampler=sampler,
            study_seed=7,
            directions=UP,
            options=STARTED.get(sampler, {}),
        ),
        number=7,
        finished=told,
        open_trials=[trial.values for trial in trials[5:7]],
    )
    assert values["levels"] in (1, 2, 3, 4)


def test_a_grid_visits_every_cell_once() -> None:
    cells = [tuple(trial.values.items()) for trial in search("grid", trials=24)]
    assert len(set(cells)) == 4 * 3 * 2 - 2 * 2  # one level has no ratio: three cells are one


def test_brute_force_never_repeats_before_the_space_is_used_up() -> None:
    trials = search("brute_force", trials=20)  # 2 x (1 + 3 x 3)
    assert len({tuple(sorted(trial.values.items())) for trial in trials}) == 20


def test_different_numbers_give_different_random_points() -> None:
    assert len({str(trial.values) for trial in search("random", trials=8)}) == 8


def test_an_unknown_sampler_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'cma_es'"):
        search("cmaes", trials=1)


def test_a_broken_constraint_is_stored_as_a_constraint_of_a_pruned_trial() -> None:
    told = FinishedTrial(number=0, values={"levels": 1}, value=None, violations={"small": 2.0})
    stored = frozen(told, DISCRETE)
    assert stored.state.name == "PRUNED"
    assert constraints_of(stored) == told_as({"small": 1.0})
    assert frozen(FinishedTrial(number=1, values={}, value=None), {}).state.name == "FAIL"


def test_a_sampler_sees_it_as_a_constraint_with_a_value_that_says_nothing() -> None:
    told = [
        FinishedTrial(number=0, values={"levels": 1, "kind": "free"}, value=3.0),
        FinishedTrial(number=1, values={"levels": 1, "kind": "free"}, value=5.0),
        FinishedTrial(
            number=2, values={"levels": 4, "kind": "free"}, value=None, violations={"a": 1, "b": 1}
        ),
    ]
    study = history(directions=UP, finished=told, open_trials=(), dimensions=DISCRETE)
    assert [constraints_of(trial) for trial in study.trials] == [
        told_as({"feasible": -1.0}),
        told_as({"feasible": -1.0}),
        told_as({"feasible": 2.0}),
    ]
    assert study.trials[2].state.name == "COMPLETE"
    assert study.trials[2].value == 4.0
    assert study.best_trial.number == 1
    without = history(directions=UP, finished=told[:2], open_trials=(), dimensions=DISCRETE)
    assert not any(constraints_of(trial) for trial in without.trials)


def test_the_order_of_asking_follows_conditions_on_settings_too() -> None:
    from dataclasses import replace

    from ablate.search.space import suggest_values

    dimensions = {
        "ratio": replace(DISCRETE["ratio"], when="loss.levels > 1"),
        "ratios": replace(DISCRETE["kind"], name="ratios"),  # whose name holds another's
        "levels": DISCRETE["levels"],
    }

    asked: list[str] = []

    class Trial:
        def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
            asked.append(name)
            return low

        def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
            asked.append(name)
            return low

        def suggest_categorical(self, name: str, choices: Any) -> Any:
            asked.append(name)
            return choices[0]

    values = suggest_values(Trial(), dimensions, BASE)  # type: ignore[arg-type]
    assert values == {"ratios": "kept", "levels": 1}  # one level has no ratio
    assert asked == ["ratios", "levels"]


def test_the_lag_is_the_distance_to_the_newest_told_trial() -> None:
    ask = SamplerContext(
        number=9,
        seed=0,
        study_seed=0,
        dimensions=DISCRETE,
        parameters=distributions(DISCRETE),
        always=always(DISCRETE),
        open_trials=3,
    )
    assert ask.lag == 4
    assert ask.always == {"levels", "kind"}
