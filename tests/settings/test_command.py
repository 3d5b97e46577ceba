"""The section of a study that runs commands: what it says, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from ablate.errors import ConfigError
from ablate.settings.command import CommandSettings, DataPlace, Place, length_of
from tests.standins import KINDS, section

FINE = section(Path("repo"), "argparse")


def test_a_section_is_read() -> None:
    read = CommandSettings.of({**FINE, "seed": {"flag": "--seed"}, "values": {"lr": 0.5}})
    assert read.run == (("python", "train.py"),)
    assert read.settings["lr"] == Place(kind="flag", at="--lr")
    assert read.seed == Place(kind="flag", at="--seed")
    assert read.data["train"] == DataPlace(infrared="data/train/ir", visible="data/train/vi")
    assert read.planted({"steps": 3}) == {"lr": 0.5}


@pytest.mark.parametrize("kind", KINDS)
def test_every_stand_in_has_a_section(kind: str) -> None:
    assert CommandSettings.of(section(Path("repo"), kind)).settings


def test_a_setting_of_the_study_has_its_value() -> None:
    read = CommandSettings.of({**FINE, "settings": {"train.steps": {"flag": "--n"}}, "values": {}})
    assert read.planted({"steps": 3}) == {"train.steps": 3}


def test_values_in_mappings_have_dotted_names() -> None:
    read = CommandSettings.of(
        {**FINE, "settings": {"loss.a": {"hydra": "loss.a"}}, "values": {"loss": {"a": 2}}}
    )
    assert read.planted({}) == {"loss.a": 2}


def test_edits_are_places_and_what_stands_there() -> None:
    edits = {"train.py": {"main.lr": 1, "net#2": "None"}, "a.json:x.0": 2}
    assert CommandSettings.of({**FINE, "edits": edits}).edits == {
        Place(kind="code", at="train.py:main.lr"): 1,
        Place(kind="code", at="train.py:net#2"): "None",
        Place(kind="file", at="a.json:x.0"): 2,
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rn": []}, "task.rn: no such setting; did you mean 'run'?"),
        ({"run": "python train.py"}, "task.run: must be a list of words"),
        ({"repo": None}, "task.repo: must be a text; set it"),
        (
            {"settings": {"lr": {"flg": "--lr"}}, "values": {}},
            "no such place; did you mean 'flag'?",
        ),
        ({"settings": {"lr": "--lr"}, "values": {}}, "task.settings.lr: must say one place"),
        ({"settings": {"lr": {"constant": "lr"}}, "values": {}}, "must be FILE:NAME"),
        ({"settings": {"lr": {"file": "a.txt:lr"}}, "values": {}}, "a.txt: must be one of .yaml"),
        ({"settings": {"lr": {"file": "../a.yaml:lr"}}, "values": {}}, "a path inside"),
        ({"settings": {"lr": {"flag": "--lr", "stage": 3}}, "values": {}}, "run has 1 commands"),
        ({"values": {"lrr": 1}}, "task.values.lrr: no such setting; did you mean 'lr'?"),
        ({"smoke": {"epoch": 1}}, "task.smoke.epoch: no such setting; did you mean 'epochs'?"),
        ({"variant": "new"}, "task.variant: no variant is called 'new'"),
        ({"variants": {"a": {}}}, "task.variants.a: must be {patch: FILE} or {ref: COMMIT}"),
        ({"variants": {"a": {"ref": "--exec"}}}, "is not a commit, tag or branch"),
        ({"data": {"train": "/data"}}, "/data/ir: must be a path inside the repository"),
        ({"data": {"trains": "data"}}, "task.data.trains: no such setting"),
        ({"edits": {"train.py": 3}}, "task.edits.train.py: must be FILE:NAME"),
        ({"edits": {"a.txt": {"lr": 3}}}, "task.edits.a.txt:lr: a.txt: must be one of .yaml"),
        ({"gives": {}}, "task.gives.images: must say command and from"),
        ({"limit_s": 0}, "task.limit_s: must be seconds above 0"),
    ],
)
def test_what_is_wrong_is_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        CommandSettings.of({**FINE, **more})
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "said"), [("(", "is not a regular expression"), ("loss", "has no named group")]
)
def test_a_pattern_names_what_it_finds(pattern: str, said: str) -> None:
    gives = {**FINE["gives"], "metrics": {"stdout": pattern}}  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match=said):
        CommandSettings.of({**FINE, "gives": gives})


def test_all_errors_are_said_together() -> None:
    with pytest.raises(ConfigError) as error:
        CommandSettings.of({"name": "command", "run": []})
    assert len(error.value.faults) == 3


@pytest.mark.parametrize(
    ("smoke", "found"),
    [
        ({"epochs": 2}, ("epochs", 2, 9)),
        ({"epochs": 2, "lr": 0.5, "mode": "x"}, ("epochs", 2, 9)),
        ({"epochs": 2, "width": 1}, None),  # which of both?
        ({"epochs": 10}, None),  # longer than the study's
        ({"lr": 1}, None),
        ({}, None),
    ],
)
def test_the_length_of_a_training(
    smoke: dict[str, Any], found: tuple[str, int, int] | None
) -> None:
    values = {"epochs": 9, "width": 8, "lr": 0.5, "mode": "y"}
    assert length_of({"values": values, "smoke": smoke}) == found
