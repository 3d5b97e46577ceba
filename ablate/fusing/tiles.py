"""Large images in tiles: each part is fused with as much around it as the network sees."""

import math

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError

ALIGNED_PX = 16  # tiles begin at multiples of this, and of what the network itself asks for
PROBED_PX = (96, 256)  # sides of the images by which the reach is measured
STATED_OVERLAP_PX = 64  # where the reach has no end


class Tiled(nn.Module):
    """A network applied tile by tile; the same images as by the network itself.

    Where every fused pixel depends on sources at most `reach_px` away, tiles overlap by that much
    and the result is that of the whole image, up to the rounding of its sums. Where a pixel depends
    on the whole image (attention over all of it, its mean), tiles overlap by 64 px, their results
    differ from the whole image's, and seams may show.

    Args:
        network: Takes infrared= and visible=, (batch, 1, height, width).
        side_px: Of the tiles, overlap included.

    Raises:
        ConfigError: Tiles of that size would be overlap alone.
    """

    def __init__(self, network: nn.Module, *, side_px: int) -> None:
        super().__init__()
        self.network = network
        self.reach_px = reach_px(network)
        step = _aligned_to(network)
        wanted = STATED_OVERLAP_PX if self.reach_px is None else self.reach_px
        self.overlap_px = -(-wanted // step) * step
        self.core_px = (side_px - 2 * self.overlap_px) // step * step
        if self.core_px < step:
            raise ConfigError(
                f"--tile: tiles of {side_px} px are overlap alone ({self.overlap_px} px on each "
                f"side); use at least {2 * self.overlap_px + 8 * step}"
            )
        geometry = torch.tensor([self.core_px, self.overlap_px])
        self.register_buffer("geometry", geometry)  # part of what a fused file was made by

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance, same shape as each input."""
        height, width = visible.shape[-2:]
        if max(height, width) <= self.core_px + 2 * self.overlap_px:
            made: Tensor = self.network(infrared=infrared, visible=visible)
            return made
        fused = torch.empty_like(visible)
        for top in range(0, height, self.core_px):
            for left in range(0, width, self.core_px):
                self._fill(fused, top, left, infrared=infrared, visible=visible)
        return fused

    def _fill(
        self, fused: Tensor, top: int, left: int, *, infrared: Tensor, visible: Tensor
    ) -> None:
        first = [max(0, start - self.overlap_px) for start in (top, left)]
        rows, columns = (
            slice(one, start + self.core_px + self.overlap_px)
            for one, start in zip(first, (top, left), strict=True)
        )
        made = self.network(
            infrared=infrared[..., rows, columns], visible=visible[..., rows, columns]
        )
        inner = made[..., top - first[0] :, left - first[1] :]
        fused[..., top : top + self.core_px, left : left + self.core_px] = inner[
            ..., : self.core_px, : self.core_px
        ]

    def __str__(self) -> str:
        side = self.core_px + 2 * self.overlap_px
        text = f"tiles of {side} px that overlap by {self.overlap_px} px"
        if self.reach_px is None:
            return f"{text}; each pixel depends on the whole image, so that seams may show"
        return f"{text}: the network sees {self.reach_px} px far, so that seams do not show"


def reach_px(network: nn.Module) -> int | None:
    """Return how far away a source pixel may be to change a fused one; None where there is no end.

    Measured by gradients of a block in the middle of random images; the larger are used only where
    the reach goes beyond the smaller.
    """
    found = (_reach_within(network, side_px=side) for side in PROBED_PX)
    return next((reach for reach in found if reach is not None), None)


def _reach_within(network: nn.Module, *, side_px: int) -> int | None:
    found = 0
    device = next(network.parameters(), torch.empty(0)).device
    draws = torch.Generator().manual_seed(0)
    step = _aligned_to(network)
    side_px = -(-side_px // (3 * step)) * 3 * step
    start = side_px // 2 // step * step
    for _ in range(2):
        images = [
            torch.rand(1, 1, side_px, side_px, generator=draws).to(device).requires_grad_()
            for _ in range(2)
        ]
        with torch.enable_grad():
            fused = network(infrared=images[0], visible=images[1])
            block = fused[..., start : start + step, start : start + step]
            grads = torch.autograd.grad(block.sum(), images, materialize_grads=True)
        for grad in grads:
            for axis in (-1, -2):
                places = (grad != 0).any(dim=axis).flatten().nonzero().flatten()
                if len(places):
                    ends = (start - int(places[0]), int(places[-1]) - start - step + 1)
                    found = max(found, *ends)
    return None if found >= side_px - start - step else found


def _aligned_to(network: nn.Module) -> int:
    return math.lcm(ALIGNED_PX, int(getattr(network, "multiple_px", 1)))
