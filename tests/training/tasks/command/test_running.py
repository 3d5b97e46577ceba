"""Runs of commands: values arrive, images are scored, nothing of theirs changes, nothing is left."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PIL import Image

from ablate.training.checkpoints import LeaveError
from ablate.training.recorder import Heartbeat
from ablate.training.tasks.command import guard, running
from ablate.training.tasks.command.process import MARK
from tests import standins
from tests.training.tasks.command.conftest import Kept, Make

COMMANDS = r"Epoch (?P<epoch>\d+).*loss: (?P<loss>[\d.]+)"


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a folder, those of git among them."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def log(tmp_path: Path, name: str = "r") -> str:
    return (tmp_path / "store" / "study" / "runs" / name / "output.log").read_text()


def left(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("attempts/*") if path.is_dir()]


QUICK = ("constants", "yaml", "stages")  # the others differ by how a value arrives alone


@pytest.mark.parametrize(
    "kind",
    [k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in standins.KINDS],
)
def test_every_kind_trains_and_is_scored(tmp_path: Path, make: Make, kind: str) -> None:
    repo = standins.write(tmp_path / "repo", kind)
    before = contents(repo)
    recorder = Kept()
    section = standins.section(repo, kind, values={"alpha": 0.9, "lr": 1.0, "epochs": 1})
    result = make(section, recorder=recorder)
    assert result.state == "finished", result.reason
    assert {row[:2] for row in result.images} == {
        ("val", "val000D"),
        ("test", "test000D"),
        ("test", "test001N"),
    }
    assert result.health
    assert "[Epoch 1/1]" in log(tmp_path)  # epochs arrived
    loss = recorder.points[0][1]["train/loss"]
    assert loss < 0.2  # with lr = 1 the weight is at once near alpha; by 0.1 it would be 0.36 off
    assert contents(repo) == before
    assert standins.git(repo, "status", "--porcelain") == ""
    assert not left(tmp_path)
    shown = tmp_path / "store" / "study" / "runs" / "r" / "fused"
    assert sorted(path.name for path in shown.iterdir()) == ["test000D.png", "test001N.png"]


@pytest.mark.slow
def test_one_seed_repeats_and_two_differ(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    section = standins.section(repo, "argparse", values={"epochs": 1})
    first, same, other = (
        make(section, name=n, seed=s).images for n, s in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == same
    assert first != other


@pytest.mark.parametrize("library", ["numpy", pytest.param("torch", marks=pytest.mark.slow)])
def test_seeds_before_their_first_line(tmp_path: Path, make: Make, library: str) -> None:
    draw = {
        "numpy": "numpy.random.rand(), random.random(), hash('x')",
        "torch": "torch.rand(1).item()); print(torch.backends.cudnn.deterministic, "
        "torch.ones(1).cuda().to('cuda:0').device",
    }[library]
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "train.py").write_text(f"import random, {library}\nprint({draw})\nraise SystemExit(1)")
    section = standins.section(repo, "argparse", values={})
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make(section, name=name, seed=seed)
        drawn.append(log(tmp_path, name).splitlines())
    first, same, other = drawn
    assert first == same
    assert all(a != b for a, b in zip(first[0].split(), other[0].split(), strict=True))
    assert first[1:] == (["True cpu"] if library == "torch" else [])


def test_a_seed_has_a_place(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "train.py").write_text("import sys\nprint(sys.argv)\nseed = 3\nprint(seed)\nassert 0")
    result = make(standins.section(repo, "argparse", values={}, seed={"flag": "--seed"}))
    assert "'--seed', '" in result.reason
    result = make(standins.section(repo, "argparse", values={}, seed={"constant": "train.py:seed"}))
    assert result.reason.splitlines()[2] != "3"


def test_the_last_lines_of_a_command_that_fails(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "constants")
    (repo / "train.py").write_text(
        "lr = alpha = epochs = 1\nfor i in range(99): print('line', i)\nraise SystemExit(3)\n"
    )
    settings = {"lr": {"constant": "train.py:epochs"}}
    result = make(standins.section(repo, "constants", settings=settings, values={"lr": 2}))
    assert result.state == "failed"
    first, *rest = result.reason.splitlines()
    assert first == "error: train.py ended with exit code 3; its last lines:"
    assert rest == [f"line {i}" for i in range(49, 99)]
    assert not left(tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('RuntimeError: CUDA out of memory'); raise SystemExit(1)", "oom: train.py"),
        ("print('Epoch 1 loss: nan')\nimport time; time.sleep(60)", "diverged: loss became nan"),
        ("import time; time.sleep(60)", "error: train.py took longer than task.limit_s"),
    ],
)
def test_how_a_command_ends_badly(tmp_path: Path, make: Make, code: str, said: str) -> None:
    repo = standins.write(tmp_path / "repo", "constants", is_git=False)
    (repo / "train.py").write_text(code)
    section = standins.section(repo, "constants", settings={}, values={}, limit_s=3)
    section["gives"]["metrics"] = {"stdout": r"Epoch (?P<epoch>\d+) loss: (?P<loss>\S+)"}  # type: ignore[index]
    assert make(section).reason.startswith(said)
    assert not left(tmp_path)


def test_a_command_that_computes_in_silence_beats_and_is_not_counted_at_every_look(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "train.py").write_text(
        "import time\nwhile time.process_time() < 1: pass\nraise SystemExit(1)\n"
    )
    counted: list[int] = []
    beats: list[int] = []
    count = running.cpu_ticks

    def counts(mark: str) -> int:
        counted.append(count(mark))
        return counted[-1]

    monkeypatch.setattr(running, "COUNT_S", 0.4)
    monkeypatch.setattr(running, "cpu_ticks", counts)
    heartbeat = Heartbeat(lambda step, slowest_s: beats.append(step), every_s=0)
    began = time.monotonic()
    make(standins.section(repo, "argparse", values={}), heartbeat=heartbeat)
    seconds = time.monotonic() - began
    assert beats
    assert 2 <= len(counted) <= seconds / 0.4 + 1  # of some twelve looks a second


def test_images_that_are_missing_or_wrong_are_named(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    section = standins.section(repo, "argparse", values={"epochs": 1})
    (repo / "test.py").write_text("print('nothing')")
    assert "no image for 1 of 1 pairs (val000D)" in make(section).reason
    (repo / "test.py").write_text(
        "import sys, numpy as np\nfrom PIL import Image\n"
        "Image.fromarray(np.ones((24, 23), 'uint8')).save(sys.argv[3] + '/val000D.png')"
    )
    assert "val000D.png: is 23x24, its pair 24x24" in make(section).reason


def test_images_that_are_almost_black_are_scored(tmp_path: Path, make: Make) -> None:
    """A network of a few steps gives such ones; the health of its images says so."""
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "test.py").write_text(
        "import os, sys, numpy as np\nfrom PIL import Image\nfor name in os.listdir(sys.argv[1]):\n"
        "    Image.fromarray(np.eye(24, dtype='uint8')).save(sys.argv[3] + '/fused_' + name)"
    )
    result = make(standins.section(repo, "argparse", values={"epochs": 1}))
    assert (result.state, result.health) == ("finished", "constant")


def test_code_of_another_system_is_made_to_run_by_edits(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "constants")
    (repo / "train.py").write_text(
        "from learn import learn\nepochs = 9\n"
        "learn(1.0, 0.7, epochs, 'data\\\\train', 'models\\\\last.json')\n"
    )
    (repo / "test.py").write_text(
        "import json, sys, os\nfrom learn import fuse\nweights = 'D:/models/' + 'last.json'\n"
        "for folder in ['D:/TNO', 'D:/RoadScene']:\n"
        "    fuse(json.load(open(weights))['weight'], folder + '/ir', folder + '/vi', 'fused')\n"
    )
    gives = {
        "images": {"command": ["python", "test.py"], "from": "fused/*.png"},
        "checkpoint": {"save": "models/*.json"},
    }
    edits = {
        "train.py": {"epochs": 1, "learn.3": "'data/train'", "learn.4": '"models/it\'s.json"'},
        "test.py": {"weights": "{checkpoint}"},
        "test.py:folder": "[os.path.dirname({infrared})]",
    }
    section = standins.section(repo, "constants", settings={}, values={}, gives=gives, edits=edits)
    section["data"] = {"train": "data/train", "test": "D/pairs"}
    result = make(section)
    assert result.state == "finished", result.reason
    assert "[Epoch 1/1]" in log(tmp_path)
    assert standins.git(repo, "status", "--porcelain") == " M test.py\n M train.py\n"
    section["edits"] = {**edits, "test.py:path": "'x'", "test.py:weights#2": 1}
    reason = make(section).reason
    assert "task.edits.test.py:path: code test.py:path: test.py has no such name" in reason
    assert "task.edits.test.py:weights#2" in reason


def test_training_never_sees_test(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse")
    (repo / "data" / "train" / "ir").mkdir(parents=True)
    Image.new("L", (24, 24)).save(repo / "data" / "train" / "ir" / "theirs.png")
    standins.commit(repo)
    (repo / "train.py").write_text(
        "import glob; print(sorted(glob.glob('**/*.png', recursive=True))); raise SystemExit(1)"
    )
    said = make(standins.section(repo, "argparse", values={})).reason
    assert "data/train/ir/train000D.png" in said
    assert "data/val/vi/val000D.png" in said
    assert "theirs" not in said
    assert "test0" not in said


def test_a_rung_stops_a_run(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "train.py").write_text(
        "print('val_qabf=0.25 at 1', flush=True)\nimport time; time.sleep(60)"
    )
    section = standins.section(repo, "argparse", values={})
    section["gives"]["metrics"] = {"stdout": r"val_qabf=(?P<val_qabf>\S+) at (?P<step>\d+)"}  # type: ignore[index]
    recorder = Kept(stops=True)
    result = make(section, recorder=recorder, rungs=(1,), scores_test=False)
    assert (result.state, result.reason) == ("pruned", "pruned at step 1")
    assert recorder.reports == {1: 0.25}


RESUMED = {
    "images": {
        "command": ["python", "test.py", "{infrared}", "{visible}", "{out}"],
        "from": "{out}/*.png",
    },
    "metrics": {"stdout": COMMANDS},
    "checkpoint": {"save": "models/last.json", "resume": ["--resume", "{checkpoint}"]},
}


@pytest.mark.parametrize(("resumes", "epochs"), [(True, [1, 2, 3, 4]), (False, [1, 2, 1, 2, 3, 4])])
def test_a_killed_command_goes_on_or_begins_again(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, resumes: bool, epochs: list[int]
) -> None:
    monkeypatch.setenv("STANDIN_KILL_AT", "2")
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    gives: dict[str, Any] = dict(RESUMED)
    if not resumes:
        gives["checkpoint"] = {"save": "models/last.json"}
    recorder = Kept()
    section = standins.section(repo, "argparse", values={"epochs": 4}, gives=gives)
    result = make(section, recorder=recorder)
    assert result.state == "finished", result.reason
    assert result.facts["attempts"] == 2
    assert [step for step, values in recorder.points if "train/loss" in values] == epochs
    kept = tmp_path / "store" / "study" / "runs" / "r" / "kept" / "last.json"
    assert json.loads(kept.read_text())["epoch"] == 4


def test_a_worker_that_has_to_go_leaves_and_goes_on(tmp_path: Path, make: Make) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "learn.py").write_text(
        standins.LEARN.replace("        os.replace", "        time.sleep(0.2)\n        os.replace")
    )
    leave = Event()
    recorder = Kept(leave=leave)  # sets it at the second epoch
    section = standins.section(repo, "argparse", values={"epochs": 99}, gives=RESUMED)
    with pytest.raises(LeaveError):
        make(section, leave=leave, recorder=recorder)
    assert len(left(tmp_path)) == 1  # what it goes on from
    recorder = Kept()
    result = make({**section, "values": {"epochs": 9}}, recorder=recorder)
    assert result.state == "finished", result.reason
    assert recorder.points[0][0] > 1


WORKER = """
    import sys, threading
    from pathlib import Path
    from tests.training.tasks.command.conftest import spec_of
    from ablate.training.loop import train
    from ablate.training.recorder import NullRecorder
    from tests import standins
    section = standins.section(Path("repo"), "argparse", values={})
    train(spec_of(section), NullRecorder(), folder=Path("store/study/runs/r"))
"""
CHILD = """
import subprocess, sys, time
code = "import time; open('alive', 'w').write('x'); time.sleep(99)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)  # would outlive a group
time.sleep(99)
"""


def marked(tmp_path: Path) -> list[int]:
    """Return the living processes of the attempts of a store."""
    found = []
    for path in tmp_path.glob("store/study/attempts/r/*/mark"):
        found += guard.marked(f"{MARK}={path.read_text()}".encode())
    return [pid for pid in found if not guard.is_dead(pid)]


@pytest.mark.parametrize("victim", ["worker", pytest.param("guard", marks=pytest.mark.slow)])
def test_no_process_outlives_its_worker_or_its_guard(
    tmp_path: Path, make: Make, victim: str
) -> None:
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    (repo / "train.py").write_text(CHILD)
    (tmp_path / "store" / "study" / "runs" / "r").mkdir(parents=True)
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(standins.__file__).parents[1])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(lambda: any(tmp_path.glob("store/study/attempts/r/1/tree/alive")), 120)
        every = marked(tmp_path)
        assert len(every) == 3  # guard, command, and what it started
        guards = [pid for pid in every if b"guard.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(worker.pid if victim == "worker" else guards[0], signal.SIGKILL)
        wait(lambda: not any(pid in marked(tmp_path) for pid in every), 60)
    finally:
        worker.kill()
        worker.wait()
        wait(lambda: not marked(tmp_path), 60)


def test_a_late_process_is_ended_before_the_next_attempt(tmp_path: Path, make: Make) -> None:
    """One that holds the lock of an attempt whose worker and guard are gone."""
    repo = standins.write(tmp_path / "repo", "argparse", is_git=False)
    folder = tmp_path / "store" / "study" / "attempts" / "r" / "1"
    (folder / "tree").mkdir(parents=True)
    (folder / "mark").write_text("late")
    (folder / "lock").touch()
    code = "import fcntl, sys, time; f = open('lock'); fcntl.flock(f, 2); print(1, flush=True); time.sleep(99)"
    late = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, MARK: "late"},
        stdout=subprocess.PIPE,
    )
    assert late.stdout is not None
    late.stdout.readline()
    result = make(standins.section(repo, "argparse", values={"epochs": 1}))
    assert result.state == "finished", result.reason
    assert result.facts["attempts"] == 2
    assert late.wait(5) == -signal.SIGKILL


def wait(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come"
        time.sleep(0.05)
