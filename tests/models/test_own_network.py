"""A user's network is one registered file: checked, trained and counted like the packaged ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from ablate import config, models
from ablate.errors import ConfigError
from ablate.models.contract import MODELS, FusionNetwork
from ablate.study.names import known
from ablate.study.plan import make
from ablate.training.loop import train

STUDY: dict[str, Any] = {
    "title": "My network",
    "phases": {"compare": {"design": "baseline_only", "seeds": 1}},
    "base": {
        "data": {
            "name": "synthetic",
            "crop": 32,
            "size": [40, 44],
            "pairs": {"train": 2, "val": 1, "test": 1},
        },
        "model": {"name": "average", "gain": 2.0},
        "train": {"steps": 4, "batch_size": 1, "gallery": 0},
        "loss": {"levels": 1},
        "metrics": {"names": ["qabf"]},
    },
}


class Quiet:
    def metrics(self, values: Mapping[str, float], *, step: int) -> None: ...
    def image(self, name: str, path: Path, *, step: int) -> None: ...
    def report(self, value: float, *, step: int) -> bool:
        return False


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> type[FusionNetwork]:
    """Register a network for one test."""
    models.build({"name": "densefuse"})  # so that the packaged ones are there
    monkeypatch.setattr(MODELS, "_members", dict(MODELS._members))
    monkeypatch.setattr(MODELS, "_places", dict(MODELS._places))

    @MODELS.register("average")
    class Average(FusionNetwork):
        """A weighted mean; the weight is learnt."""

        source = "this test"
        smallest_px = 3
        multiple_px = 4

        def __init__(self, *, gain: float = 1.0) -> None:
            super().__init__()
            self.gain = gain
            self.share = nn.Conv2d(2, 1, 3, padding=1)

        def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
            assert infrared.shape[-1] % 4 == 0
            share = torch.sigmoid(self.gain * self.share(torch.cat([infrared, visible], dim=1)))
            return share * infrared + (1 - share) * visible

    return Average


def load(tmp_path: Path, **model: object) -> config.StudyConfig:
    file = tmp_path / "mine.yaml"
    study = {**STUDY, "base": {**STUDY["base"], "model": {**STUDY["base"]["model"], **model}}}
    file.write_text(yaml.safe_dump(study))
    return config.load(file, (), known=known())


def test_it_is_planned_trained_scored_and_counted(own: type[FusionNetwork], tmp_path: Path) -> None:
    [trial] = make(load(tmp_path)).trials
    assert trial.runs[0].settings["model"] == {"name": "average", "gain": 2.0}
    result = train(trial.runs[0], Quiet(), folder=tmp_path)
    assert (result.state, result.reason) == ("finished", "")
    assert 0 <= result.metrics["test/qabf"] <= 1
    assert result.facts["parameters"] == 2 * 9 + 1
    assert result.facts["gmacs"] == 32 * 32 * 18 / 1e9
    assert result.facts["gflops"] == 2 * 32 * 32 * 18 / 1e9
    assert result.facts["gflops_of_px"] == [32, 32]


def test_its_settings_are_checked_with_its_signature(
    own: type[FusionNetwork], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"base.model.gian: no such setting"):
        load(tmp_path, gian=1.0)


def test_a_name_is_registered_once_and_both_places_are_shown(own: type[FusionNetwork]) -> None:
    with pytest.raises(ConfigError, match=r"'average' is already taken by .*Average"):
        MODELS.register("average")(type("Other", (FusionNetwork,), {}))
