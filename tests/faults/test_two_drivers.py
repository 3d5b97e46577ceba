"""Two drivers on one study: the second is refused; the lock of a killed one does not stay."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.driving import start
from tests.e2e.running import inside

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["phases.pilot.seeds=3", "train.steps=20", "--store", "s"]


def test_a_second_driver_is_refused_and_follows_once_the_first_is_killed(tmp_path: Path) -> None:
    first = start("run", STUDY, *WORDS, "train.steps=20", cwd=tmp_path, log=tmp_path / "said")
    lock, deadline = tmp_path / "s" / "cold" / "ledger.jsonl", time.monotonic() + 120
    while not (lock.exists() and b"submitted" in lock.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(first.pid or 0, signal.SIGSTOP)  # alive, and still in possession
    done = inside("run", STUDY, *WORDS, cwd=tmp_path, code=1)
    (said,) = done.stderr.strip().splitlines()
    assert "another driver runs the study cold" in said
    assert "ablate status cold" in said
    repair = inside("doctor", STUDY, "--store", "s", "--repair", cwd=tmp_path, code=1)
    assert "a driver runs cold" in repair.stderr

    os.kill(first.pid or 0, signal.SIGKILL)
    first.join()
    done = inside("run", STUDY, *WORDS, cwd=tmp_path)  # at once
    assert "3 of 3 runs finished" in done.stdout
    assert "agree" in inside("doctor", STUDY, *WORDS, cwd=tmp_path).stdout
