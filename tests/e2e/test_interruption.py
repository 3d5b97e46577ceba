"""What is left when somebody or something stops a study: nothing running, nothing lost."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.errors import ClusterError
from ablate.execution.protocol import EXECUTORS
from tests.e2e.running import (
    SMALL,
    ablate,
    inside,
    results,
    start,
    stores,
    tag_counts,
    wait_for_a_step,
)

pytestmark = pytest.mark.e2e
DESIGNED = [*SMALL, "~phases.search"]


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        signal.SIGTERM,
    ],
)
def test_a_signal_to_all_ends_with_130_and_prints_the_command_that_goes_on(
    tmp_path: Path, by: signal.Signals
) -> None:
    words = [*DESIGNED, "train.steps=100", "phases.compare.seeds=1"]
    before = signal.signal(by, signal.SIG_DFL)  # nohup and background jobs have it ignored
    driver = start("run", "quickstart", *words, "--store", "s", cwd=tmp_path)
    signal.signal(by, before)
    wait_for_a_step(tmp_path / "s")
    os.killpg(driver.pid, by)  # as a terminal, systemd and schedulers send it
    _, said = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert list((tmp_path / "s").glob("quickstart/runs/*/checkpoint*"))  # the workers saved
    *_, told, command = said.splitlines()
    assert told.startswith("interrupted")
    assert told.endswith("go on with:")
    assert "Traceback" not in said
    assert "RUNNING" not in {status for status, _ in stores(tmp_path / "s")["mlflow"]}
    assert tag_counts(tmp_path / "s", "ablate.state")["interrupted"] >= 2  # the study, the runs
    ended = len(results(tmp_path / "s"))
    assert ended < 4

    inside(*shlex.split(command)[1:], cwd=tmp_path)  # as it is printed
    assert len(results(tmp_path / "s")) == 4
    assert {status for status, _ in stores(tmp_path / "s")["mlflow"]} == {"FINISHED"}
    assert "interrupted" not in tag_counts(tmp_path / "s", "ablate.state")


def test_nothing_stays_running_whatever_goes_wrong_before_and_after_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def states() -> set[str]:
        return {status for status, _ in stores(tmp_path / "s")["mlflow"]}

    def gone(**_: object) -> None:
        raise ClusterError("executor.address: nobody answers")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    words = [*DESIGNED, "executor=inline", "phases.compare.seeds=1"]
    with monkeypatch.context() as patch:
        patch.setattr(EXECUTORS, "get", lambda *_, **__: gone)
        inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path, code=1)
    assert states() == set()
    with monkeypatch.context() as patch:
        patch.setattr("ablate.study.projection.publish", stopped)
        inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path, code=130)
    assert states() == {"FINISHED", "KILLED"}
    inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path)
    assert states() == {"FINISHED"}


def test_a_pruned_run_is_killed_in_mlflow_and_pruned_in_optuna(tmp_path: Path) -> None:
    words = [
        *SMALL,
        "~phases.compare",
        "~questions",
        "train.steps=12",
        "phases.search.trials=10",
        "phases.search.pruner=median",
        "phases.search.rungs=[2,4,8]",
        "executor=inline",
    ]
    inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path)
    status = json.loads(
        inside("status", "quickstart", *words, "--store", "s", "--json", cwd=tmp_path).stdout
    )
    found = stores(tmp_path / "s")
    assert status["pruned"] >= 1
    assert [state for state, _ in found["mlflow"]].count("KILLED") == status["pruned"]
    assert found["optuna"].count("PRUNED") >= status["pruned"]
    assert tag_counts(tmp_path / "s", "ablate.state")["pruned"] == status["pruned"]
    steps = [
        json.loads(path.read_text())["facts"]["reports"]
        for path in (tmp_path / "s" / "quickstart" / "runs").glob("*/result.json")
    ]
    assert all(set(reports) <= {"2", "4", "8"} for reports in steps)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a file system of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights of root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow  # test_run and test_journal fill the disk under a writer by default
def test_a_full_disk_is_one_line_and_nothing_is_lost_when_there_is_room_again(
    small_disk: Path, tmp_path: Path
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_700_000))  # both stores fit in the rest, the runs do not
    store = str(small_disk / "s")
    done = ablate("run", "quickstart", *DESIGNED, "--store", store, cwd=tmp_path, code=1)
    said = done.stderr.strip().splitlines()[-1]
    assert "disk is full" in said or "No space left on device" in said
    assert "free space" in said
    assert "goes on from here" in said
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    ablate("run", "quickstart", *DESIGNED, "--store", store, cwd=tmp_path)
    assert len(results(small_disk / "s")) == 8
    assert {status for status, _ in stores(small_disk / "s")["mlflow"]} == {"FINISHED"}
