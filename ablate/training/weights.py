"""Weights of a trained network as a safetensors file: tensors and names, nothing that runs."""

from pathlib import Path

from safetensors.torch import save
from torch import nn

from ablate.errors import ConfigError, StoreError
from ablate.models.released import follows_release, read, renamed
from ablate.training.spec import WEIGHTS
from ablate.writing import replacing


def write(model: nn.Module, folder: Path) -> Path:
    """Write the weights of a network into a run's folder and return the file: whole or absent."""
    content = save({name: value.contiguous().cpu() for name, value in model.state_dict().items()})
    path = folder / WEIGHTS
    with replacing(path, is_synced=True, is_alone=True) as beside:
        beside.write_bytes(content)
    return path


def read_into(model: nn.Module, path: Path) -> None:
    """Load a file that `write` made, or one that a publication released, into a network.

    Args:
        model: Of the same settings, or of those of the original (`ablate.models.released`).
        path: A safetensors file, or one of `torch.save`.

    Raises:
        StoreError: The file is damaged, or belongs to another network.
    """
    try:
        found = read(path)
        if follows_release(model) and not set(found) & set(model.state_dict()):
            found = renamed(found, model)
        model.load_state_dict(found)
    except (ConfigError, RuntimeError) as error:
        first = str(error).split("\n", 1)[0]
        raise StoreError(f"{path}: not the weights of this network ({first})") from error
