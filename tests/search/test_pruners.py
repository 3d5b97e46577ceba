"""Every pruner: what it stops, what it leaves, and that halving is Optuna's."""

from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.errors import ConfigError
from ablate.search.contract import PRUNERS
from ablate.search.finished import FinishedTrial
from ablate.search.halving import Brackets
from ablate.search.pruners import should_prune

RUNGS = (10, 30, 90)
TOLD = [
    FinishedTrial(number=k, values={}, value=k % 6.0, reports=dict.fromkeys(RUNGS, k % 6.0))
    for k in range(24)
]


def stops(
    name: str, reports: dict[int, float], *, told: list[FinishedTrial] = TOLD, **options: Any
) -> bool:
    direction = options.pop("direction", "maximize")
    return should_prune(
        PRUNERS.get(name)(options.pop("rungs", RUNGS), **options),
        number=len(told),
        direction=direction,
        finished=told,
        reports=reports,
    )


JUDGES = ("median", "percentile", "successive_halving", "hyperband")


@pytest.mark.parametrize("name", JUDGES)
def test_the_worst_trial_is_stopped_and_the_best_one_kept(name: str) -> None:
    for direction, worst, best in (("maximize", -1.0, 9.0), ("minimize", 9.0, -1.0)):
        late = dict.fromkeys(RUNGS, worst)
        assert stops(name, late, direction=direction)
        assert not stops(name, dict.fromkeys(RUNGS, best), direction=direction)


@pytest.mark.parametrize("name", PRUNERS.names())
def test_a_pruner_that_saw_nothing_stops_nothing(name: str) -> None:
    assert not stops(name, {10: 0.0}, told=[])


@pytest.mark.parametrize("name", PRUNERS.names())
def test_a_trial_that_never_ran_and_a_failed_one_are_no_rivals(name: str) -> None:
    odd = [
        FinishedTrial(number=0, values={}, value=None, violations={"small": 1.0}),
        FinishedTrial(number=1, values={}, value=None),
    ]
    assert not stops(name, {10: 0.0}, told=odd)


def test_none_never_stops() -> None:
    assert not stops("none", dict.fromkeys(RUNGS, -9.0))


def test_the_percentile_says_how_many_are_kept() -> None:
    assert not stops("percentile", {10: 1.5}, keep=80.0)
    assert stops("percentile", {10: 1.5}, keep=40.0)
    same = [stops("percentile", {10: value}, keep=50) for value in (1.0, 2.0, 3.0)]
    assert same == [stops("median", {10: value}) for value in (1.0, 2.0, 3.0)]


def test_patience_stops_what_was_better_before_and_forgives_what_still_gains() -> None:
    falling, rising = {10: 3.0, 30: 2.0, 90: 1.0}, {10: 1.0, 30: 2.0, 90: 3.0}
    assert stops("patience", falling)
    assert not stops("patience", rising)
    assert not stops("patience", {10: 3.0, 30: 2.0})  # one rung is forgiven
    assert not stops("patience", falling, least_gain=5.0)
    high = {rung: value + 10 for rung, value in falling.items()}
    assert stops("patience", high)
    assert not stops("patience", high, then="median")  # it is far above the median
    assert stops("patience", {rung: v - 10 for rung, v in falling.items()}, then="median")


def halved(
    values: list[list[float]], pruner: optuna.pruners.BasePruner, rungs: tuple[int, ...] = RUNGS
) -> list[int]:
    """Return after how many rungs Optuna stops each of these trials, run one after the other."""
    made = optuna.create_study(direction="maximize", study_name="history", pruner=pruner)
    stopped = []
    for reports in values:
        trial = made.ask()
        for index, (rung, value) in enumerate(zip(rungs, reports, strict=True)):
            trial.report(value, rung)
            if trial.should_prune():
                stopped.append(index)
                made.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            stopped.append(len(rungs))
            made.tell(trial, reports[-1])
    return stopped


def ours(
    values: list[list[float]], name: str, rungs: tuple[int, ...] = RUNGS, **options: Any
) -> list[int]:
    told: list[FinishedTrial] = []
    stopped = []
    for number, reports in enumerate(values):
        seen: dict[int, float] = {}
        for index, (rung, value) in enumerate(zip(rungs, reports, strict=True)):
            seen[rung] = value
            if stops(name, dict(seen), told=told, rungs=rungs, **options):
                stopped.append(index)
                told.append(
                    FinishedTrial(
                        number=number, values={}, value=value, is_pruned=True, reports=seen
                    )
                )
                break
        else:
            stopped.append(len(rungs))
            told.append(FinishedTrial(number=number, values={}, value=reports[-1], reports=seen))
    return stopped


reports = st.lists(
    st.lists(st.integers(0, 20).map(float), min_size=3, max_size=3), min_size=1, max_size=9
)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(values=reports, factor=st.sampled_from([2, 3]))
def test_successive_halving_is_that_of_optuna(values: list[list[float]], factor: int) -> None:
    rungs = tuple(10 * factor**index for index in range(3))
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=10, reduction_factor=factor)
    expected = halved(values, pruner, rungs)
    assert ours(values, "successive_halving", rungs, factor=factor) == expected


@settings(max_examples=12, deadline=None, derandomize=True)
@given(values=reports)
def test_hyperband_is_that_of_optuna(values: list[list[float]]) -> None:
    pruner = optuna.pruners.HyperbandPruner(min_resource=10, max_resource=90, reduction_factor=3)
    assert ours(values, "hyperband") == halved(values, pruner)


def test_optunas_own_halving_made_anew_for_a_decision_stops_nothing() -> None:
    """Why there is one of ours; when this fails, Optuna's can be used."""
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=10, reduction_factor=3)
    decide: dict[str, Any] = {"number": 24, "direction": "maximize", "finished": TOLD}
    assert not should_prune(pruner, reports=dict.fromkeys(RUNGS, -1.0), **decide)


def test_the_bracket_follows_the_number_of_the_trial() -> None:
    pruner = PRUNERS.get("hyperband")(RUNGS)
    assert isinstance(pruner, Brackets)
    brackets = [pruner.bracket_of("history", number) for number in range(300)]
    shares = [brackets.count(bracket) / 300 for bracket in range(3)]
    assert shares[0] > shares[1] > 0
    assert shares[2] > 0
    assert brackets == [pruner.bracket_of("history", number) for number in range(300)]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("median", {"startup": -1}, "startup: must be at least 0, got -1"),
        ("percentile", {"keep": 120}, "keep: must be a percentage from 0 to 100, got 120"),
        ("successive_halving", {"factor": 1}, "factor: must be at least 2, got 1"),
        ("hyperband", {"factor": "x"}, "factor: must be at least 2, got x"),
        ("patience", {"wait": -1}, "wait: must be at least 0, got -1"),
        ("patience", {"wait": 4}, "rungs: 3 rungs never stop a trial, 6 are needed"),
        ("patience", {"then": "medan"}, "then: no pruner is called 'medan'; did you mean 'median'"),
        ("patience", {"then": "patience"}, "then: patience does not wait for itself"),
    ],
)
def test_an_option_out_of_range_is_one_line(name: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        PRUNERS.get(name)(RUNGS, **options)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize("name", JUDGES)
def test_a_pruner_without_rungs_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"rungs never stop a trial"):
        PRUNERS.get(name)(())
