"""Large images in tiles are the images that the network makes of the whole."""

import pytest
import torch

from ablate import models
from ablate.errors import ConfigError
from ablate.fusing import memory
from ablate.fusing.tiles import Tiled, reach_px


class Mean(torch.nn.Module):
    def forward(self, *, infrared: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        return infrared + visible.mean()


def pair(height: int, width: int) -> dict[str, torch.Tensor]:
    draws = torch.Generator().manual_seed(1)
    return {
        side: torch.rand(1, 1, height, width, generator=draws) for side in ("infrared", "visible")
    }


@pytest.mark.parametrize("name", ["densefuse", "unet"])
def test_tiles_are_equal_to_the_whole_image_within_a_hundredth_of_a_grey_level(name: str) -> None:
    torch.manual_seed(0)
    network = models.build({"name": name, "width": 4}).eval()
    tiled = Tiled(network, side_px=128)
    assert tiled.reach_px is not None
    assert tiled.overlap_px >= tiled.reach_px
    images = pair(161, 233)
    with torch.inference_mode():
        whole, made = network(**images), tiled(**images)
    assert made.shape == whole.shape
    assert (made - whole).abs().max().item() * 255 < 0.01
    assert "seams do not show" in str(tiled)


def test_less_overlap_than_the_reach_would_show_seams() -> None:
    torch.manual_seed(0)
    network = models.build({"name": "densefuse", "width": 4}).eval()
    tiled = Tiled(network, side_px=128)
    tiled.overlap_px = 0
    images = pair(161, 233)
    with torch.inference_mode():
        difference = (tiled(**images) - network(**images)).abs().max().item()
    assert difference * 255 > 0.01


def test_a_network_that_looks_at_the_whole_image_is_known() -> None:
    assert reach_px(Mean()) is None
    tiled = Tiled(Mean(), side_px=256)
    assert tiled.overlap_px == 64
    assert "seams may show" in str(tiled)


def test_tiles_that_are_overlap_alone_are_refused() -> None:
    with pytest.raises(ConfigError, match="--tile: tiles of 128 px are overlap alone"):
        Tiled(Mean(), side_px=128)


@pytest.mark.slow
def test_tiles_take_less_memory() -> None:
    network = models.build({"name": "densefuse", "width": 4}).eval()
    whole = memory.peak_bytes(network, height=512, width=512)
    in_tiles = memory.peak_bytes(Tiled(network, side_px=256), height=512, width=512)
    assert whole is not None
    assert in_tiles is not None
    assert in_tiles < whole / 2
