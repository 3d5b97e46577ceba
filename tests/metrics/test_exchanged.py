"""Exchanging the two sources changes no metric: neither of them is the reference."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from ablate.metrics import ALL_NAMES, PROTOCOLS, evaluate

SIDE = 176  # MS-SSIM needs 161
RTOL = 1e-9  # of float64: sums in another order


def image(seed: int, smooth: float) -> Tensor:
    made = ndimage.gaussian_filter(np.random.default_rng(seed).random((SIDE, SIDE)), smooth)
    levels = (made - made.min()) / (made.max() - made.min()) * 255
    return torch.from_numpy(levels.round().astype(np.uint8))[None, None]


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_no_metric_tells_the_first_source_from_the_second(protocol: str) -> None:
    one, other = image(0, 1.0), image(1, 2.5)
    fused = ((2 * one.int() + other.int()) // 3).to(torch.uint8)
    is_published = PROTOCOLS[protocol].qc_clamps == "quality"  # as it is, not symmetric
    names = [name for name in ALL_NAMES if name != "qc" or not is_published]
    first = evaluate(infrared=one, visible=other, fused=fused, names=names, protocol=protocol)
    second = evaluate(infrared=other, visible=one, fused=fused, names=names, protocol=protocol)
    for name, value in first.items():
        assert value.item() == pytest.approx(second[name].item(), rel=RTOL), name
    assert first["qabf"].item() != pytest.approx(
        evaluate(infrared=one, visible=one, fused=fused, names=["qabf"], protocol=protocol)[
            "qabf"
        ].item()
    )
