"""Fusing the images of a split: each as alone, in order, whatever their sizes and the layout."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ablate import models
from ablate.data.pairs import Pair
from ablate.errors import DivergedError
from ablate.training import scoring
from ablate.training.determinism import keep_freed, release
from ablate.training.scoring import batches, fuse_all, image_tensor, score

CPU = torch.device("cpu")
SIZES = ((48, 40), (48, 40), (32, 56), (48, 40))


def pairs_of(sizes: tuple[tuple[int, int], ...] = SIZES) -> list[Pair]:
    random = np.random.default_rng(0)
    return [
        Pair(
            stem=f"{at:02}",
            infrared=random.integers(0, 256, size, dtype=np.uint8),
            visible=random.integers(0, 256, size, dtype=np.uint8),
        )
        for at, size in enumerate(sizes)
    ]


def alone(model: nn.Module, pair: Pair) -> Tensor:
    with torch.no_grad():
        fused: Tensor = model.eval()(
            infrared=image_tensor(pair.infrared, CPU), visible=image_tensor(pair.visible, CPU)
        )
    return fused


@pytest.mark.parametrize("name", ["unet", "densefuse", "cddfuse"])
def test_every_image_is_fused_as_it_is_alone(name: str) -> None:
    torch.manual_seed(0)
    model, pairs = models.build({"name": name}), pairs_of()
    for pair, image in zip(pairs, fuse_all(model, pairs, device=CPU), strict=True):
        torch.testing.assert_close(image, alone(model, pair), rtol=0.0, atol=1e-6)


def test_other_pairs_beside_it_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    model, pairs = models.build({"name": "unet"}), pairs_of()
    wanted = [fuse_all(model, [pair], device=CPU)[0] for pair in pairs]
    for most_px in (0, 2 * 48 * 40, 10**6):  # as on a GPU
        monkeypatch.setattr(
            scoring, "batches", lambda some, *, most_px=most_px: batches(some, most_px=most_px)
        )
        found = fuse_all(model, pairs, device=CPU)
        for image, one in zip(found, wanted, strict=True):
            torch.testing.assert_close(image, one, rtol=0.0, atol=1e-6)


def test_the_mode_of_the_layers_stays_and_no_gradient_is_kept() -> None:
    model = models.build({"name": "unet"}).train()
    (image, *_) = fuse_all(model, pairs_of(), device=CPU)
    assert all(module.training for module in model.modules())
    assert not image.requires_grad


@given(
    sizes=st.lists(st.sampled_from([(2, 3), (3, 2), (4, 4)]), max_size=9), most=st.integers(0, 60)
)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_batches_are_neighbours_of_one_size_as_many_as_fit(
    sizes: list[tuple[int, int]], most: int
) -> None:
    pairs = pairs_of(tuple(sizes))
    found = list(batches(pairs, most_px=most))
    assert [pair.stem for some in found for pair in some] == [pair.stem for pair in pairs]
    for some in found:
        assert len({pair.infrared.shape for pair in some}) == 1
        assert len(some) == 1 or sum(pair.infrared.size for pair in some) <= most
    for some, after in itertools.pairwise(found):
        if after[0].infrared.shape == some[0].infrared.shape:
            assert sum(pair.infrared.size for pair in [*some, after[0]]) > most


class Viewed(nn.Module):
    """Needs planes that lie apart, as `view` does."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 4, 3, padding=1)

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        features = self.layer(torch.cat([infrared, visible], dim=1))
        return features.view(len(features), -1).view(features.shape).mean(1, keepdim=True)


def test_a_network_that_refuses_the_layout_is_given_its_own() -> None:
    torch.manual_seed(2)
    model, pairs = Viewed(), pairs_of()
    for pair, image in zip(pairs, fuse_all(model, pairs, device=CPU), strict=True):
        assert torch.equal(image, alone(model, pair))


def test_an_error_of_the_network_itself_reaches_the_caller() -> None:
    class Broken(nn.Module):
        def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fuse_all(Broken(), pairs_of(), device=CPU)


def test_an_image_that_is_not_finite_is_named() -> None:
    class Divided(nn.Module):
        def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
            return infrared / (infrared.shape[-1] - 56)

    with pytest.raises(DivergedError, match="the fused image of 02 is not finite"):
        fuse_all(Divided(), pairs_of(), device=CPU)


def test_memory_that_is_kept_can_be_given_back() -> None:
    keep_freed()
    held = torch.ones(20 * 2**20, dtype=torch.uint8)
    del held
    release()


def test_images_too_small_for_every_metric_have_no_rows() -> None:
    grey = np.zeros((40, 44), np.uint8)
    pair = Pair(stem="small", infrared=grey, visible=grey)
    fused = [torch.zeros(1, 1, 40, 44)]
    assert score([pair], fused, split="test", names=["vif"], protocol="cddfuse-py") == []
    ((*_, name, _),) = score(
        [pair], fused, split="test", names=["vif", "en"], protocol="cddfuse-py"
    )
    assert name == "en"
