"""What a report gives back to MLflow: itself, the verdicts as tags, and the best network."""

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mlflow import pyfunc
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import Schema, TensorSpec

from ablate import __version__
from ablate.tracking import runs
from ablate.training.spec import WEIGHTS

logger = logging.getLogger(__name__)
REPORT, MODEL = "report", "best network"
VERDICT, BEST = "ablate.verdict", "ablate.best"
RESULT = "**Result** "  # how that part of the note starts
PAGES = ("report.html", "report.md", "verdict.json")
FAULTS = (MlflowException, OSError)
CODE = Path(__file__).with_name("network_model.py")  # copied into the model, and run when it loads
SPEC = "network.json"
IMAGES = np.dtype("uint8")
SHAPE = (-1, -1, -1)  # batch, height, width


@dataclass(frozen=True, slots=True, kw_only=True)
class BestNetwork:
    """The network that is stored as the study's model."""

    run_id: str  # ours
    arm: str
    objective: float
    folder: Path  # of the run, with spec.json and the weights


def give_back(
    client: MlflowClient,
    *,
    study: str,
    report: Path,
    verdicts: Mapping[str, str],
    asked: Mapping[str, tuple[str, ...]],
    sentences: Sequence[str],
    best: BestNetwork | None,
) -> str:
    """Store all of it and return "", or the reason why the store took none or not all of it.

    Doing it again changes nothing: files are replaced, tags set to what they are, and the model is
    stored once per run that it is of.

    Args:
        client: The store.
        study: Name of the study.
        report: Folder of the report.
        verdicts: Question -> verdict.
        asked: Question -> ids of the arms that it compares.
        sentences: The result in words, for the note of the study.
        best: The network to store, None where the study has none.
    """
    try:
        experiment = client.get_experiment_by_name(study)
        every = list(runs.every(client, experiment.experiment_id)) if experiment else []
        root = next((run for run in every if run.data.tags.get(runs.KEY) == "study"), None)
        if root is None:
            return "it holds no such study"
        for page in PAGES:
            if (report / page).exists():
                client.log_artifact(root.info.run_id, str(report / page), REPORT)
        _note(client, root, sentences)
        _tag(client, every, verdicts, asked)
        if best is not None:
            _store(client, root, every, best)
    except FAULTS as error:
        return str(error).split("\n", 1)[0][:200]
    return ""


def _note(client: MlflowClient, root: Run, sentences: Sequence[str]) -> None:
    """Write the result and a link to the page below what the study's note says of its design."""
    before = root.data.tags.get(runs.NOTE, "")
    page = f"#/experiments/{root.info.experiment_id}/runs/{root.info.run_id}/artifacts/{REPORT}"
    lines = [f"{RESULT}[report]({page}/{PAGES[0]})", *(f"- {text}" for text in sentences)]
    text = "\n".join([before.partition(RESULT)[0].rstrip() + "\n", *lines])
    if text != before:
        client.set_tag(root.info.run_id, runs.NOTE, text)


def _tag(
    client: MlflowClient,
    every: list[Run],
    verdicts: Mapping[str, str],
    asked: Mapping[str, tuple[str, ...]],
) -> None:
    """Tag the study, and the trials and blocks of the arms of a question, with its verdict."""
    for run in every:
        kind, arm = run.data.tags.get(runs.KIND), run.data.tags.get("ablate.arm")
        claims = "ablate.block" in run.data.tags
        mine = {
            name: verdict
            for name, verdict in verdicts.items()
            if kind == "study" or (claims and kind == "block" and arm in asked.get(name, ()))
        }
        tags = {f"{VERDICT}.{name}": verdict for name, verdict in mine.items()}
        if mine:
            tags[VERDICT] = "; ".join(
                f"{name}: {verdict}" if len(verdicts) > 1 else verdict
                for name, verdict in mine.items()
            )
        new = {name: text for name, text in tags.items() if run.data.tags.get(name) != text}
        if new:
            client.log_batch(run.info.run_id, tags=[RunTag(k, v) for k, v in new.items()])


def _store(client: MlflowClient, root: Run, every: list[Run], best: BestNetwork) -> None:
    """Store the network as a model of its run, unless it is there already."""
    source = next((r for r in every if r.data.tags.get(runs.KEY) == f"run/{best.run_id}"), None)
    if source is None or root.data.tags.get(BEST, "").startswith(f"{best.run_id} "):
        return
    model = client.create_logged_model(
        root.info.experiment_id,
        name=MODEL.replace(" ", "-"),
        source_run_id=source.info.run_id,
        tags={"ablate.run_id": best.run_id, "ablate.arm": best.arm},
        model_type="fusion network",
    )
    with tempfile.TemporaryDirectory(prefix="ablate-") as place:
        folder = Path(place) / "model"
        save_network(best.folder, folder, model_id=model.model_id, mlflow_run_id=source.info.run_id)
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    for run in (source, root):
        client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, step=0)])
    client.set_tag(source.info.run_id, BEST, "the best network of the study")
    client.set_tag(root.info.run_id, BEST, f"{best.run_id} ({best.arm}): models:/{model.model_id}")


def save_network(run_folder: Path, out: Path, *, model_id: str, mlflow_run_id: str) -> None:
    """Write the network of a run as an MLflow model.

    It takes {"infrared": ..., "visible": ...}, uint8 arrays of shape (batch, height, width), the
    visible one its luminance, and returns the fused luminance as such an array.

    Args:
        run_folder: With spec.json and the weights.
        out: The folder to make.
        model_id: Of the model in MLflow.
        mlflow_run_id: Of the run that trained it.
    """
    spec = json.loads((run_folder / "spec.json").read_text(encoding="utf-8"))
    parts = out.parent / "parts"
    parts.mkdir()
    text = json.dumps({"run": spec["run_id"], "model": spec["settings"]["model"]})
    (parts / SPEC).write_text(text, encoding="utf-8")
    shutil.copyfile(run_folder / WEIGHTS, parts / WEIGHTS)
    pair = Schema([TensorSpec(IMAGES, SHAPE, name) for name in ("infrared", "visible")])
    fused = Schema([TensorSpec(IMAGES, SHAPE)])
    # it would like type hints and an input example; it sets filters of its own, so they are kept
    with warnings.catch_warnings(record=True, action="ignore"):
        pyfunc.save_model(
            path=str(out),
            python_model=str(CODE),
            artifacts={"network": str(parts / SPEC), "weights": str(parts / WEIGHTS)},
            signature=ModelSignature(inputs=pair, outputs=fused),
            pip_requirements=[f"ablate=={__version__}"],
            mlflow_model=Model(model_id=model_id, run_id=mlflow_run_id),
        )
