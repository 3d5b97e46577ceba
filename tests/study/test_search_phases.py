"""What a search phase asks of its sampler and pruner, and what they are told."""

import zlib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from ablate import config
from ablate.errors import ConfigError
from ablate.study.ledger import Ledger
from ablate.study.names import known
from ablate.study.plan import make
from ablate.study.published_tables import run_table
from ablate.study.questions import directions_of
from ablate.study.trials import Trials
from ablate.training.spec import RunResult, RunSpec
from ablate.writing import write_json

DIMENSIONS = {
    "levels": {"type": "int", "path": "loss.levels", "low": 1, "high": 3},
    "scales": {
        "type": "decreasing",
        "path": "loss.scales",
        "size": "levels",
        "low": 0.3,
        "high": 0.8,
        "when": "levels > 1",
    },
    "rate": {
        "type": "float",
        "path": "train.learning_rate",
        "low": 1e-4,
        "high": 1e-2,
        "log": True,
    },
}


def plan_of(
    folder: Path, *, phase: dict[str, Any] | None = None, defaults: int = 3, **study: Any
) -> Any:
    file = folder / "mine.yaml"
    whole = {
        "title": "Searching",
        "space": {"dimensions": DIMENSIONS},
        "phases": {"hunt": {"design": "search", "trials": 12, **(phase or {})}},
        "base": {"data": {"name": "synthetic"}, "metrics": {"names": ["qabf", "vif", "mse"]}},
        **study,
    }
    file.write_text(yaml.safe_dump(whole))
    return make(
        config.load(
            file, (), defaults=defaults, known={**known(), "metrics": ("qabf", "vif", "mse")}
        )
    )


def ended(spec: RunSpec) -> RunResult:
    """Return a result that follows from the run alone."""
    number = zlib.crc32(spec.run_id.encode()) / 2**32
    return RunResult(
        run_id=spec.run_id,
        state="finished",
        metrics={"val/qabf": number, "val/vif": 1 - number, "val/mse": number**2},
        facts={"reports": {"5": number}},
    )


def searched(folder: Path, plan: Any) -> Trials:
    ledger = Ledger(folder / "store")
    trials = Trials(plan, ledger)
    while (spec := trials.next()) is not None:
        keep(ledger, ended(spec))
        trials.finish(spec.trial)
    return trials


def keep(ledger: Ledger, result: RunResult) -> None:
    ledger.run_folder(result.run_id).mkdir(parents=True, exist_ok=True)
    write_json(ledger.run_folder(result.run_id) / "result.json", result.to_json())
    ledger.end(result)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random", "qmc"])
def test_every_objective_is_told_and_a_restart_says_the_same(tmp_path: Path, sampler: str) -> None:
    plan = plan_of(tmp_path, phase={"sampler": sampler}, objective=["val/qabf", "val/mse"])
    assert directions_of(plan.config) == ("maximize", "minimize")
    trials = searched(tmp_path, plan)
    assert sorted(trials.finished) == list(range(12))
    for told in trials.finished.values():
        assert len(told.objectives) == (0 if told.violations else 2)
    again = searched(tmp_path / "again", plan)
    assert again.finished == trials.finished
    assert searched(tmp_path, plan).finished == trials.finished  # read back from the ledger


def test_a_trial_without_one_of_its_objectives_has_failed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, objective=["val/qabf", "val/vif"])
    ledger = Ledger(tmp_path / "store")
    trials = Trials(plan, ledger)
    spec = trials.next()
    assert spec is not None
    ledger.end(RunResult(run_id=spec.run_id, state="finished", metrics={"val/qabf": 1.0}))
    trials.finish(spec.trial)
    told = trials.finished[spec.trial]
    assert told is not None
    assert (told.value, told.further) == (None, ())


@pytest.mark.parametrize(("defaults", "value"), [(2, 0.9), (3, None)])
def test_an_unhealthy_training_teaches_no_sampler(
    tmp_path: Path, defaults: int, value: float | None
) -> None:
    plan = plan_of(tmp_path, defaults=defaults)
    ledger = Ledger(tmp_path / "store")
    trials = Trials(plan, ledger)
    spec = trials.next()
    assert spec is not None
    facts = {"health": {"state": "negative"}}
    metrics = {"val/qabf": 0.9}
    ledger.end(RunResult(run_id=spec.run_id, state="finished", metrics=metrics, facts=facts))
    trials.finish(spec.trial)
    assert trials.finished[spec.trial].value == value


def test_the_options_reach_sampler_and_pruner(tmp_path: Path) -> None:
    def suggested(**phase: Any) -> list[Any]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        trials = searched(folder, plan_of(folder, phase=phase))
        return [dict(told.values) for told in trials.finished.values()]

    assert suggested() != suggested(options={"sampler": {"startup": 2}})
    stops = {}
    for keep in (1, 99):
        pruner = {"pruner": "percentile", "rungs": [5], "options": {"pruner": {"keep": keep}}}
        plan = plan_of(tmp_path, phase=pruner)
        trials = searched(tmp_path / str(keep), plan)
        visible = [trials.finished[number] for number in range(12 - plan.searches[0].lag)]
        second = sorted(told.reports[5] for told in visible if told.reports)[-2]
        stops[keep] = trials.decide(trials.known[11].runs[0], {5: second})
    assert stops == {1: True, 99: False}
    assert all(type(stop) is bool for stop in stops.values())  # they are sent as JSON


def test_lists_are_settings_of_the_runs_and_short_in_their_names(tmp_path: Path) -> None:
    trials = searched(tmp_path, plan_of(tmp_path))
    lists = [trial for trial in trials.known.values() if "scales" in trial.factors]
    assert lists
    for trial in lists:
        scales = trial.runs[0].settings["loss"]["scales"]
        is_powers = scales == "powers" and len(cast("list[float]", trial.factors["scales"])) == 2
        assert is_powers or scales == trial.factors["scales"]
        assert "[" not in trial.name


def test_a_search_without_a_suggestion_that_can_run_has_a_table_without_rows(
    tmp_path: Path,
) -> None:
    never = {"require": "loss.levels > 9", "because": "nobody has so many"}
    plan = plan_of(tmp_path, space={"dimensions": DIMENSIONS, "constraints": {"never": never}})
    trials = searched(tmp_path, plan)
    assert trials.planned == 0
    table = run_table(list(trials.known.values()), Ledger(tmp_path / "store"))
    assert table.empty
    assert {"run_id", "arm_id", "phase", "block", "point", "state", "reason"} <= set(table)


def test_options_and_further_objectives_are_of_the_design(tmp_path: Path) -> None:
    plain = plan_of(tmp_path).design_hash
    others = {
        plan_of(tmp_path, phase={"options": {"sampler": {"startup": 2}}}).design_hash,
        plan_of(tmp_path, objective=["val/qabf", "val/vif"]).design_hash,
        plan_of(tmp_path, objective=["val/qabf", "val/mse"]).design_hash,
    }
    assert len({plain, *others}) == 4


def test_what_the_plug_ins_cannot_do_is_refused_with_the_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        plan_of(
            tmp_path,
            phase={"sampler": "grid", "pruner": "median", "rungs": [5], "seeds": 2},
            objective=["val/qabf", "val/vif"],
        )
    told = [line.split(": ", 1)[1] for line in error.value.faults]
    assert [line.split(":")[0] for line in told] == [
        "phases.hunt",
        "phases.hunt",
        "phases.hunt.pruner",
        "phases.hunt.pruner",
    ]


def table_of(trials: Trials) -> list[tuple[int, str, dict[str, Any]]]:
    return [
        (number, trial.phase, {**trial.factors, **trial.nuisance})
        for number, trial in sorted(trials.known.items())
    ]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "nsga2", "cma_es"])
def test_an_extended_search_is_the_longer_search(tmp_path: Path, sampler: str) -> None:
    folder, options = tmp_path / "grown", {"sampler": {"population": 4}}
    phase = {"sampler": sampler, "options": options if sampler in ("nsga2", "cma_es") else {}}
    space = {"space": {"dimensions": {**DIMENSIONS, "ratio": RATIO}}}
    short = plan_of(tmp_path, phase={**phase, "trials": 6}, defaults=4, **space)
    searched(folder, short)
    long = plan_of(tmp_path, phase={**phase, "trials": 20}, defaults=4, **space)
    assert long.design_hash == short.design_hash
    grown = searched(folder, make(long.config, reserved={"hunt": 6}))
    whole = searched(tmp_path / "whole", long)
    assert table_of(grown) == table_of(whole)
    assert grown.planned == whole.planned == 20


RATIO = {"type": "float", "path": "loss.ratio", "low": 0.3, "high": 0.8, "when": "levels > 0"}
FEW = {"levels": {"type": "int", "path": "loss.levels", "low": 1, "high": 4}}
NARROW = {"odd": {"require": "levels != 2", "because": "two are too few"}}


def test_suggestions_that_cannot_be_run_are_replaced(tmp_path: Path) -> None:
    space = {"space": {"dimensions": {**FEW, "rate": DIMENSIONS["rate"]}, "constraints": NARROW}}
    plan = plan_of(tmp_path, phase={"sampler": "random"}, defaults=4, **space)
    trials = searched(tmp_path, plan)
    search = trials.searches["hunt"]
    assert (search.run, trials.planned, len(trials.finished)) == (12, 12, len(search.numbers))
    assert search.skipped.total() == trials.infeasible > 0
    assert search.sentence().startswith("hunt: 12 of 12 trials; ")
    assert "two are too few" in search.sentence()
    assert not trials.is_asking
    again = searched(tmp_path, plan)  # read back from the ledger
    assert table_of(again) == table_of(trials)


def test_a_search_without_anything_new_to_run_gives_up_and_says_so(tmp_path: Path) -> None:
    trials = searched(
        tmp_path,
        plan_of(tmp_path, phase={"sampler": "random"}, defaults=4, space={"dimensions": FEW}),
    )
    search = trials.searches["hunt"]
    assert search.run == 4 == trials.planned
    assert "hunt: 4 of 12 trials" in search.sentence()
    assert "gave up" in search.sentence()
    assert not trials.is_asking


def test_a_kill_anywhere_and_an_extension_change_no_trial(tmp_path: Path) -> None:
    phases: dict[str, dict[str, Any]] = {
        "hunt": {"design": "search", "trials": 5, "sampler": "tpe"},
        "other": {"design": "search", "trials": 4, "sampler": "random"},
    }
    study: dict[str, Any] = {
        "phases": phases,
        "space": {"dimensions": {**FEW, "rate": DIMENSIONS["rate"]}, "constraints": NARROW},
    }
    first = plan_of(tmp_path, defaults=4, **study)
    phases["hunt"]["trials"] = 9
    long = plan_of(tmp_path, defaults=4, **study)
    long = make(long.config, reserved={"hunt": 5, "other": 4})
    searched(tmp_path / "whole", first)
    whole = searched(tmp_path / "whole", long)
    for stop in range(1, 13, 2):
        folder = tmp_path / str(stop)
        for plan in (first, long):
            stopped(folder, plan, runs=stop)  # killed with a run open
            searched(folder, plan)
        assert table_of(Trials(long, Ledger(folder / "store"))) == table_of(whole)


def stopped(folder: Path, plan: Any, *, runs: int) -> None:
    ledger = Ledger(folder / "store")
    trials = Trials(plan, ledger)
    for _ in range(runs):
        if (spec := trials.next()) is not None:
            keep(ledger, ended(spec))
            trials.finish(spec.trial)
    trials.next()
