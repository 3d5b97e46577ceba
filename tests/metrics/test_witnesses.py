"""Second witnesses: other people's implementations of VIF and SSIM."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ablate.metrics import evaluate

Make = Callable[..., dict[str, Any]]
SIZES = [(64, 80), (97, 83)]


def _arrays(images: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    infrared, visible, fused = (
        images[key][0, 0].numpy().astype(np.float64) for key in ("infrared", "visible", "fused")
    )
    return infrared, visible, fused


@pytest.mark.parametrize("size", SIZES)
def test_vif_is_that_of_sewar(triple: Make, size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sewar = pytest.importorskip("sewar", reason="sewar is a development dependency")
    images = triple(11, *size)
    infrared, visible, fused = _arrays(images)
    wanted = sewar.vifp(infrared, fused) + sewar.vifp(visible, fused)
    got = evaluate(**images, names=["vif"])["vif"].item()
    assert got == pytest.approx(wanted, abs=1e-9)
    turned = sewar.vifp(fused, infrared) + sewar.vifp(fused, visible)
    assert got != pytest.approx(turned, abs=1e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("protocol", "options"),
    [
        ("ssim-range-2", {"data_range": 2}),
        ("ssim-range-255", {"data_range": 255}),
        (
            "tang-py",
            {
                "data_range": 1,
                "gaussian_weights": True,
                "use_sample_covariance": False,
                "sigma": 1.5,
                "truncate": 3.5,
            },
        ),
    ],
)
def test_ssim_is_that_of_scikit_image(
    triple: Make, size: tuple[int, int], protocol: str, options: dict[str, Any]
) -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    images = triple(12, *size)
    infrared, visible, fused = _arrays(images)
    wanted = sum(
        metrics.structural_similarity(source, fused, **options) for source in (infrared, visible)
    )
    got = evaluate(**images, names=["ssim"], protocol=protocol)["ssim"].item()
    assert got == pytest.approx(wanted, abs=1e-7)
