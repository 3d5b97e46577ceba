"""What metrics compute of the sources alone, kept for a store in memory-mapped files."""

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from ablate.metrics.catalogue import is_packaged
from ablate.metrics.contract import Memory
from ablate.metrics.protocol import protocol_hash
from ablate.writing import replacing

logger = logging.getLogger(__name__)
VERSION: Final = 3  # of the parts that metrics keep; another number forgets what lies there
LIMIT_MIB: Final = 2048  # a pair of 640x480 takes 4.1 MiB in float64, half of that in float32
CHECKSUM: Final = "sha256"  # in the header of a file
Part = TypeVar("Part")


class SourceStatistics:
    """Memories of many pairs of sources, shared by all processes that name one folder.

    A file holds the compact parts that one metric computed of one pair (`GreyImages.of_sources`).
    Its name has the contents of both images, the protocol, the type and the version, so that
    nothing in it can be out of date, and it carries a checksum, which each process verifies once; a
    damaged file is computed anew. What plug-in metrics compute is kept in memory alone. Files
    are mapped: their pages are the operating system's to drop. A full folder takes no more, what
    lies there stays until `ablate gc`.

    Args:
        folder: Made when absent. One that cannot be written is not used.
        limit_mib: Size of the folder from which on nothing is added.
    """

    def __init__(self, folder: Path, *, limit_mib: int = LIMIT_MIB) -> None:
        self._folder = folder
        self._limit = limit_mib * 2**20
        self._known: dict[str, tuple[tuple[Tensor, ...], ...]] = {}
        self._room = 0  # bytes that may be written before the folder is measured again

    def of(
        self,
        infrared: Tensor,
        visible: Tensor,
        *,
        protocol: str,
        dtype: torch.dtype,
        holds_maps: bool = False,
    ) -> Memory:
        """Return the memory of a pair.

        Args:
            infrared: uint8, on the CPU.
            visible: Same shape.
            protocol: Name of a registered protocol.
            dtype: In which metrics compute.
            holds_maps: As for `Memory`.
        """
        conventions = protocol_hash(protocol, dtype=str(dtype).removeprefix("torch."))
        key = hashlib.sha256(f"{VERSION} {conventions} {tuple(infrared.shape)}".encode())
        for image in (infrared, visible):
            key.update(image.contiguous().numpy().data)
        return _Kept(self, key.hexdigest()[:32], holds_maps=holds_maps)

    def read(self, name: str) -> tuple[tuple[Tensor, ...], ...] | None:
        """Return the parts in a file, None where there is none or a broken one."""
        if name not in self._known:
            try:
                found = _whole(self._folder / name)
                self._known[name] = tuple(
                    tuple(found[f"{side}.{part}"] for part in range(len(found) // 2))
                    for side in (0, 1)
                )
            except (OSError, SafetensorError, KeyError):
                return None
        return self._known[name]

    def write(self, name: str, parts: tuple[tuple[Tensor, ...], ...]) -> None:
        """Write the parts to a file, whole or not at all, where there is room."""
        named = {
            f"{side}.{part}": tensor.contiguous()
            for side, tensors in enumerate(parts)
            for part, tensor in enumerate(tensors)
        }
        needed = sum(tensor.nbytes for tensor in named.values())
        if needed > self._room:
            self._room = min(self._limit // 16, self._limit - self._used())
        if needed > self._room:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._folder / name) as beside:
                beside.write_bytes(save(named, metadata={CHECKSUM: _checksum(named)}))
        except OSError:
            self._limit = 0  # full or read-only: compute what is not there
        self._room -= needed

    def _used(self) -> int:
        with contextlib.suppress(OSError), os.scandir(self._folder) as files:
            return sum(file.stat().st_size for file in files)
        return 0


class _Kept(Memory):
    """The memory of one pair; compact parts are tuples of tensors and lie in files."""

    def __init__(self, statistics: SourceStatistics, key: str, *, holds_maps: bool) -> None:
        super().__init__(holds_maps=holds_maps)
        self._statistics, self._key = statistics, key

    def recall(self, key: Hashable, make: Callable[[], Part], *, is_compact: bool = False) -> Part:
        # a plug-in's code may change where the version stays
        if not is_compact or not is_packaged(key):
            return super().recall(key, make)
        name = f"{self._key}-{key}.safetensors"
        found = self._statistics.read(name)
        if found is not None:
            return found  # type: ignore[return-value]  # what `make` returned in some process
        parts = super().recall(key, make)
        if _are_plain(parts):
            self._statistics.write(name, parts)  # type: ignore[arg-type]
        return parts


def _whole(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, mapped.

    Raises:
        OSError, SafetensorError: There is none, or it does not hold what was written.
    """
    found = load_file(path)
    with safe_open(path, framework="pt") as file:
        expected = (file.metadata() or {}).get(CHECKSUM)
    if expected != _checksum(found):
        logger.warning("%s: damaged; it is computed anew", path)
        raise SafetensorError("another checksum")
    return found


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    made_of = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        made_of.update(f"{name} {tuple(tensor.shape)} {tensor.dtype};".encode())
        made_of.update(tensor.contiguous().numpy().data)
    return made_of.hexdigest()


def _are_plain(parts: object) -> bool:
    return isinstance(parts, tuple) and all(
        isinstance(side, tuple) and all(isinstance(part, Tensor) for part in side) for side in parts
    )
