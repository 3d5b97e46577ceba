"""A trained network as an MLflow model: code and safetensors, no pickle."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from ablate import __version__
from ablate.training.spec import WEIGHTS

CODE = Path(__file__).with_name("network_model.py")  # copied into the model, and run when it loads
SPEC = "network.json"
IMAGES = np.dtype("uint8")
SHAPE = (-1, -1, -1)  # batch, height, width


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
