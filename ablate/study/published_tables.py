"""The tables that a study publishes: one row per run, image, or point of a curve."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ablate.execution.run_folder import image_rows
from ablate.study import environments
from ablate.study.ledger import Ledger
from ablate.study.planned import PlannedTrial
from ablate.tracking.journal import read_journal
from ablate.tracking.system import PREFIX
from ablate.training.scoring import Row
from ablate.training.spec import JOURNAL, RunResult

RUN_COLUMNS = (
    "run_id",
    "arm_id",
    "arm",
    "recipe_id",
    "phase",
    "trial",
    "seed",
    "block",
    "point",
    "split_seed",
    "dummy",
    "state",
    "reason",
    "health",
)


def run_table(
    trials: list[PlannedTrial], ledger: Ledger, results: Mapping[str, RunResult] | None = None
) -> pd.DataFrame:
    """Return one row per run; a factor that is not active is missing.

    `results` are those of the ledger with what their weights score on further test sets, those of
    the ledger alone where absent.

    There is a column "stratum" only where runs were made in several environments, and a column
    budget only where a phase is run at several: the multiple of train.steps, missing elsewhere.
    """
    results = ledger.results if results is None else results
    rows = []
    has_budgets = any(trial.budget is not None for trial in trials)
    is_drifted = len(environments.of_results(ledger)) > 1
    for trial in trials:
        for spec in trial.runs:
            result = results.get(spec.run_id)
            if result is None or trial.violations:
                continue
            kept = {
                key: value for key, value in result.facts.items() if isinstance(value, int | float)
            }
            rows.append(
                {
                    "run_id": spec.run_id,
                    "arm_id": trial.arm_id,
                    "arm": trial.name,
                    "recipe_id": trial.recipe_id,
                    "phase": trial.phase,
                    "trial": trial.number,
                    "seed": spec.seed,
                    "block": trial.block,
                    "point": trial.point,
                    "split_seed": trial.split_seed,
                    "dummy": trial.dummy,
                    "state": result.state,
                    "reason": result.reason,
                    "health": result.known_health,
                    **({"budget": trial.budget} if has_budgets else {}),
                    **({"stratum": result.facts.get("stratum", "")} if is_drifted else {}),
                    **{f"factor.{name}": str(value) for name, value in trial.factors.items()},
                    **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
                    **result.metrics,
                    **{f"facts.{k}": float(v) for k, v in kept.items()},
                }
            )
    columns = None if rows else list(RUN_COLUMNS)  # no suggestion of a search could be run
    return pd.DataFrame(rows, columns=columns).drop_duplicates("run_id")


def image_table(
    trials: list[PlannedTrial], ledger: Ledger, results: Mapping[str, RunResult]
) -> pd.DataFrame:
    """Return one row per run, split, image and metric; `results` as of `run_table`."""
    rows = [
        (run_id, *row)
        for run_id in _run_ids(trials)
        if run_id in results
        for row in (*image_rows(ledger.run_folder(run_id)), *results[run_id].images)
    ]
    return pd.DataFrame(rows, columns=["run_id", "split", "image", "metric", "value"])


def compared_table(rows: Mapping[str, Sequence[Row]]) -> pd.DataFrame:
    """Return one row per name, split, image and metric of what stands beside the arms."""
    listed = [(name, *row) for name, some in rows.items() for row in some]
    return pd.DataFrame(listed, columns=["name", "split", "image", "metric", "value"])


def curve_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run, key and step."""
    rows = []
    for run_id in _run_ids(trials):
        for _, event in read_journal(ledger.run_folder(run_id) / JOURNAL):
            if event["kind"] == "metrics":
                step = event["step"]
                rows += [
                    (run_id, key, step, float(value))
                    for key, value in event["values"].items()
                    if not key.startswith(PREFIX)  # of the machine, not of the run
                ]
    return pd.DataFrame(rows, columns=["run_id", "key", "step", "value"])


def _run_ids(trials: list[PlannedTrial]) -> list[str]:
    ids = [spec.run_id for trial in trials if not trial.violations for spec in trial.runs]
    return list(dict.fromkeys(ids))
