"""The study file: valid as it was written, with each value at one place."""

import shutil
from pathlib import Path

import pytest
import yaml

from ablate.adopting.found import find
from ablate.adopting.study import study
from ablate.adopting.table import COLUMNS, lines
from ablate.config.loading import load
from ablate.config.schema import StudyConfig
from ablate.settings.command import WITH_KEY, CommandSettings
from ablate.study.plan import make
from ablate.training.tasks.command.planting import plant
from tests.adopting.standins import COMMON, KINDS, made, write


def adopted(root: Path, folder: Path) -> StudyConfig:
    path = folder / "adopted.yaml"
    path.write_text(study(find(root), repo=str(root), name="adopted"), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_is_valid_and_its_values_have_places(tmp_path: Path, kind: str) -> None:
    root = made(tmp_path / "theirs", kind)
    config = adopted(root, tmp_path)
    names = set(config.varied)
    (weight,) = config.factors
    assert {one.name for one in config.varied.values()} == names
    assert len(names) == 2
    assert config.factors[weight].values == (10.0, 0.0, 20.0)
    assert len(make(config).trials) == 3
    section = CommandSettings.of(config.base["task"])
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    for name, value in section.values.items():
        place = section.settings[name]
        if place.kind in WITH_KEY:
            before = (copy / place.file).read_bytes()
            plant(copy, place, 77 if name == weight else value)
            assert name != weight or (copy / place.file).read_bytes() != before


def test_ranges_lie_around_the_value(tmp_path: Path) -> None:
    config = adopted(made(tmp_path / "theirs", "constants"), tmp_path)
    rate, weight = config.varied["lr"], config.varied["alpha"]
    assert (rate.low, rate.high, rate.log, rate.baseline) == (1e-5, 1e-3, True, 1e-4)
    assert (weight.low, weight.high, weight.log, weight.baseline) == (0, 40, False, 10)


FLAGS = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--text", default="[3, 0, 50]")
p.add_argument("--many", nargs="+", type=float, default=[1.0, 2.0])
p.add_argument("--one", type=float, default=[1, 100])
p.add_argument("--whole", type=int, default=20)
p.add_argument("--none", type=float, default=0.0)
a = p.parse_args()
for x in range(3):
    t1, t2, t3 = eval(a.text)
    loss = t1 * x + t2 * x + t3 * x + a.many[0] * x + a.one[1] * x + a.whole * x + a.none * x
    loss.backward()
"""


def test_every_kind_of_value_has_its_range(tmp_path: Path) -> None:
    root = write(tmp_path / "theirs", {**COMMON, "train.py": FLAGS})
    factors = {name: one.values for name, one in adopted(root, tmp_path).factors.items()}
    assert factors == {
        "text": ("[3, 0, 50]", "[0, 0, 50]", "[3, 0, 0]"),
        "many": ([1.0, 2.0], [0, 2.0], [1.0, 0]),
        "one_0": (1.0, 0.0, 2.0),  # type=float takes no list: the default of the flag is changed
        "one_1": (100.0, 0.0, 200.0),
        "whole": (20, 0, 40),
        "none": (0.0, 1.0),
    }


def test_what_is_known_stands_in_the_task(tmp_path: Path) -> None:
    task = adopted(made(tmp_path / "theirs", "argparse"), tmp_path).base["task"]
    assert task["run"] == ["python", "train.py"]
    assert task["smoke"] == {"n_epochs": 1}
    assert task["seed"] == {"flag": "--seed"}
    assert task["gives"]["checkpoint"] == {"save": "models/net_*.pth"}
    assert task["gives"]["images"]["from"] == "{out}/*.png"
    assert {
        name: task["values"][name] for name in ("path_ir", "path_vi", "path_save", "path_model")
    } == {
        "path_ir": "{infrared}",
        "path_vi": "{visible}",
        "path_save": "{out}",
        "path_model": "{checkpoint}",
    }
    (pattern,) = task["gives"]["metrics"].values()
    import re

    found = re.search(pattern, "Epoch 3, loss: 0.125000")
    assert found is not None
    assert (found["epoch"], found["loss"]) == ("3", "0.125000")


def test_the_settings_file_of_the_page_is_used(tmp_path: Path) -> None:
    root = made(tmp_path / "theirs", "yaml")
    text = study(find(root), repo="theirs", name="s")
    task = yaml.safe_load(text)["base"]["task"]
    assert task["run"] == ["python", "train.py", "-opt", "options/train.yml"]
    assert "other.yml" not in str(task)


def test_a_training_without_weights_is_still_a_study(tmp_path: Path) -> None:
    script = "for x in range(3):\n    loss = x\n    loss.backward()\n"
    config = adopted(write(tmp_path / "theirs", {"train.py": script}), tmp_path)
    assert not config.factors
    assert "EDIT" in (tmp_path / "adopted.yaml").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_fits_a_terminal(tmp_path: Path, kind: str) -> None:
    root = write(made(tmp_path, kind), {"a_long_folder/" * 6 + "x.py": "print 'x'"})
    assert all(len(line) <= COLUMNS for line in lines(find(root)))
