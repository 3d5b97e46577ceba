"""What a study takes besides its trainings on this machine: start-up, the stores, what comes last.

A study of four trainings of one step on tiny generated pairs is run in a process of its own, and
every stretch of time that no training was open is the driver's.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from ablate.errors import StoreError

RUNS: Final = 4
_STUDY: Final = f"""# @package _global_
defaults: [/search_spaces@space: variants, _self_]
title: What the driver takes
phases: {{only: {{design: baseline_only, seeds: {RUNS}}}}}
base:
  data: {{name: synthetic, crop: 32, size: [48, 48], pairs: {{train: 2, val: 1, test: 1}}}}
  model: {{name: densefuse, width: 1}}
  train: {{steps: 1, batch_size: 1, gallery: 1}}
  metrics: {{names: [en]}}
executor: {{name: inline}}
objective: val/en
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """Seconds of the driver: once before the first run, at every run, once after the last."""

    start_s: float
    run_s: float
    finish_s: float


def overhead() -> Overhead:
    """Measure what the driver takes, in some seconds; nothing is left behind.

    Raises:
        StoreError: The tiny study did not run here.
    """
    with tempfile.TemporaryDirectory(prefix="ablate-timing-") as folder:
        (Path(folder) / "driver.yaml").write_text(_STUDY, encoding="utf-8")
        words = [sys.executable, "-P", "-m", "ablate.study.driver_timing"]
        started = time.time()
        done = subprocess.run(  # noqa: S603 -- this program
            words, cwd=folder, capture_output=True, text=True, check=False, env=_here()
        )
        ended = time.time()
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StoreError(f"--time: a tiny study does not run here: {last}")
    runs = json.loads(done.stdout.splitlines()[-1])
    return of_stamps(started, [(at, seconds) for at, seconds in runs], ended)


def of_stamps(started: float, runs: list[tuple[float, float]], ended: float) -> Overhead:
    """Return the seconds without trainings.

    Args:
        started: Time at which the process was made.
        runs: Per run the time at which it was recorded, and the seconds of its training.
        ended: Time at which the process was gone.

    Example:
        >>> of_stamps(0.0, [(9.0, 2.0), (11.0, 1.0), (13.0, 1.0)], 15.0)
        Overhead(start_s=6.0, run_s=1.0, finish_s=2.0)
    """
    run_s = statistics.median(max(0.0, b - a - seconds) for (a, _), (b, seconds) in pairwise(runs))
    first, seconds = runs[0]
    return Overhead(
        start_s=max(0.0, first - started - seconds - run_s),
        run_s=run_s,
        finish_s=max(0.0, ended - runs[-1][0]),
    )


def _here() -> dict[str, str]:
    """Return the environment for the process: the same program, found where this one was."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _run() -> None:
    """Run the tiny study in the working directory and print when each run was recorded."""
    from ablate import config
    from ablate.study.driver import Progress, run

    found: list[tuple[float, float]] = []

    def take(progress: Progress) -> None:
        assert progress.last is not None
        seconds = progress.last.facts.get("seconds")
        found.append((time.time(), float(seconds) if isinstance(seconds, int | float) else 0.0))

    run(config.load("driver.yaml"), store=Path("store"), listen=take)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    _run()
