"""Which scenes a probe fuses, and the rules beside it."""

from pathlib import Path

import numpy as np
import pytest

from ablate import config, data
from ablate.data.pairs import Pair
from ablate.training.probing import MOST_CROPS, scenes
from ablate.training.trivial_baselines import trivial_baselines


def pair(number: int) -> Pair:
    image = np.zeros((8, 8), np.uint8)
    return Pair(stem=f"{number:03d}", infrared=image, visible=image, chroma=None)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 30, 361])
def test_scenes_are_spread_over_all_of_a_split(count: int) -> None:
    found = [int(one.stem) for one in scenes([pair(number) for number in range(count)])]
    assert len(found) == min(count, MOST_CROPS)
    assert found == sorted(set(found))
    gaps = np.diff([*found, count])
    assert gaps.max() - gaps.min() <= 1


def test_the_rules_beside_a_probe_are_scored_on_the_crops_of_every_seed(tmp_path: Path) -> None:
    words = ("data.pairs={train: 2, val: 2, test: 3}", "data.size=[64, 72]", "data.crop=48")
    study = config.load("probe_q4_variant_answer", words)
    pairs = data.load(study.base["data"])
    one, other, both = (
        trivial_baselines(pairs, study.base, seeds=seeds)["max"] for seeds in ([1], [2], [1, 2])
    )
    assert both == one + other
    assert one != other


def test_the_rules_beside_a_network_need_no_seed() -> None:
    words = ("data=synthetic", "data.pairs={train: 2, val: 2, test: 2}", "data.size=[64, 72]")
    study = config.load("q4_variant_answer", words)
    pairs = data.load(study.base["data"])
    assert trivial_baselines(pairs, study.base, seeds=[1]) == trivial_baselines(
        pairs, study.base, seeds=[1, 2]
    )
