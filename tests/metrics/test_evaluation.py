"""Properties of all metrics together, and what `evaluate` refuses."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import ablate.metrics
from ablate.errors import ConfigError, DataError, ShapeError, UnknownNameError
from ablate.metrics import ALL_NAMES, NAMES, evaluate, usable

Make = Callable[..., dict[str, Any]]
seeds = st.integers(0, 2**31 - 1)
quick = settings(deadline=None, derandomize=True, max_examples=12)
PIXELWISE = ("en", "mi", "sd", "scd", "cc", "mse", "psnr")
SMALL = tuple(name for name in ALL_NAMES if name != "ms_ssim")  # which needs 161 px


def _close(first: dict[str, Any], second: dict[str, Any], atol: float) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=atol, msg=name)


@quick
@given(seed=seeds)
def test_swapping_the_sources_changes_no_metric(triple: Make, seed: int) -> None:
    images = triple(seed)
    swapped = {**images, "infrared": images["visible"], "visible": images["infrared"]}
    _close(evaluate(**images, names=SMALL), evaluate(**swapped, names=SMALL), atol=1e-12)


@quick
@given(seed=seeds, height=st.integers(44, 60), width=st.integers(44, 60))
def test_values_stay_in_the_declared_range(
    triple: Make, seed: int, height: int, width: int
) -> None:
    for name, value in evaluate(**triple(seed, height, width), names=SMALL).items():
        low, high = ablate.metrics.METRICS.get(name).range
        assert low <= value.item() <= high


@quick
@given(seed=seeds)
def test_shuffling_pixels_alike_changes_no_pixelwise_metric(triple: Make, seed: int) -> None:
    images = triple(seed)
    order = torch.randperm(48 * 56, generator=torch.Generator().manual_seed(seed))
    mixed = {key: plane.flatten()[order].view_as(plane) for key, plane in images.items()}
    _close(evaluate(**images, names=PIXELWISE), evaluate(**mixed, names=PIXELWISE), atol=1e-12)
    moved = evaluate(**mixed, names=("vif", "qabf", "sf", "ag", "ssim"))
    for name, value in evaluate(**images, names=tuple(moved)).items():
        assert abs((value - moved[name]).item()) > 1e-4


@quick
@given(seed=seeds)
def test_transposing_changes_nothing_but_qabf_qp_and_fmi(triple: Make, seed: int) -> None:
    images = triple(seed)
    turned = {key: plane.mT.contiguous() for key, plane in images.items()}
    # FMI reads windows column by column; the filters of Qp lie on one side of the spectrum
    rest = [name for name in SMALL if name not in ("qabf", "qp") and not name.startswith("fmi")]
    _close(evaluate(**images, names=rest), evaluate(**turned, names=rest), atol=1e-9)


@quick
@given(seed=seeds)
def test_a_batch_scores_exactly_as_its_images(triple: Make, seed: int) -> None:
    singles = [triple(seed + index) for index in range(3)]
    batch: dict[str, Any] = {
        key: torch.cat([single[key] for single in singles]) for key in singles[0]
    }
    together = evaluate(**batch, names=SMALL)
    for index, single in enumerate(singles):
        for name, value in evaluate(**single, names=SMALL).items():
            assert torch.equal(together[name][index : index + 1], value), name


@quick
@given(seed=seeds)
def test_floats_score_exactly_as_their_grey_levels(triple: Make, seed: int) -> None:
    images = triple(seed)
    for kind in (torch.float32, torch.float64):
        floats = {key: plane.to(kind) / 255 for key, plane in images.items()}
        for name, value in evaluate(**floats).items():
            assert torch.equal(value, evaluate(**images)[name])


@quick
@given(seed=seeds)
def test_float32_stays_near_float64(triple: Make, seed: int) -> None:
    images = triple(seed)
    bounds = {"en": 1e-6, "mi": 1e-6, "scd": 1e-5, "qabf": 1e-6, "sd": 1e-4, "vif": 5e-4}
    bounds |= {"sf": 1e-5, "ag": 1e-5, "cc": 1e-6, "psnr": 1e-5, "ssim": 1e-6, "nabf": 1e-6}
    exact = evaluate(**images, names=tuple(bounds))
    fast = evaluate(**images, names=tuple(bounds), dtype=torch.float32)
    for name, bound in bounds.items():
        assert fast[name].dtype == torch.float32
        assert abs(fast[name].double() - exact[name]).item() <= bound, name


@quick
@given(seed=seeds)
def test_noise_scores_below_the_mean_of_the_sources(triple: Make, seed: int) -> None:
    images = triple(seed)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 256, images["fused"].shape, generator=generator, dtype=torch.uint8)
    good = evaluate(**images, names=SMALL)
    bad = evaluate(**{**images, "fused": noise}, names=SMALL)
    assert bad["mse"].item() > good["mse"].item()
    assert bad["nabf"].item() > good["nabf"].item()
    for name in ("scd", "vif", "qabf", "ssim", "cc", "psnr"):
        assert bad[name].item() < good[name].item(), name


def test_names_are_accepted_in_any_case_and_keep_their_order(triple: Make) -> None:
    assert list(evaluate(**triple(0), names=["Qabf", "EN"])) == ["qabf", "en"]
    large = triple(0, 161, 161)
    assert list(evaluate(**large, names=["MS-SSIM", "SSIM"])) == ["ms_ssim", "ssim"]


def test_inputs_are_left_untouched_and_no_graph_is_kept(triple: Make) -> None:
    images = {key: plane.float() / 255 for key, plane in triple(1).items()}
    images["fused"].requires_grad_()
    before = {key: plane.detach().clone() for key, plane in images.items()}
    assert not any(value.requires_grad for value in evaluate(**images).values())
    assert all(torch.equal(before[key], images[key]) for key in images)


def test_the_tang_family_counts_mi_in_bits(triple: Make) -> None:
    images = triple(2)
    nats = evaluate(**images, names=["mi"])["mi"]
    bits = evaluate(**images, names=["mi"], protocol="tang-py")["mi"]
    torch.testing.assert_close(bits, nats / math.log(2), rtol=1e-14, atol=0)


def test_vif_is_refused_below_41_pixels_and_named_usable_from_there(triple: Make) -> None:
    with pytest.raises(ShapeError, match=r"40x64 px is too small: VIF needs 41 px"):
        evaluate(**triple(0, 40, 64))
    assert usable(NAMES, 40, 64) == ("en", "mi", "sd", "scd", "qabf")
    assert usable(NAMES, 41, 41) == NAMES
    assert set(evaluate(**triple(0, 41, 41))) == set(NAMES)


@pytest.mark.parametrize(
    ("protocol", "name", "side"),
    [
        ("cddfuse-py", "ssim", 7),
        ("tang-py", "ssim", 11),
        ("tang-matlab-2022", "ssim", 11),
        ("cddfuse-py", "ms_ssim", 161),
    ],
)
def test_a_window_decides_from_which_side_on_ssim_is_usable(
    triple: Make, protocol: str, name: str, side: int
) -> None:
    assert usable([name], side, side + 9, protocol=protocol) == (name,)
    assert usable([name], side - 1, side + 9, protocol=protocol) == ()
    value = evaluate(**triple(0, side, side), names=[name], protocol=protocol)[name]
    assert value.isfinite().item()
    with pytest.raises(ShapeError, match=f"needs {side} px"):
        evaluate(**triple(0, side - 1, side), names=[name], protocol=protocol)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 1, 64), (1, 1, 64, 1)])
def test_a_single_pixel_or_row_is_refused(shape: tuple[int, ...]) -> None:
    image = torch.zeros(shape, dtype=torch.uint8)
    with pytest.raises(ShapeError, match="too small: EN needs 2"):
        evaluate(infrared=image, visible=image, fused=image, names=["en"])
    assert usable(NAMES, shape[-2], shape[-1]) == ()


@pytest.mark.parametrize(
    ("key", "change", "error", "text"),
    [
        ("fused", lambda x: x[..., 1:], ShapeError, "differ in shape.*fused 1x1x48x55"),
        ("visible", lambda x: x.expand(1, 3, -1, -1), ShapeError, "visible: needs one channel"),
        ("infrared", lambda x: x[0, 0], ShapeError, "infrared: needs the shape batch x 1"),
        ("fused", lambda x: x[:0], ShapeError, "the batch is empty"),
        ("fused", lambda x: x.float(), DataError, r"fused: floats must lie in \[0, 1\]"),
        ("fused", lambda x: x / 255 - 0.1, DataError, "clamp a network's output"),
        ("visible", lambda x: x / 0.0 * 0, DataError, "got nan to nan"),
        ("infrared", lambda x: x.int(), DataError, r"got torch.int32"),
    ],
)
def test_an_unusable_image_is_named_with_the_mend(
    triple: Make, key: str, change: Callable[[Tensor], Tensor], error: type[Exception], text: str
) -> None:
    images = triple(0)
    images[key] = change(images[key])
    with pytest.raises(error, match=text):
        evaluate(**images)


def test_a_wrong_name_is_answered_with_the_nearest(triple: Make) -> None:
    images = triple(0)
    with pytest.raises(UnknownNameError, match="did you mean 'qabf'"):
        evaluate(**images, names=["qabff"])
    with pytest.raises(UnknownNameError, match="did you mean 'cddfuse-py'"):
        evaluate(**images, protocol="cddfuse")
    with pytest.raises(ConfigError, match=r"write \[vif\]"):
        evaluate(**images, names="vif")
    with pytest.raises(ConfigError, match="is empty"):
        evaluate(**images, names=[])
    with pytest.raises(ConfigError, match=r"torch.bfloat16"):
        evaluate(**images, dtype=torch.bfloat16)


def test_the_package_imports_without_torch_and_evaluate_stays_a_function() -> None:
    program = (
        "import sys, ablate.metrics as m; m.LABELS, m.BETTER, m.protocol_hash('cddfuse-py');"
        "assert 'torch' not in sys.modules; m.METRICS.names(); assert callable(m.evaluate)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        _ = ablate.metrics.evaluat  # type: ignore[attr-defined]
