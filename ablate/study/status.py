"""How far a study is, read from its ledger and its stores; writes nothing."""

import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ablate.config.schema import StudyConfig
from ablate.execution.worker import JOURNAL
from ablate.search.store import default_url
from ablate.study.at_work import open_run
from ablate.study.drift import strata
from ablate.study.ledger import Ledger
from ablate.study.objectives import directions_of
from ablate.study.plan import Plan, make
from ablate.study.possession import at_work
from ablate.study.store import check_version
from ablate.study.trials import Trials
from ablate.tracking.address import public, tracking_uri


def started_with(folder: Path) -> list[str]:
    """Return the overrides that the study in this folder was started with."""
    return list(Ledger(folder).header.get("overrides", ()))


def status(config: StudyConfig, *, store: Path) -> dict[str, Any]:
    """Return the counts and addresses that `ablate status --json` prints.

    Where the store holds the study with another design, what only the plan tells is None.
    """
    check_version(store)
    plan = make(config)
    folder = store / config.name
    ledger = Ledger(folder)
    working = at_work(folder)
    paces = _paces(ledger)
    begun = {path.parent.name for path in folder.glob(f"runs/*/{JOURNAL}")} - set(ledger.results)
    return {
        "study": config.name,
        "unit": "runs",
        **_of_plan(plan, ledger),
        **ledger.counts(),
        "running": len(working),
        "at_work": [_of_run(folder / "runs" / run, *paces) for run in working],
        "interrupted": len(begun - set(working)),
        "reasons": {
            run: result.reason for run, result in ledger.results.items() if result.state == "failed"
        },
        "optuna": {
            "storage": public(config.store.get("optuna") or default_url(store)),
            "study_name": config.name,
        },
        "mlflow": {
            "tracking_uri": public(config.store.get("mlflow") or tracking_uri(store)),
            "experiment": config.name,
            "study_run_id": ledger.study_run_id(),
        },
        "design_hash": plan.design_hash,
        "started_as": ledger.header.get("design_hash"),
        "data_hash": ledger.header.get("data_hash"),
        "strata": [asdict(one) for one in strata(ledger)],
    }


def _of_run(folder: Path, per_step: float | None, beside_s: float | None) -> dict[str, Any]:
    """Return how far the run in a folder is; what is not known yet is None."""
    found = open_run(folder)
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


def _of_plan(plan: Plan, ledger: Ledger) -> dict[str, int | None]:
    """Return the counts that need the plan that the study was started with."""
    if ledger.header.get("design_hash", plan.design_hash) != plan.design_hash:
        return {"planned": None, "infeasible": None, "duplicates": None}
    trials = Trials(plan, ledger, direction=directions_of(plan.config)[0])
    return {
        "planned": trials.planned,
        "infeasible": trials.infeasible,
        "duplicates": trials.duplicates,
    }
