"""Trivial baselines: parity with numpy and scipy, copies, symmetry, and how they are scored."""

import numpy as np
import pytest
import torch
from kornia.filters import guided_blur
from scipy import ndimage

from ablate.data.pairs import Pair
from ablate.metrics import evaluate
from ablate.settings.sources import INFRARED_VISIBLE
from ablate.training import trivial_baselines as trivial
from ablate.training.scoring import image_tensor
from ablate.training.tasks.fusion import Fusion

SIZES = ((64, 80), (37, 51), (9, 8), (5, 3), (1, 1))


def pair(height: int, width: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(random.random((2, height, width)), (0, 1, 1))
    return tuple(torch.from_numpy(one)[None, None] for one in smooth)  # type: ignore[return-value]


def pyramid_by_scipy(one: np.ndarray, other: np.ndarray, *, levels: int) -> np.ndarray:
    """Fuse as the book has it, level by level from the coarsest."""

    def smooth(image: np.ndarray, gain: float) -> np.ndarray:
        taps = np.array([1, 4, 6, 4, 1]) / 16 * gain
        down = ndimage.correlate1d(image, taps, axis=0, mode="mirror")
        return ndimage.correlate1d(down, taps, axis=1, mode="mirror")

    def fuse(one: np.ndarray, other: np.ndarray, left: int) -> np.ndarray:
        if not left:
            return (one + other) / 2
        small = [smooth(image, 1.0)[::2, ::2] for image in (one, other)]

        def wide(image: np.ndarray) -> np.ndarray:
            spread = np.zeros_like(one)
            spread[::2, ::2] = image
            return smooth(spread, 2.0)

        first, second = one - wide(small[0]), other - wide(small[1])
        kept = np.where(np.abs(first) > np.abs(second), first, second)
        return kept + wide(fuse(small[0], small[1], left - 1))

    return fuse(one, other, levels)


@pytest.mark.parametrize(("size", "levels"), [((64, 80), 4), ((37, 51), 3), ((9, 8), 1)])
def test_the_pyramid_is_that_of_scipy(size: tuple[int, int], levels: int) -> None:
    one, other = pair(*size)
    got = trivial.laplacian_pyramid(one, other)[0, 0].numpy()
    wanted = pyramid_by_scipy(one[0, 0].numpy(), other[0, 0].numpy(), levels=levels)
    np.testing.assert_allclose(got, wanted, atol=1e-12)
    wrong = pyramid_by_scipy(one[0, 0].numpy(), other[0, 0].numpy(), levels=levels - 1)
    assert np.abs(got - wrong).max() > 1e-3


@pytest.mark.parametrize(("radius", "eps"), [(7, 1e-6), (10, 0.3)])
def test_the_guided_filter_is_that_of_kornia_away_from_the_frame(radius: int, eps: float) -> None:
    guide, image = pair(64, 80)
    got = trivial.guided(guide, image, radius=radius, eps=eps)
    wanted = guided_blur(guide, image, 2 * radius + 1, eps)
    inside = (..., slice(2 * radius, -2 * radius), slice(2 * radius, -2 * radius))
    torch.testing.assert_close(got[inside], wanted[inside], rtol=0, atol=1e-8)
    assert (got - guided_blur(guide, image, 2 * radius + 1, 2 * eps))[inside].abs().max() > 1e-6


def test_windows_are_cut_at_the_frame() -> None:
    image = torch.arange(12.0, dtype=torch.float64).reshape(1, 1, 3, 4)
    got = trivial.box_mean(image, radius=1)
    assert got[0, 0, 0, 0] == image[0, 0, :2, :2].mean()
    assert got[0, 0, 1, 3] == image[0, 0, :, 2:].mean()
    assert torch.allclose(trivial.box_mean(image, radius=45), image.mean().expand_as(image))


@pytest.mark.parametrize("name", sorted(set(trivial.TRIVIAL_BASELINES) - set(INFRARED_VISIBLE)))
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_rule_keeps_equal_sources_and_does_not_ask_which_is_which(
    name: str, size: tuple[int, int]
) -> None:
    one, other = pair(*size)
    rule = trivial.TRIVIAL_BASELINES[name]
    torch.testing.assert_close(rule(one, one), one, rtol=0, atol=1e-9)
    torch.testing.assert_close(rule(one, other), rule(other, one), rtol=0, atol=1e-12)


def test_detail_of_either_source_survives_and_the_mean_halves_it() -> None:
    random = np.random.default_rng(0)
    textured = torch.from_numpy(0.5 + 0.2 * random.standard_normal((64, 64)))[None, None]
    flat = torch.full_like(textured, 0.5)
    for name, least in (("laplacian", 0.95), ("guided", 0.9)):
        fused = trivial.TRIVIAL_BASELINES[name](textured, flat)
        assert fused.std() > least * textured.std(), name
    mean = trivial.TRIVIAL_BASELINES["mean"](textured, flat)
    assert mean.std() == pytest.approx(0.5 * float(textured.std()))


def test_the_copies_are_the_sources_and_the_task_names_them() -> None:
    assert Fusion({}).copies == INFRARED_VISIBLE
    named = Fusion({"data": {"name": "mfifb"}})
    assert named.copies == ("near", "far") == trivial.rules_over(named.sources)[:2]
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).numpy()[0, 0]
    one, other = (
        image_tensor(levels, torch.device("cpu")),
        image_tensor(levels.T, torch.device("cpu")),
    )
    fused = trivial.fused_by_rules(one, other)
    assert list(fused) == ["infrared", "visible", "mean", "max", "laplacian", "guided"]
    assert (fused["infrared"][0, 0].numpy() == levels).all()
    assert (fused["visible"][0, 0].numpy() == levels.T).all()


def test_rows_are_those_of_the_metrics_and_scd_of_a_copy_is_no_number() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (2, 48, 48), dtype=np.uint8)
    one = Pair(stem="a", infrared=images[0], visible=images[1])
    settings = {"metrics": {"names": ["en", "scd"], "protocol": "cddfuse-py"}}
    rows = trivial.score_methods(
        [one],
        lambda pair: {
            "visible": torch.tensor(pair.visible)[None, None],
            "max": torch.tensor(np.maximum(pair.infrared, pair.visible))[None, None],
        },
        settings=settings,
    )
    assert rows["visible"][1] == ("test", "a", "scd", None)
    tensors = {
        name: torch.tensor(image)[None, None]
        for name, image in (
            ("infrared", images[0]),
            ("visible", images[1]),
            ("fused", images.max(axis=0)),
        )
    }
    wanted = evaluate(
        infrared=tensors["infrared"],
        visible=tensors["visible"],
        fused=tensors["fused"],
        names=["en", "scd"],
    )
    assert rows["max"] == [("test", "a", name, wanted[name].item()) for name in ("en", "scd")]
