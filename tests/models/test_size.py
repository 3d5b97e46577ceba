"""The parameters that a plan tells are those of the network that is built."""

from typing import Any

import pytest
import torch

from ablate import models
from ablate.models.contract import parameter_count
from ablate.models.size import ORIGINALS, size_of

SETTINGS: list[dict[str, Any]] = [
    {"name": "densefuse", "width": 5},
    {"name": "seafusion", "width": 6},
    {"name": "seafusion", "width": 6, "sobel": "trained"},
    {"name": "unet", "width": 8, "depth": 1},
    {"name": "unet", "width": 4, "depth": 3},
    {"name": "restormer", "width": 8, "depth": 1, "blocks": 2, "heads": 2},
    {
        "name": "restormer",
        "width": 6,
        "depth": 2,
        "blocks": [1, 3, 2],
        "heads": [1, 3, 4],
        "refine": 5,
    },
    {"name": "cddfuse", "width": 16, "blocks": 1, "heads": 2, "couplings": 2},
    {"name": "cddfuse", "width": 12, "blocks": 2, "heads": 3, "couplings": 1, "form": "published"},
]


def built(settings: dict[str, Any]) -> int:
    with torch.device("meta"):
        return parameter_count(models.build(settings))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_count_is_that_of_the_network(settings: dict[str, Any]) -> None:
    size = size_of(settings)
    assert size is not None
    assert size.parameters == built(settings)


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_settings_of_an_original_give_its_parameters(name: str) -> None:
    uncalled = 226 if name == "seafusion" else 0  # batch norms that upstream never calls
    settings = {"name": name, **ORIGINALS[name].settings}
    assert built(settings) == ORIGINALS[name].parameters - uncalled
    size = size_of(settings)
    assert size is not None
    assert size.parameters == built(settings)


def test_a_network_of_a_plug_in_has_no_size() -> None:
    assert size_of({"name": "mine"}) is None
