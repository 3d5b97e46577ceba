"""The weights that a training starts from: drawn from its seed, or read from a file."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from ablate.errors import ConfigError
from ablate.homes import expanded
from ablate.models.contract import FusionNetwork
from ablate.training.checkpoints import read_weights
from ablate.training.spec import WEIGHTS

OF_A_RUN: Final = "run:"  # before the id of a run of the same store


def initialise(
    model: nn.Module, *, seed: int, scheme: str = "torch", last_layer: str = "drawn"
) -> None:
    """Draw the weights of convolutions and linear layers from a generator of their own.

    Modules that were handed to `ablate.models.contract.keep` stay as they are.

    Args:
        model: Changed in place.
        seed: Of the generator.
        scheme: "torch" (Kaiming uniform with torch's gain, biases uniform) or "he" (Kaiming normal
            for ReLU, biases 0).
        last_layer: "drawn", or "zero": the layer that makes the predicted map starts at 0.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if not isinstance(module, nn.Conv2d | nn.Linear) or getattr(module, "keeps_weights", False):
            continue
        if scheme == "he":
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        else:
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
        if module.bias is not None:
            bound = 0.0 if scheme == "he" else 1 / math.sqrt(module.weight[0].numel())
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    if last_layer == "zero" and isinstance(model, FusionNetwork):
        last = model.last_layer()
        nn.init.zeros_(last.weight)
        if last.bias is not None:
            nn.init.zeros_(last.bias)


def start(
    model: nn.Module, *, seed: int, settings: Mapping[str, Any], initial: str | None, folder: Path
) -> None:
    """Give a network the weights that its training starts from.

    Args:
        model: Changed in place.
        seed: Of the drawn weights.
        settings: The section `model`.
        initial: `train.initial_weights`; None draws them.
        folder: Of the run: where the other runs of its store are found from.

    Raises:
        ConfigError: The file is not there.
        StoreError: It holds the weights of another network.
    """
    initialise(
        model,
        seed=seed,
        scheme=settings.get("initialisation", "torch"),
        last_layer=settings.get("last_layer", "drawn"),
    )
    if initial is not None:
        read_weights(model, weights_file(initial, store=folder.parents[2]))


def weights_file(initial: str, *, store: Path) -> Path:
    """Return the safetensors file that `train.initial_weights` names.

    Args:
        initial: A file, the folder of a run, or run:ID.
        store: Searched for the run of that ID.

    Raises:
        ConfigError: There is no such file, or several runs begin like that ID.
    """
    where = "train.initial_weights"
    if not initial.startswith(OF_A_RUN):
        path = expanded(initial)
        path = path / WEIGHTS if path.is_dir() else path
        if not path.is_file():
            raise ConfigError(
                f"{where}: {initial}: no such file; name a safetensors file, the folder of a run "
                "that was scored on test, or run:ID"
            )
        return path
    run = initial.removeprefix(OF_A_RUN)
    found = sorted(store.glob(f"*/runs/{run}*/{WEIGHTS}"))
    if len(found) != 1:
        raise ConfigError(
            f"{where}: {initial}: {len(found)} runs of {store} with kept weights begin so; name "
            "one run that was scored on test by its whole id"
        )
    return found[0]
