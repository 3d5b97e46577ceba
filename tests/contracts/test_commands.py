"""`ablate check` of a repository finds a setting that nothing reads, and a seed of its own."""

from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.contracts import commands, short_runs
from ablate.contracts.commands import faults
from ablate.study.names import known
from ablate.training.tasks.command.running import fit
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


def test_the_first_run_fuses_both_splits_and_those_after_it_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, "argparse", values={"alpha": 0.7, "lr": 0.5, "epochs": 1})
    splits: list[tuple[str, ...]] = []

    def noted(run: Any, *words: Any, **more: Any) -> Any:
        splits.append(run.splits)
        return fit(run, *words, **more)

    monkeypatch.setattr(short_runs, "fit", noted)
    assert faults(config.load("mine", [], known=known()), say=lambda line: None) == []
    assert splits == [("val", "test"), *[("val",)] * 6]


def test_one_that_fails_ends_those_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = write_study(
        tmp_path, "argparse", values={"alpha": 0.7, "lr": 0.5, "epochs": 1}, smoke={"lr": 0.5}
    )
    waits = "if a.lr != 0.5: import time; time.sleep(600)\n"
    refuses = "if a.alpha == 0.2: raise SystemExit('alpha is refused')\n"
    (repo / "train.py").write_text((repo / "train.py").read_text() + refuses + waits)
    monkeypatch.setattr(commands, "LONG_S", 0.0)
    said: list[str] = []
    (fault,) = faults(config.load("mine", [], known=known()), say=said.append)
    assert fault.endswith("its last lines: alpha is refused")
    assert any("alpha = 0.2" in line and line.endswith("failed") for line in said)
    assert not any("shorter:" in line for line in said)  # it has values of a short training


def test_a_training_that_needs_all_its_pairs_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {"alpha": {"flag": "--alpha"}}
    repo = write_study(tmp_path, "argparse", settings=settings, values={"alpha": 0.7})
    needs = "import os\nassert len(os.listdir('data/train/ir')) > 1, 'too few'\n"
    (repo / "train.py").write_text(needs + (repo / "train.py").read_text())
    said: list[str] = []
    assert faults(config.load("mine", [], known=known()), say=said.append) == []
    assert "half of the training pairs" in said[-2]
    assert said[-1].startswith("    no fault of the study: train.py")
