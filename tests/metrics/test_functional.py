"""Every metric as a function of its name."""

import inspect

import pytest
import torch

import ablate.metrics
from ablate.errors import DataError, ShapeError
from ablate.metrics import ALL_NAMES, METRICS, evaluate


def images(side: int = 176) -> dict[str, torch.Tensor]:
    drawn = torch.rand(3, 2, 1, side, side, generator=torch.Generator().manual_seed(0))
    return dict(zip(("infrared", "visible", "fused"), drawn, strict=True))


@pytest.mark.parametrize("name", ALL_NAMES)
def test_its_value_is_that_of_evaluate(name: str) -> None:
    function = getattr(ablate.metrics, name)
    some = images()
    wanted = evaluate(
        infrared=some["infrared"],
        visible=some["visible"],
        fused=some["fused"],
        names=[name],
        protocol="tang-py",
    )[name]
    torch.testing.assert_close(
        function(**some, protocol="tang-py"), wanted, rtol=0, atol=0, equal_nan=True
    )


@pytest.mark.parametrize("name", ALL_NAMES)
def test_its_help_says_range_direction_and_source(name: str) -> None:
    text = inspect.getdoc(getattr(ablate.metrics, name)) or ""
    metric = METRICS.get(name)
    assert f"{metric.better} is better" in text
    assert metric.source in text
    assert text.startswith((inspect.getdoc(metric) or "?").split("\n", 1)[0])
    assert name in dir(ablate.metrics)


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ShapeError, match="too small"):
        ablate.metrics.vif(**images(8))
    with pytest.raises(DataError, match=r"must lie in \[0, 1\]"):
        ablate.metrics.qabf(**{**images(32), "fused": images(32)["fused"] * 255})
    with pytest.raises(AttributeError, match="no attribute 'qbaf'"):
        ablate.metrics.qbaf  # noqa: B018  # an attribute that is not there
