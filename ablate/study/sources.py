"""Small pictures of the sources that a run fused, for the table of MLflow's evaluation view."""

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ablate.data.items import Examples
from ablate.data.pairs import Pair, PairSet
from ablate.identity import derive_seed
from ablate.tracking.pictures import SMALL_PX
from ablate.training.probing import crop
from ablate.training.spec import RunSpec


class Sources:
    """Makes them once per study; a crop, which the probe fuses, once per run.

    Args:
        examples: Of the study; no pairs have no pictures.
    """

    def __init__(self, examples: Examples) -> None:
        self._pairs = examples if isinstance(examples, PairSet) else None
        self._whole: dict[str, dict[str, bytes]] = {}

    def of(self, spec: RunSpec, names: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Return image -> name of a source -> WebP."""
        is_probe = spec.settings["model"]["name"] == "probe" if "model" in spec.settings else False
        return {
            name: self._cropped(spec, name) if is_probe else self._of_whole(name)
            for name in (names if self._pairs else ())
        }

    def _of_whole(self, name: str) -> dict[str, bytes]:
        assert self._pairs is not None
        if name not in self._whole:
            self._whole[name] = self._pictures(self._pairs.read(name))
        return self._whole[name]

    def _cropped(self, spec: RunSpec, name: str) -> dict[str, bytes]:
        assert self._pairs is not None
        side = int(spec.settings["data"]["crop"])
        pair = crop(self._pairs.read(name), side=side, seed=derive_seed(spec.seed, name))
        return self._pictures(pair)

    def _pictures(self, pair: Pair) -> dict[str, bytes]:
        assert self._pairs is not None
        first, second = self._pairs.sources
        return {first: _webp(pair.infrared), second: _webp(pair.visible)}


def _webp(pixels: NDArray[np.uint8]) -> bytes:
    image, content = Image.fromarray(pixels), io.BytesIO()
    image.thumbnail((SMALL_PX, SMALL_PX))
    image.save(content, "WEBP", lossless=True, method=0)
    return content.getvalue()
