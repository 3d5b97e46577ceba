"""Compares ledger, run folders, MLflow and Optuna; repairs without inventing data."""

import contextlib
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.databases import PARTS, check_whole, put_aside
from ablate.errors import BusyError, ConfigError, DataError, StoreError, nearest
from ablate.search.store import holds
from ablate.store_folder import studies
from ablate.study import damage
from ablate.study.open_study import OpenStudy
from ablate.study.projection import Projection
from ablate.study.study_lock import is_locked, study_lock
from ablate.tracking.address import DATABASE
from ablate.tracking.audit import Row, forget, held
from ablate.tracking.journal import last_steps
from ablate.tracking.reader import damage_of
from ablate.tracking.runs import STATUS, metric_name
from ablate.tracking.store import open_client
from ablate.training.determinism import settle
from ablate.training.spec import JOURNAL, RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One disagreement between the stores."""

    where: str  # "ledger", "runs", "published", "mlflow" or "optuna"
    what: str
    fix: str  # what --repair does, or what the user can do
    is_fixable: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types under the names that scripts rely on."""
        return {
            "where": self.where,
            "what": self.what,
            "mend": self.fix,
            "is_mendable": self.is_fixable,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Diagnosis:
    findings: tuple[Finding, ...]
    wrong_runs: tuple[str, ...]  # MLflow runs to delete: sent anew, or sent twice
    is_optuna_wrong: bool


def examine(study: OpenStudy) -> tuple[Finding, ...]:
    """Return every disagreement; writes nothing.

    Raises:
        StoreError: The store does not hold this study, or holds it with another design.
    """
    return _diagnose(study).findings


def repair(study: OpenStudy) -> tuple[Finding, ...]:
    """Fix what can be fixed from the ledger and the run folders; return what is left.

    MLflow runs that are double or do not hold what their result says are deleted and sent again;
    the Optuna study is written anew; what was RUNNING without a driver is marked interrupted.

    Raises:
        BusyError: A driver runs the study.
        StoreError: As `examine`, or the data are not those that the study was started with.
    """
    settle()  # as the driver does: the trivial baselines are computed again
    study.check_started()
    study.ledger.check(design_hash=study.plan.design_hash, data_hash=study.data_hash)
    with study_lock(study.folder, study.config.name):
        study.reread()
        if damage.fix(study.ledger, wrong=study.of_other_data()):
            study.reread()
        found = _diagnose(study)
        forget(open_client(study.store, study.config.store.get("mlflow")), list(found.wrong_runs))
        study.ledger.cut_torn_tail()
        projection = Projection(study, optuna_anew=found.is_optuna_wrong)
        projection.start()
        if study.has_ended:
            projection.finish()
        else:
            projection.interrupt()
    study.reread()
    return _diagnose(study).findings


def rebuild(study: OpenStudy, part: str) -> tuple[Finding, ...]:
    """Set a database of the store aside and build it anew; return what is left of this study.

    It holds all studies of the store: `repair` of each of the others writes it back.

    Args:
        study: Is written first.
        part: "mlflow" or "optuna".

    Raises:
        ConfigError: There is no such part, or it is a database of somebody else.
        BusyError: A driver is at work in the store.
        StoreError: As `repair`.
    """
    if part not in PARTS:
        raise ConfigError(f"--rebuild: no part is called {part!r}; {nearest(part, PARTS)}")
    if study.config.store.get(part) is not None:
        raise ConfigError(
            f"--rebuild {part}: {study.config.name} names another database; ablate doctor "
            "--repair writes anew what it lacks"
        )
    study.check_started()
    study.ledger.check(design_hash=study.plan.design_hash, data_hash=study.data_hash)
    for name in studies(study.store):
        if is_locked(study.store / name):
            raise BusyError(f"{name}: a driver is at work in {study.store}; stop it first")
    put_aside(study.store / PARTS[part])
    return repair(study)


def _diagnose(study: OpenStudy) -> _Diagnosis:
    study.check_started()
    for name in PARTS.values():
        check_whole(study.store / name, within_s=None)
    is_alive = is_locked(study.folder)  # then a torn line is one that is being written
    faults = [] if is_alive else study.ledger.faults
    found = [Finding(where="ledger", what=line, fix="cut off") for line in faults]
    found += [
        Finding(where="runs", what=str(one), fix=one.consequence)
        for one in ([] if is_alive else damage.find(study.ledger, wrong=_of_other_data(study)))
    ]
    found += _published(study)
    of_mlflow, wrong = _mlflow(study, is_alive=is_alive)
    of_optuna = _optuna(study)
    return _Diagnosis(
        findings=(*found, *of_mlflow, *of_optuna),
        wrong_runs=tuple(wrong),
        is_optuna_wrong=bool(of_optuna),
    )


def _of_other_data(study: OpenStudy) -> dict[str, str]:
    with contextlib.suppress(DataError):  # they are not on this machine
        return study.of_other_data()
    return {}


def _mlflow(study: OpenStudy, *, is_alive: bool) -> tuple[list[Finding], list[str]]:
    """Return where MLflow differs from the results, and its runs to delete."""
    trials, rows = study.trials, _held(study)
    found: list[Finding] = []
    wrong: list[str] = []
    by_key: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    for key, several in by_key.items():
        if len(several) > 1:
            text = f"{len(several)} runs are {key or 'without a key'}"
            found.append(Finding(where="mlflow", what=text, fix="all but the oldest are deleted"))
            wrong += [row.run_id for row in several[1:]]
    expected = {
        f"run/{spec.run_id}": _expected(study, spec.run_id)
        for trial in trials.known.values()
        if not trial.violations and trial.number not in trials.twin_of
        for spec in trial.runs
    }
    for key, result in expected.items():
        first = next(iter(by_key.get(key, [])), None)
        folder = study.ledger.run_folder(key.removeprefix("run/"))
        if result is not None and (first is None or not _holds(first, result, folder)):
            what = "has no run" if first is None else f"is {first.status} with other values"
            text = f"{key} {what}, its result is {result.state}"
            found.append(Finding(where="mlflow", what=text, fix="it is sent again"))
            wrong += [] if first is None else [first.run_id]
        elif result is None and first is not None and first.status == "FINISHED":
            text = f"{key} is FINISHED and its run folder has no result"
            fix = "deleted; the study runs it again"
            found.append(Finding(where="mlflow", what=text, fix=fix))
            wrong.append(first.run_id)
    if not is_alive:
        running = [row.key for row in rows if row.status == "RUNNING"]
        if running:
            text = f"{len(running)} are RUNNING without a driver: {', '.join(running[:3])}"
            found.append(Finding(where="mlflow", what=text, fix="marked interrupted"))
    strange = [key for key in by_key if key.startswith("run/") and key not in expected]
    if strange:
        text = f"{len(strange)} runs are not of this design: {', '.join(strange[:3])}"
        fix = "look at them, and delete them in the UI if they are not wanted"
        found.append(Finding(where="mlflow", what=text, fix=fix, is_fixable=False))
    return found, wrong


def _expected(study: OpenStudy, run_id: str) -> RunResult | None:
    """Return what MLflow shall hold of a run: its result, and its scores on further sets."""
    result = study.ledger.results.get(run_id)
    return result and study.scored(result)


def _holds(row: Row, result: RunResult, folder: Path) -> bool:
    """Return whether an MLflow run has status and final values of a result, and every curve."""
    finite = {name: value for name, value in result.metrics.items() if math.isfinite(value)}
    last: dict[str, int] = {}
    with contextlib.suppress(StoreError):  # a damaged journal is a finding of its own
        last = last_steps(folder / JOURNAL)
    is_whole = all(row.last.get(metric_name(name), -1) >= step for name, step in last.items())
    return row.status == STATUS[result.state] and row.final == finite and is_whole


def _published(study: OpenStudy) -> list[Finding]:
    """Return the damaged files among those that an ended study published."""
    if not study.has_ended or not _has_tracker(study):
        return []
    client = open_client(study.store, study.config.store.get("mlflow"))
    return [
        Finding(where="published", what=f"{name} {what}", fix="it is published again")
        for name, what in damage_of(client, study=study.config.name).items()
    ]


def _optuna(study: OpenStudy) -> list[Finding]:
    """Return where Optuna differs from the finished trials."""
    if not holds(study.optuna_url, study.config.name):
        text, fix = "holds no study of this name", "the Optuna study is written anew"
        return [Finding(where="optuna", what=text, fix=fix)]
    found: list[Finding] = []
    stored = study.optuna.values()
    finished = study.trials.finished
    in_turn = set(itertools.takewhile(finished.__contains__, itertools.count()))  # the rest waits
    for number in sorted(in_turn | stored.keys()):
        if number not in stored:
            text = f"trial {number} is missing"
        elif number not in finished:
            text = f"trial {number} is there and not all of its runs have ended"
        elif (value := finished[number].value) is not None and stored[number] not in (value, None):
            text = f"trial {number} has {stored[number]}, its runs gave {value}"
        else:
            continue
        found.append(Finding(where="optuna", what=text, fix="the Optuna study is written anew"))
    count = study.optuna.states()
    open_ones = count.get("RUNNING", 0) + count.get("WAITING", 0)
    extra = sum(count.values()) - len(stored)
    if open_ones or extra:
        text = f"{open_ones} trials are open and {extra} are not ours or double"
        found.append(Finding(where="optuna", what=text, fix="the Optuna study is written anew"))
    return found


def _held(study: OpenStudy) -> list[Row]:
    """Return the runs in MLflow; an absent database holds none, and is not made for that."""
    if not _has_tracker(study):
        return []
    client = open_client(study.store, study.config.store.get("mlflow"))
    return held(client, study=study.config.name)


def _has_tracker(study: OpenStudy) -> bool:
    uri = study.config.store.get("mlflow")
    return uri is not None or (study.store / DATABASE).exists()
