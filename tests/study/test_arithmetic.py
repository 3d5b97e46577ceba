"""Precision, layout and graph are settings like others: checked, recorded, equal over a study."""

from pathlib import Path

import pytest

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError, StoreError
from ablate.settings.network import NetworkSettings
from ablate.settings.setting import absent_of
from ablate.settings.train import TrainSettings
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, make
from ablate.study.recipes import identity_of


def study(*words: str) -> StudyConfig:
    return config.load("quickstart", [*words, "executor=inline"])


def planned(*words: str) -> Plan:
    return make(study(*words))


def test_what_is_plain_has_the_identity_of_what_is_left_out() -> None:
    said = planned("train.layout=nchw", "train.graph=never", "model.output=sigmoid")
    assert said.config.base["train"]["layout"] == "nchw"
    train = {"steps": 9, "batch_size": 2}
    assert identity_of({"train": {**train, **absent_of(TrainSettings)}}) == {"train": train}
    model = {"name": "unet", "width": 4}
    assert identity_of({"model": {**model, **absent_of(NetworkSettings)}}) == {"model": model}
    told = identity_of(said.config.base)
    assert "layout" not in told["train"]
    assert "output" not in told["model"]
    assert identity_of({"data": {"root": "/x", "small": None}}) == {"data": {"small": None}}


@pytest.mark.parametrize(
    "word", ["train.layout=channels_last", "train.graph=auto", "train.precision=bf16"]
)
def test_what_is_not_plain_is_another_arm_and_another_design(word: str) -> None:
    plain, other = planned(), planned(word)
    assert other.design_hash != plain.design_hash
    section, _, setting = word.partition("=")[0].partition(".")
    for one, theirs in zip(plain.trials, other.trials, strict=True):
        assert one.arm_id != theirs.arm_id
        assert all(
            spec.settings[section][setting] == word.partition("=")[2] for spec in theirs.runs
        )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["train.layout=chanels_last"], "did you mean 'channels_last'"),
        (["train.graph=allways"], "did you mean 'always'"),
        (["train.graph=always"], "always needs train.device=cuda, got cpu; use auto or never"),
        (["train.graph=true"], "must be a name"),
    ],
)
def test_what_cannot_be_is_refused_when_the_study_is_read(words: list[str], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        study(*words)
    assert text in str(caught.value)


@pytest.mark.parametrize("word", ["train.layout=channels_last", "train.graph=auto"])
def test_a_study_that_was_begun_goes_on_with_no_other(tmp_path: Path, word: str) -> None:
    begun = {"design_hash": planned().design_hash, "data_hash": "d"}
    Ledger(tmp_path / "quickstart").start(begun)
    Ledger(tmp_path / "quickstart").start(
        {**begun, "design_hash": planned("train.graph=never").design_hash}
    )
    with pytest.raises(StoreError, match="another design"):
        Ledger(tmp_path / "quickstart").start({**begun, "design_hash": planned(word).design_hash})
