"""A study of somebody's repository: run, reported, refused after a commit; and under kills."""

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import pytest
import yaml

from ablate.training.tasks.command import guard
from tests import standins
from tests.chaos.driving import start
from tests.chaos.outcome import mlflow_runs
from tests.e2e.running import inside
from tests.training.tasks.command.conftest import PAIRS

KILLS = 50
FAILED = 3  # exit code of a driver some of whose runs have failed


def write_study(folder: Path, kind: str, **more: Any) -> Path:
    """Write a repository and a study that varies alpha of it; return the repository."""
    repo = standins.write(folder / "theirs", kind)
    study = {
        "title": "T",
        "space": {"dimensions": {"alpha": dimension("alpha", 0.7)}},
        "questions": {"q": {"asks": "?", "compare": "alpha", "primary": ["qabf"]}},
        "factors": {"alpha": {"values": [0.7, 0.2], "baseline": 0.7}},
        "nuisance": {"learning_rate": "fixed"},
        "phases": {"compare": {"design": "one_factor", "seeds": 1}},
        "base": {"task": standins.section(Path("theirs"), kind, **more), "data": PAIRS},
    }
    (folder / "studies").mkdir()
    (folder / "studies" / "mine.yaml").write_text("# @package _global_\n" + yaml.safe_dump(study))
    return repo


def dimension(name: str, baseline: float) -> dict[str, Any]:
    path = f"task.values.{name}"
    return {"path": path, "type": "float", "low": 0.0, "high": 1.0, "baseline": baseline}


def table(store: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text())["images"]
        for path in sorted(store.glob("mine/runs/*/result.json"))
    }


@pytest.mark.e2e
def test_a_study_is_published_and_refused_after_a_commit(tmp_path: Path) -> None:
    repo = write_study(tmp_path, "argparse", values={"alpha": 0.7, "lr": 0.5, "epochs": 1})
    words = ("run", "mine", "executor=inline", "--store", "s")
    inside(*words, cwd=tmp_path)
    facts = json.loads((tmp_path / "s" / "mine" / "published" / "facts.json").read_text())
    assert "python train.py of theirs" in facts["budget"]
    baselines = pd.read_parquet(tmp_path / "s" / "mine" / "published" / "trivial_baselines.parquet")
    assert {"infrared", "visible", "laplacian"} <= set(baselines["name"])
    runs = pd.read_parquet(tmp_path / "s" / "mine" / "published" / "runs.parquet")
    assert list(runs["state"]) == ["finished"] * 2
    curves = pd.read_parquet(tmp_path / "s" / "mine" / "published" / "curves.parquet")
    assert "train/loss" in set(curves["key"])
    (repo / "train.py").write_text((repo / "train.py").read_text() + "# changed\n")
    refused = inside(*words, cwd=tmp_path, code=1)
    (line,) = refused.stderr.strip().splitlines()
    assert "changed since its runs were made: repository" in line
    assert "with changes" in line


def living(store: Path) -> dict[str, list[int]]:
    """Return the processes of a study by what they are, from the marks of its attempts."""
    found: dict[str, list[int]] = {"worker": [], "guard": [], "command": []}
    for path in store.glob("mine/attempts/*/*/mark"):
        try:
            mark = f"ABLATE_ATTEMPT={path.read_text()}".encode()
        except OSError:
            continue
        for pid in guard.marked(mark):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes()
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if guard.is_dead(pid):
                continue
            is_guard = b"guard.py" in words
            found["guard" if is_guard else "command"].append(pid)
            if is_guard and parent > 1:
                found["worker"].append(parent)
    return found


def doubled(store: Path) -> list[Any]:
    """Return runs, and points of runs, that MLflow holds more than once."""
    runs = mlflow_runs(store / "mlflow.db")
    found = Counter[Any](run["key"] for run in runs)
    found.update((run["key"], key, step) for run in runs for key, step, _ in run["points"])
    return [one for one, count in found.items() if count > 1]


class Killer:
    """Runs a study in one store after the other and kills its processes until it has killed enough.

    Args:
        cwd: Where the study lies.
        kills: How many, of all kinds together; what it has killed stands in `killed`, in
            `waited` the seconds from each kill to the next command that lived, and in `retried`
            how often a driver ended with failed runs.
    """

    environment: Final = MappingProxyType({"STANDIN_PAUSE_S": "0.5"})

    def __init__(self, cwd: Path, kills: int) -> None:
        self.cwd, self.left, self.retried = cwd, kills, 0
        self.killed, self.waited = Counter[str](), defaultdict[str, float](float)
        self._draw = random.Random(1)

    def run(self, name: str) -> None:
        """Run the study in a store to its end, under kills while any are left."""
        driver, last, since, undisturbed = self._start(name), "", time.monotonic(), 0
        while driver.exitcode != 0:
            if driver.exitcode is not None:
                undisturbed += not self.left
                assert undisturbed <= 3, (self.cwd / "said").read_text()[-3000:]
                has_failed = driver.exitcode == FAILED  # a run of which three workers were killed
                self.retried += has_failed
                driver = self._start(name, *(["--retry"] if has_failed else []))
            time.sleep(self._draw.uniform(0.05, 1.0))
            assert driver.pid is not None
            there = {**living(self.cwd / name), "driver": [driver.pid]}
            if not self.left or not there["command"]:
                continue
            if last:
                self.waited[last] += time.monotonic() - since
            kind = self._draw.choice([kind for kind, pids in there.items() if pids])
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._draw.choice(there[kind]), signal.SIGKILL)
                self.killed[kind] += 1
                self.left -= 1
                last, since = kind, time.monotonic()

    def _start(self, name: str, *more: str) -> ForkServerProcess:
        words = ("run", "mine", "--workers", "1", "--store", name, *more)
        return start(*words, cwd=self.cwd, log=self.cwd / "said", environment=self.environment)


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("resumes", [False, True])
def test_kills_leave_no_process_and_the_same_table(tmp_path: Path, resumes: bool) -> None:
    gives = standins.section(tmp_path, "argparse")["gives"]
    assert isinstance(gives, dict)
    if resumes:
        resume = ["--resume", "{checkpoint}"]
        gives["checkpoint"] = {"save": "models/last.json", "resume": resume}
    write_study(tmp_path, "argparse", gives=gives, values={"alpha": 0.7, "lr": 0.1, "epochs": 6})
    Killer(tmp_path, 0).run("whole")
    killer = Killer(tmp_path, KILLS)
    while killer.left:  # one that goes on from what it saved may end before the last kill
        name = f"s{killer.left}"
        killer.run(name)
        time.sleep(1)
        assert not any(living(tmp_path / name).values())
        assert not list((tmp_path / name).glob("mine/attempts/*"))
        assert not doubled(tmp_path / name)
        assert table(tmp_path / name).keys() == table(tmp_path / "whole").keys()
        if not resumes:  # a resumed training of theirs draws other noise than a whole one
            assert table(tmp_path / name) == table(tmp_path / "whole")
    each = {kind: round(killer.waited[kind] / many, 1) for kind, many in killer.killed.items()}
    print(f"{dict(killer.killed)}; seconds to the next command: {each}; {killer.retried} retried")
    assert killer.killed.total() == KILLS
