"""The runs of a study in MLflow, for comparison with its ledger."""

from dataclasses import dataclass

from mlflow.tracking import MlflowClient

from ablate.tracking import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One active MLflow run of the study."""

    key: str  # "study", "run/ID", "trial/PHASE/NUMBER" or "block/PHASE/ARM/NUMBER"
    run_id: str
    status: str
    state: str
    started_ms: int
    final: dict[str, float]  # metrics under "final/", without the prefix
    last: dict[str, int]  # metric -> the last step that is held of it


def held(client: MlflowClient, *, study: str) -> list[Row]:
    """Every active run of the study, oldest first; empty where MLflow has no such study."""
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        return []
    found = [
        Row(
            key=run.data.tags.get(runs.KEY, ""),
            run_id=run.info.run_id,
            status=run.info.status,
            state=run.data.tags.get("ablate.state", ""),
            started_ms=int(run.info.start_time or 0),
            final={
                name.removeprefix("final/"): value
                for name, value in run.data.metrics.items()
                if name.startswith("final/")
            },
            last=runs.last_steps(run),
        )
        for run in runs.every(client, experiment.experiment_id)
    ]
    return sorted(found, key=lambda row: (row.started_ms, row.run_id))


def forget(client: MlflowClient, run_ids: list[str]) -> None:
    """Delete runs; MLflow keeps deleted runs aside until `mlflow gc`."""
    for run_id in run_ids:
        client.delete_run(run_id)
