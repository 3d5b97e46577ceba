"""Measure what a run of commands takes: its steps are not ours, so two short runs are timed.

The one whole number of `task.smoke` says how long a training is, such as {epochs: 1}. A run with it
and one with its double give seconds per epoch, and seconds beside: start, fusing, scoring.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ablate.data.items import SPLITS, Examples
from ablate.data.pairs import PairSet
from ablate.errors import ConfigError
from ablate.settings.command import length_of
from ablate.study.forecast import Figures
from ablate.training.loop import train
from ablate.training.recorder import NullRecorder
from ablate.training.spec import RunSpec
from ablate.training.tasks import task_of

_FIX: Final = (
    "--time: the steps of commands are not ours; name in task.smoke the one setting that says how "
    "long a training is, with a small whole number, such as smoke: {epochs: 1}, and its value in "
    "task.values; or give --seconds-per-step"
)


def measured(spec: RunSpec, folder: Path, *, is_first: bool) -> Figures:
    """Return the figures of a run of commands, whose steps are shares of the whole training.

    Args:
        spec: The run as it will be.
        folder: To work in.
        is_first: Whether data and trivial baselines are timed too.

    Raises:
        ConfigError: `task.smoke` does not say how long a training is, or a run fails.
    """
    found = length_of(spec.settings["task"])
    if found is None:
        raise ConfigError(_FIX)
    name, short, whole = found
    task = task_of(spec.settings)
    examples = task.examples()
    data_s = baselines_s = 0.0
    if is_first:
        data_s = _timed(lambda: _read(examples))
        baselines_s = _timed(lambda: task.trivial_baselines(examples, seeds=[0]))
    started, cpu_started = time.perf_counter(), _cpu_s()
    counts = sorted({short, min(2 * short, whole)})
    taken = []
    for count in counts:
        begun = time.perf_counter()
        _run(spec, examples, folder / str(count), **{name: count})
        taken.append(time.perf_counter() - begun)
    cpu_share = (_cpu_s() - cpu_started) / (time.perf_counter() - started)
    each_s = 0.0
    if len(counts) > 1:
        each_s = max(0.0, (taken[1] - taken[0]) / (counts[1] - counts[0]))
    steps = max(1, int(spec.settings["train"]["steps"]))
    beside_s = max(0.0, taken[0] - each_s * counts[0])
    return Figures(
        step_s=each_s * whole / steps,
        end_s=beside_s,
        data_s=data_s,
        baselines_s=baselines_s,
        cpu_share=min(1.0, cpu_share),
    )


def _run(spec: RunSpec, examples: Examples, folder: Path, **values: Any) -> None:
    task: Mapping[str, Any] = spec.settings["task"]
    settings = {**spec.settings, "task": {**task, "values": {**task["values"], **values}}}
    place = folder / "study" / "runs" / "timing"
    place.mkdir(parents=True)
    result = train(
        replace(spec, settings=settings), NullRecorder(), folder=place, examples=examples
    )
    if result.state != "finished":
        raise ConfigError(f"--time: a short run is {result.state}: {result.reason}")


def _read(examples: Examples) -> None:
    if isinstance(examples, PairSet):
        for split in SPLITS:
            examples.pairs(split)


def _cpu_s() -> float:
    """Return the processor time of this process and of commands that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
