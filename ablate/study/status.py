"""How far a study is in a store, and what `ablate run` would do with it; writes nothing."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ablate.published import unscored_in_words
from ablate.study import damage, interim
from ablate.study.environments import of_results
from ablate.study.extending import keys_of
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.reuse import Earlier, check_declared, to_adopt
from ablate.study.run_progress import progress_of
from ablate.study.study_lock import is_locked, open_runs
from ablate.tracking.address import public
from ablate.training.spec import JOURNAL


def status(study: OpenStudy) -> dict[str, Any]:
    """Return the counts and addresses that `ablate status --json` prints.

    Counts that need the plan are None where the store holds the study with another design.
    """
    ledger, folder = study.ledger, study.folder
    running = open_runs(folder)
    paces = _paces(ledger)
    begun = {path.parent.name for path in folder.glob(f"runs/*/{JOURNAL}")} - set(ledger.results)
    return {
        "study": study.config.name,
        "unit": "runs",
        **_of_plan(study),
        **ledger.counts(),
        "running": len(running),
        "at_work": [_of_run(folder / "runs" / run, *paces) for run in running],
        "interrupted": len(begun - set(running)),
        "unreadable": [f"{why}; {damage.ANEW}" for why in ledger.unreadable.values()],
        "reasons": {
            run: result.reason for run, result in ledger.results.items() if result.state == "failed"
        },
        "optuna": {
            "storage": public(study.optuna_url),
            "study_name": study.config.name,
        },
        "mlflow": {
            "tracking_uri": public(study.tracking_uri),
            "experiment": study.config.name,
            "study_run_id": _study_run_id(folder),
        },
        "design_hash": study.plan.design_hash,
        "started_as": ledger.header.get("design_hash"),
        "data_hash": ledger.header.get("data_hash"),
        "unscored": _unscored(study),
        "looks": interim.sentences(study.plan, ledger.looks),
        "strata": [asdict(one) for one in of_results(ledger)],
    }


def _study_run_id(folder: Path) -> str | None:
    """Return the MLflow id of the study run, None while it is not known."""
    try:
        return str(json.loads((folder / "links.json").read_text(encoding="utf-8"))["study"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # absent, or damaged: the next driver writes it anew


def _unscored(study: OpenStudy) -> list[str]:
    """Return which objectives finished runs lack, in words."""
    finished = [one for one in study.ledger.results.values() if one.state == "finished"]
    counts = {
        name: sum(name in result.metrics for result in finished) for name in study.config.objectives
    }
    return unscored_in_words(counts, finished=len(finished))


def _of_run(folder: Path, per_step: float | None, beside_s: float | None) -> dict[str, Any]:
    """Return how far the run in a folder is; what is not known yet is None."""
    found = progress_of(folder)
    if found is None:
        return {
            "run": folder.name,
            "name": None,
            "step": 0,
            "steps": None,
            "share": 0.0,
            "eta_s": None,
        }
    left_s = found.seconds_left(beside_s=beside_s or 0.0, seconds_per_step=per_step)
    is_known = left_s is not None and (found.step < found.steps or beside_s is not None)
    return {
        "run": folder.name,
        "name": found.name,
        "step": found.step,
        "steps": found.steps,
        "share": round(found.share, 4),
        "eta_s": round(left_s, 1) if left_s is not None and is_known else None,
    }


def _paces(ledger: Ledger) -> tuple[float | None, float | None]:
    """Return the medians of the finished runs: seconds per step, and seconds beside the steps."""
    steps_s: list[float] = []
    beside_s: list[float] = []
    for result in ledger.results.values():
        facts = result.facts
        per_step, seconds, steps = (facts.get(k) for k in ("seconds_per_step", "seconds", "steps"))
        if isinstance(per_step, int | float) and isinstance(seconds, int | float):
            steps_s.append(per_step)
            beside_s.append(max(0.0, seconds - per_step * (steps if isinstance(steps, int) else 0)))
    if not steps_s:
        return None, None
    return statistics.median(steps_s), statistics.median(beside_s)


def _of_plan(study: OpenStudy) -> dict[str, int | None]:
    """Return the counts that need the plan that the study was started with."""
    design_hash = study.plan.design_hash
    if study.ledger.header.get("design_hash", design_hash) != design_hash:
        return {"planned": None, "infeasible": None, "duplicates": None}
    return {
        "planned": study.trials.planned,
        "infeasible": study.trials.infeasible,
        "duplicates": study.trials.duplicates,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Counts of runs, by what would become of them."""

    planned: int
    kept: int  # have ended, here or in an earlier look, and stay as they are
    retried: int  # have failed, and would run again
    resumed: int  # were interrupted, and would go on from a checkpoint
    restarted: int  # were interrupted before they kept one
    new: int
    may_be_taken_over: (
        int  # of the new ones at most, where a search suggests again what it once did
    )
    running_elsewhere: bool  # a driver of this machine is at work on the study

    @property
    def to_run(self) -> int:
        """Return the number of runs that would be made."""
        return self.retried + self.resumed + self.restarted + self.new


def preview(study: OpenStudy, *, retry: bool = False) -> Preview:
    """Count what `ablate run` would do now; refuse what it refuses, except a changed environment.

    Suggestions of a search that turn out infeasible or repeat an arm are not known before.

    Raises:
        ConfigError, DataError, DeviceError, StoreError: As `ablate.study.driver.run`.
    """
    study.check_trainable()
    study.say_remarks()
    check_declared(study.config, study.store)
    study.check_extended()
    study.ledger.check(
        design_hash=study.plan.design_hash,
        data_hash=study.data_hash,
        keys=keys_of(study.config),
    )
    adopted = to_adopt(study.plan, study.store, data_hash=study.data_hash)
    again = study.retryable if retry else []
    there = {*study.ledger.results, *adopted}
    begun = [path for path in study.folder.glob("runs/*") if path.name not in there]
    kept = [path for path in begun if any(path.glob("checkpoint*.pt"))]
    started = [path for path in begun if path not in kept and (path / JOURNAL).exists()]
    ended, planned = len(there) - len(again), study.trials.planned
    new = max(0, planned - ended - len(again) - len(kept) - len(started))
    earlier = Earlier(study.plan, study.store, data_hash=study.data_hash)
    return Preview(
        planned=planned,
        kept=ended,
        retried=len(again),
        resumed=len(kept),
        restarted=len(started),
        new=new,
        may_be_taken_over=min(new, len(earlier.found - there)),
        running_elsewhere=is_locked(study.folder),
    )
