"""Parity with CDDFuse's published evaluator on real and on odd images."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ablate.metrics import METRICS, evaluate, usable
from ablate.metrics.contract import GreyImages
from ablate.metrics.protocol import protocol

IMAGES = {
    "TNO25": ("01", "06", "13", "18", "24"),
    "RoadScene50": ("FLIR_00211", "FLIR_05105", "FLIR_06795", "FLIR_07555", "FLIR_08592"),
}
CASES = [(dataset, image) for dataset, images in IMAGES.items() for image in images]
TOLERANCES = {
    torch.float64: {
        "en": 1e-10,
        "mi": 1e-10,
        "scd": 1e-10,
        "qabf": 1e-10,
        "sd": 1e-8,
        "vif": 1e-7,
        "sf": 1e-10,
        "ag": 1e-10,
        "cc": 1e-10,
        "mse": 1e-8,
        "psnr": 1e-10,
        "ssim": 2e-9,  # range 2 shows the running sums of the reference; 5e-14 at range 255
    },
    torch.float32: {
        "en": 1e-6,
        "mi": 1e-6,
        "scd": 1e-5,
        "qabf": 1e-6,
        "sd": 1e-4,
        "vif": 5e-4,
        "sf": 1e-5,
        "ag": 1e-5,
        "cc": 1e-6,
        "mse": 4e-3,
        "psnr": 1e-5,
        "ssim": 1e-6,
    },
}
COMPARED = tuple(TOLERANCES[torch.float64])
RANGES = {2: "cddfuse-py", 255: "ssim-range-255"}


def _read(file: Path) -> Tensor:
    with Image.open(file) as image:
        return torch.from_numpy(np.array(image.convert("L")))[None, None]


def _images(folder: Path, dataset: str, image: str) -> dict[str, Any]:
    if dataset == "degenerate":
        files = {"infrared": "ir", "visible": "vi", "fused": "fused"}
        return {name: _read(folder / dataset / f"{image}_{end}.png") for name, end in files.items()}
    files = {"infrared": "ir", "visible": "vi", "fused": "cddfuse-retrained"}
    return {name: _read(folder / dataset / sub / f"{image}.png") for name, sub in files.items()}


def _expected(file: Path, *, ssim_range: int = 2) -> dict[str, dict[str, str]]:
    wanted = (
        "cddfuse-evaluator/float64-input",
        f"skimage-uniform7-sum/data_range={ssim_range}",
    )
    table: dict[str, dict[str, str]] = {}
    with file.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["implementation"] in wanted:
                table.setdefault(row["image"], {})[row["metric"].lower()] = row["value"]
    return table


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("dataset", "image"), CASES)
def test_real_images_score_as_in_the_reference(
    golden_folder: Path, dataset: str, image: str, dtype: torch.dtype
) -> None:
    wanted = _expected(golden_folder / f"golden_{dataset}_cddfuse-retrained.csv")[image]
    got = evaluate(**_images(golden_folder, dataset, image), names=COMPARED, dtype=dtype)
    assert set(got) == set(wanted) == set(COMPARED)
    for name, value in wanted.items():
        error = abs(got[name].item() - float(value))
        assert error <= TOLERANCES[dtype][name], (name, error)


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_odd_images_score_as_in_the_reference_where_it_means_something(
    golden_folder: Path, dtype: torch.dtype
) -> None:
    table = _expected(golden_folder / "golden_degenerate.csv")
    assert len(table) > 20
    checked = 0
    for image, wanted in table.items():
        images = _images(golden_folder, "degenerate", image)
        names = usable(COMPARED, *images["fused"].shape[-2:])
        if not names:
            assert min(images["fused"].shape[-2:]) == 1
            continue
        for name, value in evaluate(**images, names=names, dtype=dtype).items():
            reference, checked = float(wanted[name]), checked + 1
            if not math.isfinite(reference):
                assert str(value.item()) == str(reference), (image, name)
            else:
                error = abs(value.item() - reference)
                assert error <= TOLERANCES[dtype][name], (image, name, error)
    assert checked > 250


@pytest.mark.parametrize(("dataset", "image"), CASES[::3])
def test_ssim_meets_the_reference_at_its_range_and_misses_it_at_the_other(
    golden_folder: Path, dataset: str, image: str
) -> None:
    images = _images(golden_folder, dataset, image)
    file = golden_folder / f"golden_{dataset}_cddfuse-retrained.csv"
    for ssim_range, name in RANGES.items():
        wanted = float(_expected(file, ssim_range=ssim_range)[image]["ssim"])
        got = {p: evaluate(**images, names=["ssim"], protocol=p)["ssim"] for p in RANGES.values()}
        for protocol_name, value in got.items():
            error = abs(value.item() - wanted)
            assert error < 2e-9 if protocol_name == name else error > 0.1


WRONG = {
    "mi in bits": ("mi", {"mi_unit": "bits"}),
    "offset in the logarithm": ("en", {"en_offset": 1e-7}),
    "replicated frame": ("qabf", {"qabf_padding": "replicate"}),
    "other visual noise": ("vif", {"vif_noise": 0.4}),
    "sum over intervals": ("ag", {"ag_divisor": "intervals"}),
    "peak 255": ("psnr", {"psnr_peak": "255_of_unit"}),
    "levels in [0, 1]": ("sf", {"sf_white": 1.0}),
    "Gaussian window": ("ssim", {"ssim_window": "gaussian"}),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("dataset", "image"), CASES[::5])
def test_a_wrong_convention_misses_the_reference(
    golden_folder: Path, dataset: str, image: str, wrong: str
) -> None:
    name, _ = WRONG[wrong]
    switches: Any = WRONG[wrong][1]
    planes = {key: plane[:, 0] for key, plane in _images(golden_folder, dataset, image).items()}
    wanted = _expected(golden_folder / f"golden_{dataset}_cddfuse-retrained.csv")[image][name]
    got = METRICS.get(name)().score(
        GreyImages(**planes),
        protocol=replace(protocol("cddfuse-py"), **switches),
        dtype=torch.float64,
    )
    assert abs(got.item() - float(wanted)) > 100 * TOLERANCES[torch.float64][name]


@pytest.mark.parametrize("name", COMPARED)
def test_a_shifted_image_misses_the_reference(golden_folder: Path, name: str) -> None:
    images = _images(golden_folder, "TNO25", "18")
    wanted = _expected(golden_folder / "golden_TNO25_cddfuse-retrained.csv")["18"][name]
    shifted = images["fused"].roll(1, -1) // 2
    got = evaluate(**{**images, "fused": shifted}, names=[name])[name]
    assert abs(got.item() - float(wanted)) > 1e-3
