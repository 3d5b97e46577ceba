"""Colour images under a protocol that scores band by band."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ablate import metrics
from ablate.data import decode
from ablate.errors import UnknownNameError
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


def test_under_mefb_grey_sources_are_compared_with_the_first_band(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    fused = draw.integers(0, 256, (48, 48, 3), dtype=np.uint8)
    sources = [draw.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(2)]
    collection = gather(
        infrared=_saved(tmp_path / "ir", sources[0]),
        visible=_saved(tmp_path / "vi", sources[1]),
        fused=[
            f"colour={_saved(tmp_path / 'colour', fused)}",
            f"first={_saved(tmp_path / 'first', fused[..., 0])}",
        ],
    )
    for protocol, is_same in (("mefb", True), ("vifb", False)):
        rows = score(collection, names=("ce", "qabf"), protocol=protocol).rows
        found = {(row.method, row.metric): row.value for row in rows}
        for name in ("ce", "qabf"):
            assert (found["colour", name] == found["first", name]) == is_same


def test_mef_ssim_is_of_the_luminance_under_every_protocol(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    folders = [
        _saved(tmp_path / name, draw.integers(0, 256, (48, 48, 3), dtype=np.uint8))
        for name in ("under", "over", "fused")
    ]
    collection = gather(infrared=folders[0], visible=folders[1], fused=[str(folders[2])])
    values = {
        row.value
        for protocol in ("mefb", "cddfuse-py")
        for row in score(collection, names=("mef_ssim",), protocol=protocol).rows
        if row.method == "fused"
    }
    assert len(values) == 1


@pytest.mark.parametrize("protocol", ["vifb", "cddfuse-py"])
def test_every_file_is_decoded_once_for_its_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    draw = np.random.default_rng(3)
    infrared, visible, colour = (
        _saved(tmp_path / name, draw.integers(0, 256, (32, 40, *bands), dtype=np.uint8))
        for name, bands in (("ir", ()), ("vi", (3,)), ("colour", (3,)))
    )
    grey = _saved(tmp_path / "grey", draw.integers(0, 256, (32, 40), dtype=np.uint8))
    collection = gather(infrared=infrared, visible=visible, fused=[str(grey), str(colour)])
    read: list[Path] = []
    pixels = decode._pixels

    def counted(path: Path) -> Any:
        read.append(path)
        return pixels(path)

    monkeypatch.setattr(decode, "_pixels", counted)
    score(collection, names=("en",), protocol=protocol)
    assert sorted(read) == sorted(folder / "a.png" for folder in (infrared, visible, grey, colour))


def test_an_unknown_protocol_is_refused_in_one_line(tmp_path: Path) -> None:
    image = np.zeros((32, 40), dtype=np.uint8)
    folders = [_saved(tmp_path / name, image) for name in ("ir", "vi", "fused")]
    collection = gather(infrared=folders[0], visible=folders[1], fused=[str(folders[2])])
    with pytest.raises(UnknownNameError, match="'mfib'; did you mean 'mfifb'") as told:
        score(collection, names=("en",), protocol="mfib")
    assert "\n" not in str(told.value)
