"""`ablate check` of a repository finds a setting that nothing reads, and a seed of its own."""

from pathlib import Path

import pytest

from ablate import config
from ablate.contracts.commands import faults
from ablate.study.names import known
from tests import standins
from tests.e2e.test_command import write_study


def test_a_dead_setting_and_a_fixed_seed_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {"alpha": {"constant": "train.py:alpha"}, "dead": {"constant": "train.py:unused"}}
    repo = write_study(
        tmp_path,
        "constants",
        settings={**settings, "epochs": {"constant": "train.py:epochs"}},
        values={"alpha": 0.7, "dead": 5.0, "epochs": 1},
    )
    (repo / "train.py").write_text(
        "import numpy\nnumpy.random.seed(0)\n" + standins.TRAIN["constants"]["train.py"]
    )
    said: list[str] = []
    study = config.load("mine", [], known=known())
    seed, dead = faults(study, say=said.append)
    assert seed.startswith("studies/mine.yaml: task.seed: two seeds give the same")
    assert "task.settings.dead: 10.0 changes nothing" in dead
    assert "  no image of val or test lies in train" in said
    assert "    alpha = 0.7 -> constant train.py:alpha" in said
    assert "    one seed repeats, bit for bit" in said
    assert sum(line.lstrip()[:1].isdigit() for line in said) == 7  # a line for every short run


def test_the_last_lines_of_a_run_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = write_study(tmp_path, "argparse")
    (repo / "train.py").write_text("print('first')\nraise SystemExit('no GPU')\n")
    said: list[str] = []
    (fault,) = faults(config.load("mine", [], known=known()), say=said.append)
    assert fault.startswith("studies/mine.yaml: task.run: train.py --alpha 0.7")
    assert fault.endswith("ended with exit code 1; its last lines: no GPU")
    assert said[-2:] == ["    | first", "    | no GPU"]
