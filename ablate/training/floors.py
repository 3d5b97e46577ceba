"""The rules `mean` and `max` of the two sources, scored as a study scores its networks.

No network is needed to reach these values, so a table without them cannot be judged.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ablate.data.pairs import PairSet
from ablate.identity import derive_seed
from ablate.training.probing import crop, scenes
from ablate.training.scoring import Row, image_tensor, score

RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": lambda infrared, visible: (infrared + visible) / 2,
    "max": torch.maximum,
}


def floors(
    pairs: PairSet, settings: Mapping[str, Any], *, seeds: Sequence[int]
) -> dict[str, list[Row]]:
    """Return the per-image test rows of each rule.

    Args:
        pairs: The study's data.
        settings: Settings of the baseline.
        seeds: Of the runs that the rules stand beside. A probe of another seed is scored on other
            crops, so there is a row per seed and crop; networks are scored on whole images, once.
    """
    if settings["model"]["name"] == "probe":
        side = settings["data"]["crop"]
        some = [
            crop(pair, side=side, seed=derive_seed(seed, pair.stem))
            for seed in seeds
            for pair in scenes(pairs.pairs("test"))
        ]
    else:
        some = list(pairs.pairs("test"))
    cpu = torch.device("cpu")
    return {
        name: score(
            some,
            [
                rule(image_tensor(pair.infrared, cpu), image_tensor(pair.visible, cpu))
                for pair in some
            ],
            split="test",
            names=settings["metrics"]["names"],
            protocol=settings["metrics"]["protocol"],
        )
        for name, rule in RULES.items()
    }
