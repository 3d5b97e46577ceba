"""What a report leaves unsaid of a network is what its settings have by default."""

from dataclasses import fields

from ablate.analysis.answers import network_of
from ablate.models.unet import UNetSettings
from ablate.settings.network import usual

USUAL = {"activation": "leaky_relu", "initialisation": "torch", "last_layer": "zero"}


def test_what_is_left_unsaid_is_the_default() -> None:
    defaults = {one.name: one.default for one in fields(UNetSettings)}
    assert {name: defaults[name] for name in USUAL} == USUAL == usual()
    model = {"name": "unet", "width": 8, "output": "mean", **USUAL}
    assert network_of({"model": model}) == "unet (width 8, output mean)"
    assert network_of({"model": {**model, "last_layer": "drawn"}}) == (
        "unet (width 8, output mean, last_layer drawn)"
    )
