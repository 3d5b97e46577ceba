"""Released weights give what the original's own code gives, by numbers recorded from it.

Every file of `upstream/` has the names and shapes of the original's parameters, the seed of the
planted weights and images (see `planted`), and every 61st pixel of what its code returns.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate import models
from ablate.errors import ConfigError, StoreError
from ablate.models.contract import FusionNetwork
from ablate.models.released import read, renamed
from ablate.training.checkpoints import read_weights
from tests.planted import batch, weights

RECORDED = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("upstream").glob("*.json"))
}


def original(name: str) -> tuple[dict[str, Tensor], FusionNetwork]:
    """Return the planted state dict of an original, and the network here that follows it."""
    one = RECORDED[name]
    model = models.build({"name": name, **one["settings"]}).double().eval()
    return weights(dict(one["parameters"]), seed=one["seed"]), model


def raw_output(model: FusionNetwork, one: dict[str, Any]) -> Tensor:
    infrared, visible = batch(1, seed=one["seed"], crop=one["crop"])
    images = {"infrared": infrared, "visible": visible}
    with torch.no_grad():
        return model(**images) if "output" in one["settings"] else model.predict(**images)


@pytest.mark.parametrize("name", RECORDED)
def test_the_network_gives_what_the_original_gives(name: str) -> None:
    released, model = original(name)
    model.load_state_dict(renamed(released, model))
    found = raw_output(model, RECORDED[name]).flatten()[:: RECORDED[name]["every"]]
    expected = torch.tensor(RECORDED[name]["output"], dtype=torch.float64)
    # float64 throughout; the orders of summation differ
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_parts_and_the_prefix_of_several_devices_are_understood(tmp_path: Path) -> None:
    released, model = original("cddfuse")
    nested: dict[str, dict[str, Tensor]] = {}
    for name, value in released.items():
        part, _, rest = name.partition(".")
        nested.setdefault(part, {})[rest] = value
    torch.save(nested, tmp_path / "CDDFuse.pth")
    found = renamed(read(tmp_path / "CDDFuse.pth"), model)
    assert all(torch.equal(value, found[name]) for name, value in renamed(released, model).items())


def test_weights_of_other_settings_are_refused_in_one_line() -> None:
    released, _ = original("cddfuse")
    light = models.build({"name": "cddfuse", "width": 64, "blocks": 2, "heads": 8, "couplings": 3})
    with pytest.raises(
        ConfigError, match=r"base.attention.1.project.1.weight has \(192, 192, 3, 3\)"
    ):
        renamed(released, light)
    fixed = models.build({"name": "seafusion"})
    with pytest.raises(
        ConfigError, match=r"infrared.2.kernels is not one of this network"
    ) as error:
        renamed(original("seafusion")[0], fixed)
    assert "\n" not in str(error.value)


def test_a_layer_that_is_missing_or_strange_is_named() -> None:
    released, model = original("densefuse")
    del released["conv5.conv2d.bias"]
    with pytest.raises(ConfigError, match=r"decoder.3.bias is missing"):
        renamed(released, model)
    with pytest.raises(ConfigError, match=r"conv9.weight: no such layer in the original"):
        renamed({"conv9.weight": torch.zeros(1)}, model)
    with pytest.raises(ConfigError, match="UNet follows no release"):
        renamed(released, models.build({"name": "unet"}))


def test_a_file_that_holds_code_or_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": Path("x")}, path)
    with pytest.raises(ConfigError, match="not a file of weights"):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="not a file of weights"):
        read(path)
    torch.save([torch.zeros(1)], path)
    with pytest.raises(ConfigError, match="holds list, not weights by name"):
        read(path)


def test_a_training_starts_from_a_released_file(tmp_path: Path) -> None:
    released, model = original("seafusion")
    torch.save(released, tmp_path / "fusion_model.pth")
    read_weights(model, tmp_path / "fusion_model.pth")
    assert all(
        torch.equal(value, model.state_dict()[name])
        for name, value in renamed(released, model).items()
    )
    light = models.build({"name": "seafusion"})
    with pytest.raises(
        StoreError, match=r"fusion_model.pth: not the weights of this network"
    ) as error:
        read_weights(light, tmp_path / "fusion_model.pth")
    assert "\n" not in str(error.value)
