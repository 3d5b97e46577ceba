"""`ablate.score`: two sources of any name, as the command takes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ablate
from ablate.errors import ConfigError, UnknownNameError


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Return folders of two images each: near, far, fused."""
    draw = np.random.default_rng(0)
    for name in ("near", "far", "fused"):
        (tmp_path / name).mkdir()
        for stem in "ab":
            levels = draw.integers(0, 256, (48, 56), dtype=np.uint8)
            Image.fromarray(levels).save(tmp_path / name / f"{stem}.png")
    return {name: tmp_path / name for name in ("near", "far", "fused")}


def test_two_sources_of_any_name_give_the_values_of_the_usual_ones(
    folders: dict[str, Path],
) -> None:
    near, far, fused = folders.values()
    wanted: dict[str, Any] = {
        "fused": {"mine": fused},
        "metrics": ["qabf", "Qp"],
        "protocol": "mfifb",
    }
    usual = ablate.score(infrared=near, visible=str(far), **wanted)
    named = ablate.score(sources={"near": str(near), "far": far}, **wanted)
    assert named.equals(usual)
    assert list(named.columns) == ["method", "image", "metric", "value", "protocol"]
    assert len(named) == 2 * 2
    assert set(named["method"]) == {"mine"}


def test_the_order_of_the_names_is_that_of_the_sources(folders: dict[str, Path]) -> None:
    near, far, fused = folders.values()
    wanted: dict[str, Any] = {
        "fused": fused,
        "metrics": ["qc"],
        "protocol": "mefb",
    }  # not symmetric there
    one = ablate.score(sources={"near": near, "far": far}, **wanted)
    other = ablate.score(sources={"far": far, "near": near}, **wanted)
    assert not np.allclose(one["value"], other["value"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "two sources are needed, got none"),
        ({"infrared": "near"}, "two sources are needed, got infrared"),
        ({"infrared": "near", "sources": {"a": "near", "b": "far"}}, "stands instead of infrared"),
        ({"sources": {"near": "near"}}, "must name two sources"),
        ({"sources": {"near": "near", "fused": "far"}}, "fused"),
    ],
)
def test_other_than_two_sources_are_refused_in_one_line(
    folders: dict[str, Path], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError) as error:
        ablate.score(fused=folders["fused"], **given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_protocol_is_refused_in_one_line(folders: dict[str, Path]) -> None:
    near, far, fused = folders.values()
    with pytest.raises(UnknownNameError, match="'mefbb'; did you mean 'mefb'") as error:
        ablate.score(infrared=near, visible=far, fused=fused, protocol="mefbb")
    assert "\n" not in str(error.value)
