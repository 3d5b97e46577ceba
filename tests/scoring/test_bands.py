"""Colour images under a protocol that scores band by band."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ablate import metrics
from ablate.scoring.folders import gather
from ablate.scoring.scores import score


def _saved(folder: Path, values: np.ndarray) -> Path:
    folder.mkdir()
    Image.fromarray(values).save(folder / "a.png")
    return folder


def test_a_colour_image_has_the_mean_of_its_bands_and_a_grey_one_its_luminance(
    tmp_path: Path,
) -> None:
    draw = np.random.default_rng(0)
    visible, fused = (draw.integers(0, 256, (32, 40, 3), dtype=np.uint8) for _ in range(2))
    infrared = draw.integers(0, 256, (32, 40), dtype=np.uint8)
    names = ("qabf", "ce", "rmse")
    collection = gather(
        infrared=_saved(tmp_path / "ir", infrared),
        visible=_saved(tmp_path / "vi", visible),
        fused=[
            f"colour={_saved(tmp_path / 'colour', fused)}",
            f"grey={_saved(tmp_path / 'grey', fused[..., 0])}",
        ],
    )
    found = {
        (row.method, row.metric): row.value
        for row in score(collection, names=names, protocol="vifb").rows
    }
    luminance = {
        (row.method, row.metric): row.value
        for row in score(collection, names=names, protocol="cddfuse-py").rows
    }
    for name in names:
        bands = [
            metrics.evaluate(
                infrared=torch.tensor(infrared)[None, None],
                visible=torch.tensor(visible[..., band])[None, None],
                fused=torch.tensor(fused[..., band])[None, None],
                names=[name],
                protocol="vifb",
            )[name].item()
            for band in range(3)
        ]
        assert abs(found["colour", name] - np.mean(bands)) < 1e-12
    assert found["grey", "qabf"] == luminance["grey", "qabf"]
    assert found["colour", "qabf"] != luminance["colour", "qabf"]
