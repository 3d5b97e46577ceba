"""What a run keeps on disk: checkpoints on its way, and the weights of the trained network."""

import hashlib
import io
import logging
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from ablate.errors import ConfigError, StoreError
from ablate.models.released import follows_release, read, renamed
from ablate.training.spec import WEIGHTS
from ablate.writing import replacing

logger = logging.getLogger(__name__)
NEWEST, BEFORE = "checkpoint.pt", "checkpoint.before.pt"
DIGEST_BYTES = 32


class LeaveError(Exception):
    """The run was asked to stop; its state is saved, and the same run goes on from there."""


class Checkpoints:
    """Writes the state of a training at most every `every_s` seconds, and finds it again.

    A file is the SHA-256 of what follows, then what torch wrote; it is loaded with `weights_only`,
    so that it cannot name code.

    Args:
        folder: The run's folder.
        key: What the state belongs to; a checkpoint with another key is not used.
        every_s: Seconds between two checkpoints.
        leave: Set when the run shall save and go.
        flush: Called before a state is written: what it counts on must be on the disk by then.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: str,
        every_s: float = 20.0,
        leave: Event | None = None,
        flush: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._flush = flush
        self._key = key
        self._every_s = every_s
        self._leave = leave
        self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the newest whole state, with its "step"; None when there is none.

        Raises:
            StoreError: A whole file holds more than tensors and numbers; it is not loaded.
        """
        for name in (NEWEST, BEFORE):
            path = self._folder / name
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            if hashlib.sha256(content[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
                logger.warning("%s: truncated or damaged; the one before it is used", path)
                continue
            state = _load(content[DIGEST_BYTES:], path)
            if state.get("key") == self._key:
                return state
        return None

    def is_due(self) -> bool:
        """Return whether the last one is old enough, or the run shall go."""
        return self._is_leaving() or time.monotonic() - self._written >= self._every_s

    def save(self, *, step: int, **state: Any) -> None:
        """Write the state after `step` steps: beside, fsync, then renamed over the newest."""
        self._flush()
        buffer = io.BytesIO()
        torch.save({"key": self._key, "step": step, **state}, buffer)
        content = buffer.getvalue()
        newest = self._folder / NEWEST
        with replacing(newest, is_synced=True, is_alone=True) as beside:
            beside.write_bytes(hashlib.sha256(content).digest() + content)
            if newest.exists():
                newest.replace(self._folder / BEFORE)
        self._written = time.monotonic()

    def raise_if_leaving(self, step: int) -> None:
        """Raise LeaveError when the run shall go; call it after `save`."""
        if self._is_leaving():
            raise LeaveError(f"left after step {step}")

    def _is_leaving(self) -> bool:
        return self._leave is not None and self._leave.is_set()


def clear(folder: Path) -> None:
    """Remove the checkpoints in the folder of a run that has ended."""
    for path in (folder / NEWEST, folder / BEFORE, *folder.glob(f".{NEWEST}.*")):
        path.unlink(missing_ok=True)


def _load(content: bytes, path: Path) -> dict[str, Any]:
    try:
        _refuse_swelling(content)
        state: dict[str, Any] = torch.load(
            io.BytesIO(content), map_location="cpu", weights_only=True
        )
        if isinstance(state, dict) and isinstance(state.get("step"), int):
            return state
        why = "has no step"
    except (
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        AttributeError,
        EOFError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        why = str(error).split("\n", 1)[0][:80]
    raise StoreError(
        f"{path}: holds more than tensors and numbers, so it is not ours ({why}); remove it, and "
        "the run starts over"
    )


def _refuse_swelling(content: bytes) -> None:
    """Raise for an archive that is larger unpacked: torch packs nothing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = [entry.file_size for entry in archive.infolist()]
        if any(e.compress_type != zipfile.ZIP_STORED for e in archive.infolist()):
            raise zipfile.BadZipFile("it is packed")
    if sum(sizes) > len(content):
        raise zipfile.BadZipFile("its parts overlap")


def write_weights(model: nn.Module, folder: Path) -> Path:
    """Write the weights of a network into a run's folder, whole or not at all; return the file.

    The format is safetensors: tensors and names, nothing that runs.
    """
    content = save({name: value.contiguous().cpu() for name, value in model.state_dict().items()})
    path = folder / WEIGHTS
    with replacing(path, is_synced=True, is_alone=True) as beside:
        beside.write_bytes(content)
    return path


def read_weights(model: nn.Module, path: Path) -> None:
    """Load a file that `write_weights` made, or one that a publication released, into a network.

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
