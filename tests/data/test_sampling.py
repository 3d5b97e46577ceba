from typing import Any

import numpy as np
import pytest
import torch

from ablate.data.pairs import Pair
from ablate.data.sampling import CropSampler
from ablate.errors import DataError


def numbered_pair(stem: str, height: int, width: int) -> Pair:
    """Each pixel tells its place: infrared row + 2 x column, visible row + 3 x column."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.uint8)
    return Pair(stem=stem, infrared=rows + 2 * columns, visible=rows + 3 * columns)


PAIRS = (numbered_pair("a", 20, 30), numbered_pair("b", 25, 24))


def sampler(**change: Any) -> CropSampler:
    return CropSampler(PAIRS, **({"crop": 16, "batch_size": 4, "seed": 1} | change))


def test_a_batch_depends_on_seed_and_step_and_on_nothing_before_it() -> None:
    one, other = sampler(), sampler()
    for step in (5, 3, 0):
        one.batch(step)
    for got, expected in zip(one.batch(4), other.batch(4), strict=True):
        assert torch.equal(got, expected)
    assert not torch.equal(sampler(seed=2).batch(4)[0], other.batch(4)[0])
    assert not torch.equal(other.batch(4)[1], other.batch(5)[1])


def test_shape_type_and_range() -> None:
    for image in sampler().batch(0):
        assert image.shape == (4, 1, 16, 16)
        assert image.dtype == torch.float32
        assert 0 <= image.min() <= image.max() <= 1


def test_both_modalities_are_cut_at_one_place_and_flipped_together() -> None:
    flips: set[int] = set()
    for step in range(8):
        infrared, visible = ((image * 255).round() for image in sampler().batch(step))
        columns = visible - infrared
        rows = infrared - 2 * columns
        assert (rows.diff(dim=2) == 1).all()  # never flipped upside down
        assert (rows.diff(dim=3) == 0).all()  # would vary were one cut or flipped differently
        runs = columns.diff(dim=3)
        assert (runs == runs[:, :, :1, :1]).all()
        flips |= {int(run) for run in runs[:, 0, 0, 0]}
    assert flips == {1, -1}


def test_every_place_is_reachable_edges_included() -> None:
    tops: set[int] = set()
    for step in range(80):
        infrared, visible = ((image[:, 0, 0, 0] * 255).round() for image in sampler().batch(step))
        tops |= {int(top) for top in 3 * infrared - 2 * visible}
    assert min(tops) == 0
    assert max(tops) == 25 - 16


def test_a_crop_as_large_as_the_smallest_image_is_fine() -> None:
    assert sampler(crop=20).batch(0)[0].shape[-1] == 20


def test_a_crop_larger_than_an_image_names_it_and_the_mend() -> None:
    with pytest.raises(DataError, match=r"a: 30x20 is smaller than data.crop = 21; set it to 20"):
        sampler(crop=21)


@pytest.mark.parametrize("crop", [1, 13, 16])
def test_the_crops_are_those_that_plain_slices_give(crop: int) -> None:
    for step in range(6):
        random = np.random.default_rng([1, step])
        plain: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for _ in range(4):
            pair = PAIRS[random.integers(2)]
            height, width = pair.infrared.shape
            top, left = random.integers(height - crop + 1), random.integers(width - crop + 1)
            way = -1 if random.integers(2) else 1
            for side, image in zip(plain, (pair.infrared, pair.visible), strict=True):
                part = image[top : top + crop, left : left + crop][:, ::way]
                side.append(part[None].astype(np.float32) / np.float32(255))
        for got, expected in zip(sampler(crop=crop).batch(step), plain, strict=True):
            assert np.array_equal(got.numpy(), np.stack(expected))
