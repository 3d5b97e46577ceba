"""Decoded pairs in memory-mapped files, shared by every process of a store."""

import contextlib
import hashlib
import io
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ablate.data.pairs import Pair, PairSet
from ablate.writing import replacing

logger = logging.getLogger(__name__)
VERSION: Final = 3  # of what decoding makes of a file; another number decodes anew
DIGEST_BYTES: Final = 32  # at the end of a file: the SHA-256 of what stands before


def cached(pairs: PairSet, folder: Path) -> PairSet:
    """Return the same pairs, each file decoded once for all processes that name this folder.

    One file per pair, both images as uint8, in a folder named by the hash of the manifest, which
    has the hash of every file: nothing in it can be out of date. A file appears whole and carries
    its checksum, which each process verifies once; a damaged one is made anew. Processes that meet
    write the same. Where nothing can be written, every process decodes for itself.
    Generated pairs are made by every process.

    Args:
        pairs: Read as before where colour is asked for.
        folder: Made when absent.
    """
    place = folder / "pairs" / f"{pairs.manifest.hash}-{VERSION}"

    def mapped(stem: str) -> Pair:
        path = place / f"{hashlib.sha256(stem.encode()).hexdigest()[:32]}.npy"
        images = _map(path)
        if images is None:
            pair = pairs.read(stem)
            _write(path, np.stack([pair.infrared, pair.visible]))
            images = _map(path)
            if images is None:
                return Pair(stem=stem, infrared=pair.infrared, visible=pair.visible)
        return Pair(stem=stem, infrared=images[0], visible=images[1])

    def generated(stem: str) -> Pair:
        return replace(pairs.read(stem), chroma=None)

    return pairs.kept_in(folder, read=mapped if pairs.files else generated)


def _map(path: Path) -> NDArray[np.uint8] | None:
    """Return both images as a read-only map, None where there is no whole file."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[:-DIGEST_BYTES]).digest() != content[-DIGEST_BYTES:]:
            logger.warning("%s: damaged; the pair is decoded anew", path)
            return None
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[0] != 2:
        return None
    return np.asarray(found)


def _write(path: Path, images: NDArray[np.uint8]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = io.BytesIO()
        np.save(made, images)
        content = made.getvalue()
        with replacing(path) as beside:
            beside.write_bytes(content + hashlib.sha256(content).digest())
