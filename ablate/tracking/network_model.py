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
from ablate.settings.sources import INFRARED_VISIBLE, Sources
from ablate.training.checkpoints import read_weights
from ablate.training.scoring import to_uint8


class FusionModel(PythonModel):  # type: ignore[misc]
    """Fuses arrays with a trained network, on the CPU, as `ablate fuse --grey` does files."""

    def load_context(self, context: Any) -> None:
        """Build the network and read its weights."""
        plugins.load()
        text = Path(context.artifacts["network"]).read_text(encoding="utf-8")
        content = json.loads(text)
        self._network = models.build(content["model"]).eval()
        self._sources = Sources(*content.get("sources", INFRARED_VISIBLE))
        read_weights(self._network, Path(context.artifacts["weights"]))

    def predict(self, context, model_input):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Return the fused luminance, uint8 (batch, height, width); hints would be a signature."""
        del context
        pair = {
            place: torch.from_numpy(np.array(model_input[name])).float()[:, None] / 255
            for place, name in zip(INFRARED_VISIBLE, self._sources, strict=True)
        }
        with torch.no_grad():
            fused: NDArray[np.uint8] = to_uint8(self._network(**pair).float())[:, 0].numpy()
        return fused


mlflow.models.set_model(FusionModel())
