"""FMI, Qp, Qc, TE, VIFF and MEF-SSIM, and the protocol `mefb`, against its code run by GNU Octave."""

import csv
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from ablate.errors import ShapeError, UnknownNameError
from ablate.metrics import METRICS, evaluate, protocol_hash

VALUES = Path(__file__).parents[1] / "assets/mefb_metrics.csv"
NEW = ("fmi_edge", "fmi_gradient", "fmi_pixel", "mef_ssim", "qc", "qp", "te", "viff")
SCORED = 24  # metrics, of which qc and te in two ways
APART = {
    # where both sources are flat under a window, rounding decides in the source which of them counts
    ("24", "qy"): 0.04,
    ("24", "qw"): 1e-6,
    # one window of 616 that is the second source's: the source stretches it before it compares them
    ("24", "fmi_gradient"): 3e-3,
}


def _published() -> Iterator[dict[str, str]]:
    with VALUES.open() as lines:
        yield from csv.DictReader(line for line in lines if line[0] != "#")


def _crop(golden: Path, of: str, row: dict[str, str]) -> Tensor:
    with Image.open(golden / row["dataset"] / of / f"{row['image']}.png") as stored:
        levels = np.array(stored.convert("L"))
    height, width = int(row["height"]), int(row["width"])
    return torch.from_numpy(levels[30 : 30 + height, 40 : 40 + width].copy())[None, None]


@pytest.mark.parametrize(
    "wanted", [("01",), pytest.param((), marks=pytest.mark.slow)], ids=["one", "all"]
)
def test_every_metric_equals_its_source(golden_folder: Path, wanted: tuple[str, ...]) -> None:
    compared = set()
    for row in _published():
        name, image, protocol = row["metric"], row["image"], row["protocol"]
        if wanted and image not in wanted:
            continue
        found = evaluate(
            infrared=_crop(golden_folder, "ir", row),
            visible=_crop(golden_folder, "vi", row),
            fused=_crop(golden_folder, "cddfuse-retrained", row),
            names=[name],
            protocol=protocol,
        )[name].item()
        near = APART.get((image, name), 1e-9)
        assert math.isclose(found, float(row["value"]), rel_tol=near), row
        compared.add((name, protocol, image))
    assert len({(name, protocol) for name, protocol, _ in compared}) == SCORED
    assert len({image for *_, image in compared}) == (len(wanted) or 10)


def test_a_copy_of_equal_sources_is_perfect(triple: Callable[..., dict[str, Any]]) -> None:
    image = triple(5, 64, 80)["visible"]
    found = evaluate(infrared=image, visible=image, fused=image, names=NEW)
    for name in set(NEW) - {"te", "qp"}:
        assert math.isclose(found[name].item(), 1, rel_tol=1e-6), name
    assert 0.9 < found["qp"] < 1  # what is no feature is cut out of the sources alone


def test_noise_is_worse_than_a_mean(triple: Callable[..., dict[str, Any]]) -> None:
    images = triple(3, 64, 80)
    good = evaluate(**images, names=NEW)
    draw = torch.Generator().manual_seed(0)
    images["fused"] = torch.randint(0, 256, (1, 1, 64, 80), generator=draw).to(torch.uint8)
    noise = evaluate(**images, names=NEW)
    # rare pairs of levels make the TE of noise large, and most windows of edges are empty
    for name in set(NEW) - {"te", "fmi_edge"}:
        assert good[name] > noise[name] + 0.01, name


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.integers(0, 200), span=st.integers(1, 55))
def test_values_lie_in_the_declared_range_and_do_not_depend_on_the_order_of_the_batch(
    seed: int, low: int, span: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    planes = torch.randint(low, low + span + 1, (3, 2, 1, 45, 47), generator=draw).to(torch.uint8)
    images = dict(zip(("infrared", "visible", "fused"), planes, strict=True))
    found = evaluate(**images, names=NEW)
    swapped = evaluate(**{name: plane.flip(0) for name, plane in images.items()}, names=NEW)
    for name in NEW:
        least, most = METRICS.get(name).range
        values = found[name][torch.isfinite(found[name])]
        assert bool(((values >= least - 1e-9) & (values <= most + 1e-9)).all()), name
        torch.testing.assert_close(found[name].flip(0), swapped[name], equal_nan=True, msg=name)


@pytest.mark.parametrize("level", [0, 90])
def test_images_of_one_level_give_a_number_or_nan_and_never_an_error(level: int) -> None:
    image = torch.full((1, 1, 44, 44), level, dtype=torch.uint8)
    found = evaluate(infrared=image, visible=image, fused=image, names=NEW)
    for name in ("fmi_edge", "fmi_gradient", "fmi_pixel", "mef_ssim", "viff"):
        assert math.isclose(found[name].item(), 1, rel_tol=1e-12), name
    assert math.isnan(found["qp"])
    assert math.isnan(found["qc"])
    assert math.isnan(found["te"]) == (level > 0)


def test_two_flat_windows_are_alike_and_a_flat_one_tells_nothing_of_another() -> None:
    flat = torch.full((1, 1, 5, 5), 40, dtype=torch.uint8)
    ramp = torch.arange(25, dtype=torch.uint8).view(1, 1, 5, 5)
    for fused, wanted in ((flat + 9, 1), (ramp, 0)):
        found = evaluate(infrared=flat, visible=flat, fused=fused, names=["fmi_pixel"])
        assert abs(found["fmi_pixel"].item() - wanted) < 1e-12


def test_exchanged_sources_change_qc_under_mefb_alone(
    triple: Callable[..., dict[str, Any]],
) -> None:
    images = triple(1, 48, 56)
    exchanged = {**images, "infrared": images["visible"], "visible": images["infrared"]}
    for protocol, is_same in (("cddfuse-py", True), ("mefb", False)):
        one, other = (
            evaluate(**each, names=["qc"], protocol=protocol)["qc"].item()
            for each in (images, exchanged)
        )
        assert math.isclose(one, other, rel_tol=1e-12) == is_same, protocol


def test_too_small_images_and_unknown_protocols_are_refused_in_one_line() -> None:
    image = torch.zeros(1, 1, 43, 60, dtype=torch.uint8)
    with pytest.raises(ShapeError, match="43x60 px is too small: MEF-SSIM needs 44 px") as small:
        evaluate(infrared=image, visible=image, fused=image, names=["mef_ssim"], protocol="mefb")
    with pytest.raises(UnknownNameError, match="'mefbb'; did you mean 'mefb'") as unknown:
        evaluate(infrared=image, visible=image, fused=image, names=["en"], protocol="mefbb")
    assert "\n" not in f"{small.value}{unknown.value}"


def test_both_benchmarks_of_one_author_have_the_same_conventions() -> None:
    assert protocol_hash("mefb") == protocol_hash("mfifb") != protocol_hash("vifb")
