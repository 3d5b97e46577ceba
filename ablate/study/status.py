"""How far a study is, read from its ledger and its stores; writes nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ablate.config.schema import StudyConfig
from ablate.search.store import default_url
from ablate.study.drift import strata
from ablate.study.ledger import Ledger
from ablate.study.objectives import directions_of
from ablate.study.plan import make
from ablate.study.possession import is_possessed
from ablate.study.store import check_version
from ablate.study.trials import Trials
from ablate.tracking.address import public, tracking_uri


def started_with(folder: Path) -> list[str]:
    """Return the overrides that the study in this folder was started with."""
    return list(Ledger(folder).header.get("overrides", ()))


def status(config: StudyConfig, *, store: Path) -> dict[str, Any]:
    """Return the counts and addresses that `ablate status --json` prints."""
    check_version(store)
    plan = make(config)
    folder = store / config.name
    ledger = Ledger(folder)
    trials = Trials(plan, ledger, direction=directions_of(config)[0])
    counts = ledger.counts()
    begun = {path.name for path in (folder / "runs").glob("*")} - set(ledger.results)
    alive = is_possessed(folder)
    return {
        "study": config.name,
        "unit": "runs",
        "planned": trials.planned,
        **counts,
        "running": len(begun) if alive else 0,
        "interrupted": 0 if alive else len(begun),
        "infeasible": sum(bool(trial.violations) for trial in trials.known.values()),
        "duplicates": len(trials.twin_of),
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
