"""A published recipe descends as the original's own script does, by numbers recorded from it.

Every file of `upstream/` has the loss of the first 50 steps that a repository's own source took
from planted weights on planted images (see `tests.planted`), in float64 on a CPU, its commit, and
how much of its script was run. Where its network is not one of ours, a network of three
convolutions was trained by both, so that loss, optimiser, schedule and clipping are compared.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ablate import losses, models
from ablate.losses.total import FusionLoss
from ablate.models.contract import FusionNetwork
from ablate.models.released import NAMES, renamed
from ablate.settings.recipes import RECIPES
from ablate.settings.stages import FUSION, Stage
from ablate.settings.train import TrainSettings, in_steps
from ablate.training.fusion import fusion_output, objective_output
from ablate.training.optimisation import Optimisation
from tests.planted import batch, weights

RECORDED = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("upstream").glob("*.json"))
}


class ThreeLayers(FusionNetwork):
    """The network that stands for those of which there is none here."""

    source = "tests"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(8, 1, 3, padding=1),
        )

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        predicted: Tensor = self.layers(torch.cat([infrared, visible], dim=1))
        return predicted


def network(name: str) -> FusionNetwork:
    """Return the network of a recipe with the planted weights, in float64."""
    planted = weights(dict(RECORDED[name]["parameters"]), seed=RECORDED[name]["seed"])
    settings = {**RECIPES[name].model, **RECORDED[name].get("model", {})}
    if "name" not in settings:
        model: FusionNetwork = ThreeLayers().double()
        model.load_state_dict(planted)
        return model
    model = models.build({k: v for k, v in settings.items() if k != "last_layer"}).double()
    assert type(model) in NAMES
    model.load_state_dict(renamed(planted, model))
    return model


def optimisation(name: str, **changed: Any) -> Optimisation:
    values = {**RECIPES[name].values, **changed}
    items = RECORDED[name].get("steps_per_epoch", 5) * values["batch_size"]
    return Optimisation(network(name), TrainSettings.of(in_steps(values, items=items)))


def first_losses(name: str, made: Optimisation, *, steps: int) -> list[float]:
    one, taken = RECORDED[name], []
    of_stage: dict[int, FusionLoss] = {}

    def loss_of(stage: Stage) -> FusionLoss:
        return losses.build({**losses.canonical(RECIPES[name].loss), **stage.loss})

    for step in range(1, steps + 1):
        stage = made.begin(step)
        loss = of_stage.setdefault(stage.first, loss_of(stage))
        images = (
            each[: one.get("batch", 2)] for each in batch(step, seed=one["seed"], crop=one["crop"])
        )
        if stage.objective == FUSION:
            output = fusion_output(made, loss, *images)
        else:
            output = objective_output(made, stage.objective, loss, *images)
        made.step(output.loss)
        taken.append(float(output.value))
        made.end()
    return taken


@pytest.mark.parametrize("name", RECORDED)
def test_the_losses_of_the_first_steps_are_those_of_the_original(name: str) -> None:
    found = first_losses(name, optimisation(name), steps=len(RECORDED[name]["losses"]))
    # float64; some repositories round their windows to float32, and the orders of summation differ
    assert found == pytest.approx(RECORDED[name]["losses"], rel=1e-5)


def test_the_moving_average_is_that_of_the_original() -> None:
    made = optimisation("swinfusion")
    first_losses("swinfusion", made, steps=50)
    for model, kind in ((made.scored, "ema"), (made.model, "raw")):
        found = [float(parameter.detach().square().sum()) for parameter in model.parameters()]
        assert found == pytest.approx(RECORDED["swinfusion"]["squares"][kind], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "changed", "steps"),
    [
        ("seafusion", {"decay_factor": 0.8}, 7),
        ("cddfuse", {"clip_by": "network"}, 3),
        ("tc_moa", {"decayed": "all"}, 50),
        ("tc_moa", {"beta2": 0.999}, 20),
    ],
)
def test_another_recipe_is_told_apart(name: str, changed: dict[str, Any], steps: int) -> None:
    found = first_losses(name, optimisation(name, **changed), steps=steps)
    assert found != pytest.approx(RECORDED[name]["losses"][:steps], rel=1e-9)
