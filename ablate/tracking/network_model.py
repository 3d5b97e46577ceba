"""Run by MLflow when the network of a study is loaded; `networks` copies it into the model."""

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import torch
from mlflow.pyfunc import PythonModel
from numpy.typing import NDArray

from ablate import models, plugins
from ablate.training.checkpoints import read_weights
from ablate.training.scoring import to_uint8


class FusionModel(PythonModel):  # type: ignore[misc]
    """Fuses arrays with a trained network, on the CPU, as `ablate fuse --grey` does files."""

    def load_context(self, context: Any) -> None:
        """Build the network and read its weights."""
        plugins.load()
        text = Path(context.artifacts["network"]).read_text(encoding="utf-8")
        self._network = models.build(json.loads(text)["model"]).eval()
        read_weights(self._network, Path(context.artifacts["weights"]))

    def predict(self, context, model_input):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Return the fused luminance, uint8 (batch, height, width); hints would be a signature."""
        del context
        pair = {
            name: torch.from_numpy(np.array(model_input[name])).float()[:, None] / 255
            for name in ("infrared", "visible")
        }
        with torch.no_grad():
            fused: NDArray[np.uint8] = to_uint8(self._network(**pair).float())[:, 0].numpy()
        return fused


mlflow.models.set_model(FusionModel())
