"""Weights of a trained network as a safetensors file: tensors and names, nothing that runs."""

import os
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from ablate.errors import StoreError
from ablate.training.spec import WEIGHTS


def write(model: nn.Module, folder: Path) -> Path:
    """Write the weights of a network into a run's folder and return the file: whole or absent."""
    content = save({name: value.contiguous().cpu() for name, value in model.state_dict().items()})
    path, beside = folder / WEIGHTS, folder / f".{WEIGHTS}.new"
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return path


def read_into(model: nn.Module, path: Path) -> None:
    """Load a file that `write` made into a network of the same settings.

    Raises:
        StoreError: The file is damaged, or belongs to another network.
    """
    try:
        model.load_state_dict(load(path.read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        first = str(error).split("\n", 1)[0]
        raise StoreError(f"{path}: not the weights of this network ({first})") from error
