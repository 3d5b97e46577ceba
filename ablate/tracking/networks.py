"""Kept networks as models of MLflow: settings, scores by data set, and the alias of the best."""

import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate import __version__
from ablate.tracking import runs
from ablate.training.spec import WEIGHTS, RunSpec

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

CODE: Final = Path(__file__).with_name("network_model.py")  # copied in, and run when it loads
SPEC: Final = "network.json"
IMAGES: Final = np.dtype("uint8")
SHAPE: Final = (-1, -1, -1)  # batch, height, width
KIND: Final = "fusion network"
ALIAS: Final = "best"
VERSIONS: Final = "mlflow.modelVersions"  # by which the list of models links the registry
FORBIDDEN: Final = re.compile(r"[^\w\- ]+")  # in the name of a model
THERE: Final = "RESOURCE_ALREADY_EXISTS"


class Networks:
    """The models of an experiment; each run has at most one, however often it is sent.

    Args:
        client: Of the store.
        experiment: Its id.
    """

    def __init__(self, client: MlflowClient, experiment: str) -> None:
        self._client, self._experiment = client, experiment
        self._ready: dict[str, str] = {}  # run -> its model that is whole
        self._begun: dict[str, LoggedModel] = {}
        self._look()

    def keep(self, spec: RunSpec, folder: Path, *, run_id: str, may_be_there: bool) -> str:
        """Store the network of a run as a model and return its id.

        Args:
            spec: Of the run.
            folder: With its spec.json and weights.
            run_id: Of the MLflow run.
            may_be_there: Ask the store again: an answer may have been lost.
        """
        if may_be_there:
            self._look()
        if run_id in self._ready:
            return self._ready[run_id]
        model = self._begun.get(run_id)
        if model is None:
            model = self._client.create_logged_model(
                self._experiment,
                name=FORBIDDEN.sub("", runs.trial_name(spec))[:200],
                source_run_id=run_id,
                tags={"ablate.run_id": spec.run_id, "ablate.arm": spec.arm_id},
                params=runs.parameters(spec),
                model_type=KIND,
            )
            self._begun[run_id] = model
        with tempfile.TemporaryDirectory(prefix="ablate-") as place:
            save(folder, Path(place) / "m", model_id=model.model_id, mlflow_run_id=run_id)
            self._client.log_model_artifacts(model.model_id, str(Path(place) / "m"))
        named = self._client.get_run(run_id).outputs  # which a store takes once
        if named is None or not named.model_outputs:
            self._client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        self._client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self._know(model, is_ready=True)
        return self._ready[run_id]

    def _look(self) -> None:
        for model in _every(self._client, self._experiment):
            self._know(model, is_ready=model.status == LoggedModelStatus.READY)

    def _know(self, model: "LoggedModel", *, is_ready: bool) -> None:
        """Remember a model; of one that is whole its id alone, since there is one per run."""
        run_id = str(model.source_run_id)
        if is_ready:
            self._begun.pop(run_id, None)
            self._ready[run_id] = str(model.model_id)
        else:
            self._begun[run_id] = model


def _every(client: MlflowClient, experiment: str) -> "Iterator[LoggedModel]":
    token = None
    while True:
        page = client.search_logged_models([experiment], page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def of_run(client: MlflowClient, experiment: str, run_id: str) -> "LoggedModel | None":
    """Return the model of an MLflow run."""
    found = client.search_logged_models([experiment], filter_string=f"source_run_id = '{run_id}'")
    return next(iter(found), None)


def name_best(client: MlflowClient, model: "LoggedModel", *, study: str) -> None:
    """Give a model the alias `best` among the registered models of its study.

    A store without a registry has no aliases; the tag on its run stands there all the same.
    """
    try:
        client.create_registered_model(study)
    except MlflowException as error:
        if error.error_code != THERE:
            return
    found = client.search_model_versions(f"name = '{study}'")
    version = next((one for one in found if one.run_id == model.source_run_id), None)
    if version is None:
        version = client.create_model_version(
            study,
            source=model.artifact_location,
            run_id=model.source_run_id,
            model_id=model.model_id,
        )
    client.set_registered_model_alias(study, ALIAS, version.version)
    shown = [{"name": study, "version": int(version.version)}]
    client.set_logged_model_tags(model.model_id, {VERSIONS: json.dumps(shown)})


def save(run_folder: Path, out: Path, *, model_id: str, mlflow_run_id: str) -> None:
    """Write the network of a run as an MLflow model.

    It takes {"infrared": ..., "visible": ...}, or the sources as the data set calls them, uint8
    arrays of shape (batch, height, width), colour images their luminance, and returns the fused
    luminance as such an array.

    Args:
        run_folder: With spec.json and the weights.
        out: The folder to make.
        model_id: Of the model in MLflow.
        mlflow_run_id: Of the run that trained it.
    """
    from mlflow import pyfunc  # takes seconds
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    spec = RunSpec.from_json(json.loads((run_folder / "spec.json").read_text(encoding="utf-8")))
    parts = out.parent / "parts"
    parts.mkdir()
    more = {} if spec.sources.are_usual else {"sources": spec.sources}
    text = json.dumps({"run": spec.run_id, "model": spec.in_places["model"], **more})
    (parts / SPEC).write_text(text, encoding="utf-8")
    shutil.copyfile(run_folder / WEIGHTS, parts / WEIGHTS)
    pair = Schema([TensorSpec(IMAGES, SHAPE, name) for name in spec.sources])
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
