"""The losses as plain functions: the values of the modules, with the settings of a study."""

import inspect
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate import losses
from ablate.config.defaults import trial_defaults
from ablate.errors import ConfigError, ShapeError
from ablate.losses.catalogue.contract import CATALOGUE


def images(seed: int = 0) -> dict[str, Tensor]:
    drawn = torch.rand(3, 2, 1, 32, 40, generator=torch.Generator().manual_seed(seed))
    return dict(zip(("fused", "infrared", "visible"), drawn, strict=True))


def test_the_loss_of_the_paper_is_the_mean_over_levels_and_axes() -> None:
    """Written out with convolutions, one level."""
    pair = images()
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    expected = torch.zeros(())
    for taps in (kernel, kernel.mT):
        fused, infrared, visible = (
            torch.nn.functional.conv2d(image, taps[None, None], padding=1)
            for image in pair.values()
        )
        target = torch.where(infrared.abs() > visible.abs(), infrared, visible)
        expected = expected + (fused - target).abs().mean()
    torch.testing.assert_close(losses.gradient_loss(**pair, levels=1), expected)


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_a_preset_gives_the_value_of_the_module(name: str) -> None:
    pair = images(1)
    module = losses.build({"preset": name})
    whole = module(**pair)
    torch.testing.assert_close(losses.fusion_loss(**pair, preset=name), whole, rtol=0, atol=0)
    term = losses.gradient_loss(**pair, preset=name)
    torch.testing.assert_close(term, module.last_terms["gradient"], rtol=0, atol=0)


def test_gradients_reach_the_fused_image() -> None:
    pair = images(2)
    leaf = pair["fused"].requires_grad_()
    losses.gradient_loss(leaf, pair["infrared"], pair["visible"], sign="free").backward()
    assert leaf.grad is not None
    assert bool(leaf.grad.any())


def test_the_signature_has_the_settings_with_the_defaults_of_a_study() -> None:
    written = trial_defaults()["loss"]
    shown = {
        name: one.default
        for function in (losses.gradient_loss, losses.fusion_loss)
        for name, one in inspect.signature(function).parameters.items()
        if one.kind is one.KEYWORD_ONLY
    }
    assert set(written) - set(shown) == {"norm", "lambda_policy", "warmup_steps"}
    assert {name: shown[name] for name in written if name in shown}.items() <= written.items()
    assert "ssim_weight" not in inspect.signature(losses.gradient_loss).parameters


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ratoi": 0.5}, "did you mean 'ratio'"),
        ({"ratio": 0.995}, "above 0 and at most 0.99, got 0.995"),
        ({"levels": [3]}, "must be a whole number"),
        ({"norm": "grad"}, "norm: no such setting"),
        ({"ssim_weight": 1.0}, "ssim_weight: no such setting"),
    ],
)
def test_a_wrong_setting_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        losses.gradient_loss(**images(), **given)


def test_images_of_other_shapes_are_refused() -> None:
    pair = images()
    with pytest.raises(ShapeError, match="one shape"):
        losses.gradient_loss(pair["fused"][..., 1:], pair["infrared"], pair["visible"])


def test_nothing_of_the_images_is_held() -> None:
    module = losses.build({})
    losses.gradient_loss(**images())
    from ablate.losses.functional import _module

    assert _module(()).gradient._kept._last is None
    assert module.gradient.weights == _module(()).gradient.weights


def test_the_package_is_imported_without_torch() -> None:
    code = "import sys, ablate.losses, ablate.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
