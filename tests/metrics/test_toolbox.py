"""Metrics of the tool box of Liu et al. and of VIFB, against their own code run by GNU Octave."""

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

from ablate.metrics import METRICS, PROTOCOLS, evaluate
from ablate.metrics.protocol import protocol_hash

VALUES = Path(__file__).parents[1] / "assets/toolbox_metrics.csv"
NEW = ("ce", "ei", "rmse", "nmi", "ncie", "q0", "qw", "qe", "qy", "qcb", "qcv")

# where both sources are flat under a window, rounding decides in the source which of them counts
DECIDED_BY_ROUNDING = {("24", "q0"), ("24", "qe"), ("24", "qy")}


def _published() -> Iterator[tuple[str, str, str, float]]:
    with VALUES.open() as lines:
        for row in csv.DictReader(line for line in lines if line[0] != "#"):
            yield row["dataset"], row["image"], row["metric"], float(row["value"])


def _crop(golden: Path, dataset: str, of: str, image: str) -> Tensor:
    with Image.open(golden / dataset / of / f"{image}.png") as stored:
        levels = np.array(stored.convert("L"))[30:190, 40:240]
    return torch.from_numpy(levels.copy())[None, None]


@pytest.mark.parametrize(
    "wanted", [("01", "FLIR_06795"), pytest.param((), marks=pytest.mark.slow)], ids=["two", "all"]
)
def test_every_metric_equals_its_source(golden_folder: Path, wanted: tuple[str, ...]) -> None:
    compared = set()
    for dataset, image, metric, value in _published():
        if wanted and image not in wanted:
            continue
        images: dict[str, Any] = {
            "infrared": _crop(golden_folder, dataset, "ir", image),
            "visible": _crop(golden_folder, dataset, "vi", image),
            "fused": _crop(golden_folder, dataset, "cddfuse-retrained", image),
        }
        name = metric.removeprefix("vifb_")
        protocol = "vifb" if metric != name else "cddfuse-py"
        found = evaluate(**images, names=[name], protocol=protocol)[name].item()
        near = 0.04 if (image, metric) in DECIDED_BY_ROUNDING else 1e-10
        assert math.isclose(found, value, rel_tol=near), (dataset, image, metric)
        compared.add((metric, image))
    assert len({metric for metric, _ in compared}) == 19
    assert len({image for _, image in compared}) == (len(wanted) or 10)


def test_a_copy_of_equal_sources_is_perfect(triple: Callable[..., dict[str, Tensor]]) -> None:
    image = triple(5, 64, 80)["visible"]
    found = evaluate(infrared=image, visible=image, fused=image, names=NEW)
    assert (found["ce"], found["rmse"], found["qcv"]) == (0, 0, 0)
    for name in ("nmi", "q0", "qw", "qe", "qy", "qcb"):
        best = METRICS.get(name).range[1]
        assert math.isclose(found[name].item(), best, rel_tol=1e-9), name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.integers(0, 200), span=st.integers(1, 55))
def test_values_lie_in_the_declared_range_and_do_not_depend_on_the_order_of_the_batch(
    seed: int, low: int, span: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    planes = torch.randint(low, low + span + 1, (3, 2, 1, 33, 47), generator=draw).to(torch.uint8)
    images = dict(zip(("infrared", "visible", "fused"), planes, strict=True))
    found = evaluate(**images, names=NEW)
    swapped = evaluate(**{name: plane.flip(0) for name, plane in images.items()}, names=NEW)
    for name in NEW:
        least, most = METRICS.get(name).range
        values = found[name][torch.isfinite(found[name])]
        assert bool(((values >= least) & (values <= most + 1e-9)).all()), name
        torch.testing.assert_close(found[name].flip(0), swapped[name], equal_nan=True, msg=name)


@pytest.mark.parametrize("level", [0, 90])
def test_images_of_one_level_give_a_number_or_nan_and_never_an_error(level: int) -> None:
    image = torch.full((1, 1, 32, 32), level, dtype=torch.uint8)
    found = evaluate(infrared=image, visible=image, fused=image, names=NEW)
    assert (found["ce"], found["ei"], found["rmse"]) == (0, 0, 0)
    assert all(math.isnan(found[name]) for name in ("qw", "qe", "qcb", "qcv"))
    assert math.isnan(found["ncie"]) == (level > 0)


def test_switches_that_came_later_leave_recorded_hashes_alone() -> None:
    assert protocol_hash("cddfuse-py") == "ea02884eeb33"
    assert len({protocol_hash(name) for name in ("cddfuse-py", "vifb", "tang-py")}) == 3
    assert PROTOCOLS["vifb"].colour == "bands"
