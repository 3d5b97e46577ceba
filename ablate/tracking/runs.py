"""Names, tags and statuses of the MLflow runs: study > trial > run."""

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ablate.training.spec import LOST, RunResult, RunSpec

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

STATUS = {
    "finished": "FINISHED",
    "pruned": "KILLED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}
KIND, STUDY, KEY = "ablate.kind", "ablate.study", "ablate.key"
NAME, PARENT, NOTE = "mlflow.runName", "mlflow.parentRunId", "mlflow.note.content"
EXPERIMENT = "{experiment}"  # in a note: becomes the id of the study's experiment
ALLOWED = frozenset(string.ascii_letters + string.digits + "_-. :/")
MARK = {"pruned": "✂ pruned · ", "failed": "failed · ", "interrupted": "interrupted · "}


def every(client: "MlflowClient", experiment_id: str) -> "Iterator[Run]":
    """Yield every active run of an experiment, page by page."""
    token = None
    while True:
        page = client.search_runs([experiment_id], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def last_steps(run: "Run") -> dict[str, int]:
    """Return metric -> the last step that MLflow holds of it."""
    return {one.key: int(one.step) for one in run.data.to_proto().metrics}


def spec_tags(spec: RunSpec, *, kind: str) -> dict[str, str]:
    """Return the tags by which a run is found, filtered and grouped in the UI."""
    tags = {
        KIND: kind,
        STUDY: spec.study,
        KEY: key(spec, kind=kind),
        "ablate.phase": spec.phase,
        "ablate.arm": spec.arm_id,
        "ablate.trial": str(spec.trial),
        "ablate.question": ",".join(spec.questions) or "none",
        **factor_parameters(spec),
    }
    if spec.block is not None:
        tags["ablate.block"] = str(spec.block)
    if spec.budget is not None:
        tags["ablate.budget"] = f"{spec.budget:g}"
    if kind == "trial-parent":
        return {**tags, KIND: "trial" if spec.block is None else "block"}
    if spec.point is not None:
        tags["ablate.point"] = str(spec.point)
    nuisance = {f"nuisance.{name}": str(value) for name, value in spec.nuisance.items()}
    return {**tags, **nuisance, "ablate.run_id": spec.run_id, "ablate.seed": str(spec.seed)}


def key(spec: RunSpec, *, kind: str) -> str:
    """The key by which a run is looked up before it is created."""
    if kind != "trial-parent":
        return f"run/{spec.run_id}"
    if spec.block is not None:
        return f"block/{spec.phase}/{spec.arm_id}/{spec.block}"
    return f"trial/{spec.phase}/{spec.trial}"


def trial_name(spec: RunSpec) -> str:
    """Return the name of a trial, for example "t003 signed · ratio 0.5".

    The tuning points of an arm in a block have a parent of their own: "signed · ratio 0.5 · b2".
    """
    if spec.block is not None:
        return spec.name.rpartition(" · p")[0] or spec.name
    return f"t{spec.trial:03d} {spec.name.rpartition(' · s')[0] or spec.name}"


def result_tags(result: RunResult) -> dict[str, str]:
    """Return how the run ended, in tags."""
    tags: dict[str, str] = {"ablate.state": result.state}
    if result.reason:
        tags["ablate.reason"] = result.reason[:5000]
    if result.health:
        tags["ablate.health"] = result.health
    lost = {f"ablate.{name}": str(result.facts[name]) for name in LOST if name in result.facts}
    return {**tags, **lost}


def health_tags(results: Sequence[RunResult]) -> dict[str, str]:
    """Return the state of the fused images of several runs: "healthy", or "healthy, flat"."""
    found = dict.fromkeys(result.health for result in results if result.health)
    return {"ablate.health": ", ".join(found)} if found else {}


def parameters(spec: RunSpec) -> dict[str, str]:
    """Return the settings that were in force, flat, the values of the factors, and the seed."""
    settings = {metric_name(name): str(value)[:6000] for name, value in _flat(spec.settings)}
    return settings | factor_parameters(spec) | {"seed": str(spec.seed)}


def factor_parameters(spec: RunSpec) -> dict[str, str]:
    """Return the values of the factors, which trials and runs can be plotted and grouped by."""
    return {f"factor.{name}": str(value)[:6000] for name, value in spec.factors.items()}


def metric_name(name: str) -> str:
    """Return a name that MLflow takes: other letters become underscores."""
    return "".join(letter if letter in ALLOWED else "_" for letter in name)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value
