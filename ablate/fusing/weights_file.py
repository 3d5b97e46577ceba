"""The weights of a trained network as one safetensors file that says where they come from."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import nn

from ablate.errors import ConfigError
from ablate.writing import replacing


def check_free(path: Path, *, overwrites: bool) -> None:
    """Raise ConfigError where an output cannot be written: it is there, or its folder is none."""
    if path.is_dir() or (path.exists() and not overwrites):
        raise ConfigError(f"{path}: exists; name another file, or say --overwrite")
    above = next(one for one in path.absolute().parents if one.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise ConfigError(f"{path}: {above} is no folder that can be written to; name another one")


def write(
    model: nn.Module, path: Path, *, labels: Mapping[str, str], overwrites: bool = False
) -> None:
    """Write the weights and the labels as metadata; the file is whole or absent.

    Raises:
        ConfigError: The file is there.
    """
    check_free(path, overwrites=overwrites)
    tensors = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_bytes(save(tensors, metadata=dict(labels)))
