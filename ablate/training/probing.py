"""Fit the network-free probe: optimise fused crops of val and test images directly."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ablate.data.pairs import Pair, PairSet
from ablate.errors import DataError, DivergedError
from ablate.losses.total import FusionLoss
from ablate.models.probe import Probe
from ablate.settings.train import TrainSettings
from ablate.training.descent import descend
from ablate.training.determinism import generator
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import (
    Row,
    Scored,
    health_of,
    image_tensor,
    means,
    save_png,
    score,
)
from ablate.training.watching import look

if TYPE_CHECKING:
    from ablate.training.tasks.run import Run

MOST_CROPS = 16


def fit(
    run: "Run", model: nn.Module, loss: FusionLoss
) -> tuple[list[Row], dict[str, float], dict[str, Any]]:
    """Return per-image rows, mean metrics and facts; val tunes, test scores.

    The seed sets the start noise and the crop positions: a run of another seed, so another block,
    sees other parts of the same scenes.
    """
    assert isinstance(model, Probe)
    spec, pairs, device = run.spec, run.examples, run.device
    assert isinstance(pairs, PairSet)
    train, scoring = TrainSettings.of(run.train), spec.settings["metrics"]
    crops = {
        split: tuple(
            crop(pair, side=spec.settings["data"]["crop"], seed=run.seed(pair.stem))
            for pair in scenes(pairs.pairs(split))
        )
        for split in run.splits
    }
    every = [pair for some in crops.values() for pair in some]
    infrared = torch.cat([image_tensor(pair.infrared, device) for pair in every])
    visible = torch.cat([image_tensor(pair.visible, device) for pair in every])
    model.to(device).start(
        infrared=infrared, visible=visible, generator=generator(run.seed("noise"))
    )
    optimisation = Optimisation(
        model, train, is_captured=train.graph != "never" and device.type == "cuda"
    )

    def scored(split: str) -> Scored:
        first = 0 if split == "val" else len(crops["val"])
        images = model.pixels.detach()[first : first + len(crops[split])]
        if not bool(torch.isfinite(images).all()):
            raise DivergedError("a fused crop is not finite")
        rows = score(
            crops[split],
            list(images[:, None]),
            split=split,
            names=scoring["names"],
            protocol=scoring["protocol"],
            tick=run.pulse.beat,
            cache=pairs.cache,
        )

        return Scored(rows=rows, health=health_of(crops[split], list(images)))

    steps, recorded = optimisation.steps, train.gallery
    first = len(crops["val"]) if "test" in crops else 0

    def look_at(step: int) -> None:
        pixels = model.pixels[first : first + 1]
        if bool(torch.isfinite(pixels).all()):
            look(run.recorder, every[first], pixels, step=step, folder=run.folder)

    seconds = descend(
        run,
        optimisation,
        loss,
        batch=lambda step: (infrared, visible),
        score_val=lambda: scored("val"),
        examine_some=lambda: health_of(
            crops["val"], list(model.pixels.detach())[: len(crops["val"])]
        ),
        scale=len(every),
        look=look_at if recorded else None,
    )

    of_split = {split: scored(split) for split in crops}
    rows = [row for split in of_split.values() for row in split.rows]
    values, health = means(rows), of_split["val"].health
    assert health is not None
    if not all(math.isfinite(value) for value in values.values()):
        raise DivergedError("a mean metric is not finite")
    run.recorder.metrics({**values, **of_split["val"].healthy}, step=steps)
    kept = every[first:] if "test" in crops and recorded else every[:recorded]
    for index, pair in enumerate(kept):  # all of test: a probe cannot fuse them again later
        path = save_png(model.pixels[first + index], run.folder / "fused" / f"{pair.stem}.png")
        if index < recorded:
            run.recorder.image(f"fused/{pair.stem}", path, step=steps)
    facts = {"seconds_per_step": round(seconds, 5), "steps": steps, "health": health.to_json()}
    return rows, values, facts


def scenes(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return at most 16 of the pairs, evenly spaced: neighbouring frames show one street."""
    kept = min(MOST_CROPS, len(pairs))
    return tuple(pairs[index * len(pairs) // kept] for index in range(kept))


def crop(pair: Pair, *, side: int, seed: int) -> Pair:
    """Return a square part of both images whose position follows from `seed`."""
    height, width = pair.infrared.shape
    if min(height, width) < side:
        raise DataError(
            f"{pair.stem}: {height}x{width} is smaller than the crop of {side}; set data.crop lower"
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
