from typing import Any

import pytest

from ablate.config.schema import Dimension
from ablate.search import pruners
from ablate.search.samplers import SAMPLERS
from ablate.search.suggest import Told, suggest

DIMENSIONS = {
    "levels": Dimension(name="levels", type="int", path="loss.levels", low=1, high=3, baseline=3),
    "ratio": Dimension(
        name="ratio", type="float", path="loss.ratio", low=0.25, high=0.75, step=0.25,
        baseline=0.5, when="levels > 1",
    ),
    "kind": Dimension(
        name="kind", type="categorical", path="loss.sign", choices=("kept", "free"), baseline="kept"
    ),
}  # fmt: skip
BASE = {"loss": {"levels": 3, "ratio": 0.5, "sign": "kept"}}


def ask(sampler: str, number: int, told: list[Told], open_trials: tuple[Any, ...] = ()) -> dict:
    return suggest(
        dimensions=DIMENSIONS, base=BASE, sampler=sampler, study_seed=7, number=number,
        direction="maximize", told=told, open_trials=open_trials,
    )  # fmt: skip


def run(sampler: str, trials: int = 14) -> list[dict[str, Any]]:
    told: list[Told] = []
    for number in range(trials):
        values = ask(sampler, number, told)
        score = values["levels"] + (1 if values["kind"] == "free" else 0)
        told.append(Told(number=number, values=values, value=float(score)))
    return [dict(trial.values) for trial in told]


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_a_suggestion_depends_on_its_arguments_alone(sampler: str) -> None:
    assert run(sampler) == run(sampler)


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_an_inactive_dimension_is_absent_and_values_stay_in_range(sampler: str) -> None:
    for values in run(sampler):
        assert ("ratio" in values) == (values["levels"] > 1)
        assert 1 <= values["levels"] <= 3
        assert values.get("ratio", 0.5) in (0.25, 0.5, 0.75)
        assert values["kind"] in ("kept", "free")


def test_a_grid_visits_every_cell_once() -> None:
    cells = [tuple(ask("grid", number, []).items()) for number in range(18)]
    assert len(set(cells)) == 3 * 3 * 2 - 2 * 2  # one level has no ratio: three cells are one


def test_brute_force_never_repeats_before_the_space_is_used_up() -> None:
    visited = [tuple(sorted(values.items())) for values in run("brute_force", trials=14)]
    assert len(set(visited)) == 14  # 2 x (1 + 3 + 3)


def test_different_numbers_give_different_random_points() -> None:
    assert len({str(ask("random", number, [])) for number in range(8)}) > 3


def test_a_broken_constraint_reaches_the_sampler_as_a_constraint() -> None:
    from ablate.search.suggest import frozen, history

    told = Told(number=0, values={"levels": 1}, value=None, violations={"small": 2.0})
    study = history(direction="maximize", told=[told], open_trials=(), dimensions=DIMENSIONS)
    stored = study.trials[0]
    assert stored.state.name == "PRUNED"
    assert any(value > 0 for value in stored.constraints.values())
    assert frozen(Told(number=1, values={}, value=None), {}).state.name == "FAIL"


def test_the_median_pruner_stops_a_trial_below_the_median_and_keeps_one_above() -> None:
    told = [
        Told(number=k, values={}, value=float(k), reports={10: float(k), 20: float(k)})
        for k in range(5)
    ]
    pruner = pruners.PRUNERS.get("median")(rungs=(10, 20))
    decide = {"direction": "maximize", "told": told}
    assert pruners.should_prune(pruner, reports={10: 1.0}, **decide)
    assert not pruners.should_prune(pruner, reports={10: 3.0}, **decide)


def test_a_pruner_that_saw_nothing_stops_nothing() -> None:
    for name in pruners.PRUNERS.names():
        pruner = pruners.PRUNERS.get(name)(rungs=(10,))
        assert not pruners.should_prune(pruner, direction="maximize", told=[], reports={10: 0.0})
