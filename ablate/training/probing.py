"""The network-free probe: fused crops of val and test images, optimised directly."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ablate.data.pairs import Pair
from ablate.errors import DataError, DivergedError
from ablate.losses.total import FusionLoss
from ablate.models.probe import Probe
from ablate.stats.health import Health
from ablate.training.determinism import generator
from ablate.training.fusion import FusionTraining
from ablate.training.scoring import Scored, health_of, image_tensor
from ablate.training.trainable import StepOutput
from ablate.training.watching import look, moments

if TYPE_CHECKING:
    from ablate.training.run import Run

MOST_CROPS = 16


class ProbeTraining(FusionTraining):
    """One fused crop per scene, whose pixels are the parameters; val tunes, test scores.

    The seed sets the start noise and the position of the crops: a run of another seed, so another
    block, sees other parts of the same scenes.
    """

    def __init__(self, run: "Run", model: nn.Module, loss: FusionLoss) -> None:
        assert isinstance(model, Probe)
        side_px = run.spec.settings["data"]["crop"]
        self._model = model
        self._crops = {
            split: tuple(
                crop(pair, side=side_px, seed=run.seed(pair.stem))
                for pair in scenes(run.examples.pairs(split))
            )
            for split in run.splits
        }
        self._every = [pair for some in self._crops.values() for pair in some]
        self._sources = (
            torch.cat([image_tensor(pair.infrared, run.device) for pair in self._every]),
            torch.cat([image_tensor(pair.visible, run.device) for pair in self._every]),
        )
        infrared, visible = self._sources
        model.to(run.device).start(
            infrared=infrared, visible=visible, generator=generator(run.seed("noise"))
        )
        super().__init__(run, model, loss)
        self._first_shown = len(self._crops["val"]) if "test" in self._crops else 0
        if self.optimisation.train.gallery:
            self._pictured = moments(self.optimisation.steps)

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return all crops: every step moves all of them."""
        del step
        return self._sources

    def forward(self, *batch: Tensor) -> StepOutput:
        """Return the mean loss, and minimise the sum: each crop then moves as if it were alone."""
        output = super().forward(*batch)
        return replace(output, loss=output.loss * len(self._every))

    def score(self, split: str) -> Scored:
        """Score the fused crops of a split."""
        images = self._fused(split)
        if not bool(torch.isfinite(images).all()):
            raise DivergedError("a fused crop is not finite")
        return self.scored(split, self._crops[split], list(images[:, None]))

    def examine(self) -> Health:
        """Return the health of the val crops."""
        return health_of(self._crops["val"], list(self._fused("val")))

    def picture(self, step: int) -> None:
        """Record the first crop that is shown, at five moments of the training."""
        if step not in self._pictured:
            return
        run, first = self.run, self._first_shown
        pixels = self._model.pixels[first : first + 1]
        if bool(torch.isfinite(pixels).all()):
            pair, names = self._every[first], self.pairs.sources
            look(run.recorder, pair, pixels, step=step, folder=run.folder, sources=names)

    def save(self) -> None:
        """Write all crops of test, since a probe cannot fuse them again later; record a few."""
        first, recorded = self._first_shown, self.optimisation.train.gallery
        kept = self._every[first:] if first and recorded else self._every[:recorded]
        for index, pair in enumerate(kept):
            self.show(pair, self._model.pixels[first + index], is_recorded=index < recorded)

    def _fused(self, split: str) -> Tensor:
        """Return the fused crops of a split, (crops, 1, height, width)."""
        first = 0 if split == "val" else len(self._crops["val"])
        return self._model.pixels.detach()[first : first + len(self._crops[split])]


def scenes(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return at most 16 of the pairs, evenly spaced: neighbouring frames show one street."""
    kept = min(MOST_CROPS, len(pairs))
    return tuple(pairs[index * len(pairs) // kept] for index in range(kept))


def crop(pair: Pair, *, side: int, seed: int) -> Pair:
    """Return a square part of both images whose position follows from `seed`."""
    height, width = pair.infrared.shape
    if min(height, width) < side:
        raise DataError(
            f"{pair.stem}: {width}x{height} is smaller than data.crop = {side}; set it to "
            f"{min(height, width)} or less"
        )
    random = np.random.default_rng(seed)
    top, left = random.integers(height - side + 1), random.integers(width - side + 1)
    part = (slice(top, top + side), slice(left, left + side))
    return Pair(
        stem=pair.stem,
        infrared=np.ascontiguousarray(pair.infrared[part]),
        visible=np.ascontiguousarray(pair.visible[part]),
        chroma=None,
    )
