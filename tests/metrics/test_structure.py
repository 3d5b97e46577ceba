"""SSIM and MS-SSIM against plain two-dimensional convolutions, properties, wrong variants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate
from scipy.signal import convolve2d

from ablate.metrics import evaluate

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=8)
seeds = st.integers(0, 2**31 - 1)
GAUSS = np.exp(-(np.arange(-5, 6)[:, None] ** 2 + np.arange(-5, 6) ** 2) / (2 * 1.5**2))
GAUSS /= GAUSS.sum()
BOX = np.full((7, 7), 1 / 49)


def _maps(
    x: np.ndarray, y: np.ndarray, window: np.ndarray, span: float, *, border: bool, sample: bool
) -> tuple[np.ndarray, np.ndarray]:
    def mean(image: np.ndarray) -> np.ndarray:
        if border:
            return correlate(image, window, mode="nearest")
        return convolve2d(image, window, mode="valid")

    scale = window.size / (window.size - 1) if sample else 1.0
    mx, my = mean(x), mean(y)
    vx, vy = scale * (mean(x * x) - mx * mx), scale * (mean(y * y) - my * my)
    cov = scale * (mean(x * y) - mx * my)
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    structure = (2 * cov + c2) / (vx + vy + c2)
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1) * structure, structure


PLAIN: dict[str, dict[str, Any]] = {
    "cddfuse-py": {"window": BOX, "span": 2, "border": False, "sample": True},
    "ssim-range-255": {"window": BOX, "span": 255, "border": False, "sample": True},
    "tang-py": {"window": GAUSS, "span": 1, "border": False, "sample": False},
    "tang-matlab-2022": {"window": GAUSS, "span": 255, "border": True, "sample": False},
}


def _plain(images: dict[str, Any], protocol: str, **change: Any) -> float:
    fused = images["fused"][0, 0].numpy().astype(np.float64)
    total = sum(
        _maps(images[key][0, 0].numpy().astype(np.float64), fused, **{**PLAIN[protocol], **change})[
            0
        ].mean()
        for key in ("infrared", "visible")
    )
    return total / 2 if protocol == "tang-matlab-2022" else total


def _ssim(images: dict[str, Any], protocol: str) -> float:
    return evaluate(**images, names=["ssim"], protocol=protocol)["ssim"].item()


@quick
@given(
    seed=seeds,
    height=st.integers(11, 40),
    width=st.integers(11, 40),
    protocol=st.sampled_from(sorted(PLAIN)),
)
def test_ssim_is_that_of_plain_convolutions(
    triple: Make, seed: int, height: int, width: int, protocol: str
) -> None:
    images = triple(seed, height, width)
    assert _ssim(images, protocol) == pytest.approx(_plain(images, protocol), abs=1e-7)


@pytest.mark.parametrize(
    ("protocol", "wrong"),
    [
        ("cddfuse-py", {"span": 255}),
        ("cddfuse-py", {"border": True}),
        ("ssim-range-255", {"sample": False}),
        ("tang-py", {"window": BOX}),
        ("tang-py", {"span": 255}),
        ("tang-matlab-2022", {"border": False}),
    ],
)
def test_a_wrong_variant_of_ssim_is_told_apart(
    triple: Make, protocol: str, wrong: dict[str, Any]
) -> None:
    images = triple(0)
    assert abs(_ssim(images, protocol) - _plain(images, protocol, **wrong)) > 1e-5


@quick
@given(seed=seeds, protocol=st.sampled_from(sorted(PLAIN)))
def test_a_copy_of_both_sources_has_the_highest_ssim(
    triple: Make, seed: int, protocol: str
) -> None:
    image = triple(seed)["visible"]
    value = _ssim({"infrared": image, "visible": image, "fused": image}, protocol)
    assert value == pytest.approx(1 if protocol == "tang-matlab-2022" else 2, abs=1e-12)


def _plain_ms_ssim(x: np.ndarray, y: np.ndarray, span: float) -> float:
    product = 1.0
    for scale, power in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        whole, structure = _maps(x, y, GAUSS, span, border=False, sample=False)
        product *= max(0.0, (whole if scale == 4 else structure).mean()) ** power
        x, y = (_halved(image) for image in (x, y))
    return product


def _halved(image: np.ndarray) -> np.ndarray:
    """Return means of 2x2 pixels; an odd side gets a black line before and after it."""
    rows, columns = (side % 2 for side in image.shape)
    padded = np.pad(image, ((rows, rows), (columns, columns)))
    padded = padded[: padded.shape[0] // 2 * 2, : padded.shape[1] // 2 * 2]
    return padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).mean((1, 3))


@pytest.mark.parametrize(("height", "width"), [(161, 176), (177, 163)])
@pytest.mark.parametrize(
    ("protocol", "span", "parts"),
    [("cddfuse-py", 255, 1), ("tang-py", 1, 1), ("tang-matlab-2022", 255, 2)],
)
def test_ms_ssim_is_that_of_plain_convolutions(
    triple: Make, height: int, width: int, protocol: str, span: float, parts: int
) -> None:
    images = triple(5, height, width)
    planes = {key: plane[0, 0].numpy().astype(np.float64) for key, plane in images.items()}
    wanted = sum(
        _plain_ms_ssim(planes[key], planes["fused"], span) for key in ("infrared", "visible")
    )
    got = evaluate(**images, names=["ms_ssim"], protocol=protocol)["ms_ssim"].item()
    assert got == pytest.approx(wanted / parts, abs=1e-9)
    assert got != pytest.approx(wanted / (3 - parts), abs=1e-3)


def test_an_inverted_copy_has_no_ms_ssim() -> None:
    noise = torch.rand(1, 1, 176, 176, generator=torch.Generator().manual_seed(0))
    image = (noise * 255).to(torch.uint8)
    got = evaluate(infrared=image, visible=image, fused=255 - image, names=["ms_ssim", "ssim"])
    assert got["ms_ssim"].item() == 0
    assert got["ssim"].item() < -0.5
