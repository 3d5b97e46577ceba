"""Several methods on the same sources: the same values, the sources analysed once."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.errors import ShapeError
from ablate.metrics import ALL_NAMES, PROTOCOLS, evaluate, evaluate_methods
from ablate.metrics import _vif as vif

Make = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_methods_score_exactly_as_each_alone(
    triple: Make, protocol: str, dtype: torch.dtype
) -> None:
    images = triple(0, 161, 170)
    fused = {"a": images.pop("fused"), "b": triple(1, 161, 170)["fused"], "c": images["visible"]}
    options: dict[str, Any] = {"names": ALL_NAMES, "protocol": protocol, "dtype": dtype}
    together = evaluate_methods(**images, fused=fused, **options)
    assert list(together) == ["a", "b", "c"]
    for method, image in fused.items():
        for name, value in evaluate(**images, fused=image, **options).items():
            torch.testing.assert_close(
                together[method][name], value, rtol=0, atol=0, equal_nan=True, msg=name
            )


def test_batches_of_several_images_do_not_mix(triple: Make) -> None:
    pairs = [triple(seed) for seed in range(3)]
    batch: dict[str, Any] = {key: torch.cat([pair[key] for pair in pairs]) for key in pairs[0]}
    fused = {"a": batch.pop("fused"), "b": batch["visible"] // 2}
    for method, scores in evaluate_methods(**batch, fused=fused).items():
        for name, value in evaluate(**batch, fused=fused[method]).items():
            assert torch.equal(scores[name], value), (method, name)


def test_sources_are_analysed_once_for_all_methods(
    triple: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = triple(0)
    fused = images.pop("fused")
    calls: list[int] = []
    plain = vif._images

    def counting(plane: Tensor, *, dtype: torch.dtype) -> object:
        calls.append(1)
        return plain(plane, dtype=dtype)

    monkeypatch.setattr(vif, "_images", counting)
    evaluate_methods(**images, fused={str(n): fused for n in range(4)}, names=["vif"])
    assert len(calls) == 2 + 4


def test_a_method_of_another_size_is_refused(triple: Make) -> None:
    images = triple(0)
    fused = images.pop("fused")
    with pytest.raises(ShapeError, match="differ in shape"):
        evaluate_methods(**images, fused={"a": fused, "b": fused[..., 1:]})
