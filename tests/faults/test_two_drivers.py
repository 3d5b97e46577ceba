"""Two drivers on one study: the second is refused; the lock of a killed one does not stay."""

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from ablate import config
from ablate.errors import BusyError
from ablate.study.doctor import repair
from ablate.study.names import known
from ablate.study.open_study import OpenStudy
from tests.chaos.driving import start
from tests.e2e.running import inside

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["phases.pilot.seeds=3", "train.steps=20", "--store", "s"]


@pytest.fixture
def first(tmp_path: Path) -> Iterator[ForkServerProcess]:
    """Give a driver that is at work and stopped there: alive, and still in possession."""
    driver = start("run", STUDY, *WORDS, cwd=tmp_path, log=tmp_path / "said")
    ledger, deadline = tmp_path / "s" / "cold" / "ledger.jsonl", time.monotonic() + 120
    while not (ledger.exists() and b"submitted" in ledger.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(driver.pid or 0, signal.SIGSTOP)
    yield driver
    driver.kill()
    driver.join()


def test_a_second_driver_is_refused_and_follows_once_the_first_is_killed(
    first: ForkServerProcess, tmp_path: Path
) -> None:
    done = inside("run", STUDY, *WORDS, cwd=tmp_path, code=1)
    (said,) = done.stderr.strip().splitlines()
    assert "another driver runs the study cold" in said
    assert "ablate status cold" in said
    study = OpenStudy(config.load(STUDY, tuple(WORDS[:2]), known=known()), store=tmp_path / "s")
    with pytest.raises(BusyError, match="another driver runs the study cold"):
        repair(study)

    first.kill()
    first.join()
    done = inside("run", STUDY, *WORDS, cwd=tmp_path)  # at once
    assert "3 of 3 runs finished" in done.stdout
    assert "agree" in inside("doctor", STUDY, *WORDS, cwd=tmp_path).stdout
