"""The weights of a trained network as one safetensors file that says where they come from."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import nn

from ablate.errors import ConfigError
from ablate.writing import replacing


def write(
    model: nn.Module, path: Path, *, labels: Mapping[str, str], overwrites: bool = False
) -> None:
    """Write the weights and the labels as metadata; the file is whole or absent.

    Raises:
        ConfigError: The file is there.
    """
    if path.is_dir() or (path.exists() and not overwrites):
        raise ConfigError(f"{path}: exists; name another file, or say --overwrite")
    tensors = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_bytes(save(tensors, metadata=dict(labels)))
