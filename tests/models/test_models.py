from typing import Any

import pytest
import torch

from ablate import models
from ablate.errors import ConfigError, UnknownNameError
from ablate.models.contract import parameter_count
from ablate.models.probe import Probe, ProbeSettings


def test_unknown_names_and_settings_are_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'densefuse'"):
        models.build({"name": "densfuse"})
    with pytest.raises(ConfigError, match=r"model.widht: no such setting .* 'width'"):
        models.build({"name": "densefuse", "widht": 3})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "densefuse", "width": 0}, "model.width: must be a whole number from 1 to 4096"),
        ({"name": "seafusion", "width": 0}, "model.width: must be a whole number from 1 to 4096"),
        ({"name": "unet", "depth": 0}, "model.depth: must be a whole number from 1 to 6, got 0"),
        ({"name": "restormer", "width": 1}, "model.width: must be a whole number from 2 to 4096"),
        ({"name": "restormer", "width": 8, "heads": 3}, "model.heads: 3 does not divide the 8"),
        ({"name": "cddfuse", "width": 7}, "model.width: must be even, got 7"),
    ],
)
def test_a_setting_out_of_range_is_one_line(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        models.build(settings)
    assert str(error.value).startswith(told)
    assert "\n" not in str(error.value)


def test_two_wrong_settings_are_told_together() -> None:
    with pytest.raises(ConfigError) as error:
        models.build({"name": "unet", "width": 0, "depth": -1})
    assert len(error.value.faults) == 2


def test_the_published_width_has_the_parameters_that_the_formula_gives() -> None:
    width = 16
    encoder = (9 * width + width) + sum(9 * width * k * width + width for k in (1, 2, 3))
    decoder = sum(
        9 * inputs * outputs + outputs
        for inputs, outputs in [(64, 64), (64, 32), (32, 16), (16, 1)]
    )
    assert parameter_count(models.build({"name": "densefuse"})) == encoder + decoder


def test_the_probe_starts_at_the_mean_and_its_noise_follows_the_seed() -> None:
    infrared, visible = torch.rand(2, 3, 1, 16, 16)
    starts = []
    for seed in (1, 1, 2):
        probe = Probe(ProbeSettings(noise=0.01))
        probe.start(
            infrared=infrared, visible=visible, generator=torch.Generator().manual_seed(seed)
        )
        starts.append(probe(infrared=infrared, visible=visible).detach())
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])
    assert float((starts[0] - (infrared + visible) / 2).abs().mean()) < 0.02
