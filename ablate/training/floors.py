"""The rules `mean` and `max` of the two sources, scored as a study scores its networks.

No network is needed to reach these values, so a table without them cannot be judged.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ablate.data.pairs import PairSet
from ablate.identity import derive_seed
from ablate.training.probing import MOST_CROPS, crop
from ablate.training.scoring import Row, image_tensor, score

RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": lambda infrared, visible: (infrared + visible) / 2,
    "max": torch.maximum,
}


def floors(pairs: PairSet, settings: Mapping[str, Any], *, seed: int) -> dict[str, list[Row]]:
    """Return the per-image test rows of each rule.

    Args:
        pairs: The study's data.
        settings: Settings of the baseline; a probe is scored on crops, so its floors are too.
        seed: Run seed whose crops a probe study is compared on.
    """
    cpu = torch.device("cpu")
    some = pairs.pairs("test")
    if settings["model"]["name"] == "probe":
        side = settings["data"]["crop"]
        some = tuple(
            crop(pair, side=side, seed=derive_seed(seed, pair.stem)) for pair in some[:MOST_CROPS]
        )
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
