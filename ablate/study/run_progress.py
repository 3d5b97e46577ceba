"""How far a run is, by the end of its journal."""

import contextlib
import itertools
import json
import os
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ablate.errors import StoreError
from ablate.settings.command import COMMAND, OF_STUDY, length_of
from ablate.training.spec import JOURNAL, SPEC
from ablate.whole_files import read_bounded

_TAIL_BYTES: Final = 4096  # of a journal that are read to see how far its run is


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is, by its journal: about every hundredth step is written there.

    All steps done means that it is being scored.
    """

    name: str
    step: int
    steps: int
    seconds_per_step: float | None = None  # the median of the last records; None before the second
    seconds_since: float = 0.0  # the last record
    seconds_apart: float = 0.0  # the last two records
    rung: tuple[int, float | str] | None = None  # the last one: step and objective
    given_steps: int | None = None  # train.steps, where commands count their own

    @property
    def share(self) -> float:
        """The part of its steps that is done, in [0, 1]."""
        return self.step / max(1, self.steps)

    def seconds_left(self, *, beside_s: float, seconds_per_step: float | None) -> float | None:
        """Return the seconds until it ends; None where the duration of a step is unknown.

        Args:
            beside_s: What runs take beside their steps, scoring above all.
            seconds_per_step: Of other runs, used before this one has two records.
        """
        if self.step >= self.steps:
            return max(0.0, beside_s - self.seconds_since)
        per_step = self._seconds_per_step(seconds_per_step)
        if per_step is None:
            return None
        unrecorded_s = min(self.seconds_since, self.seconds_apart)
        return max(0.0, (self.steps - self.step) * per_step - unrecorded_s) + beside_s

    def part(self, *, beside_s: float, seconds_per_step: float | None) -> float:
        """Return the part of its time that has gone, in [0, 1]; arguments as `seconds_left`."""
        left_s = self.seconds_left(beside_s=beside_s, seconds_per_step=seconds_per_step)
        whole_s = self.steps * (self._seconds_per_step(seconds_per_step) or 0.0) + beside_s
        if left_s is None or not whole_s:
            return self.share
        return min(1.0, max(0.0, 1 - left_s / whole_s))

    def _seconds_per_step(self, of_others: float | None) -> float | None:
        """Return the pace of this run, else that of others in its steps."""
        if self.seconds_per_step or of_others is None:
            return self.seconds_per_step
        return of_others * (self.given_steps or self.steps) / max(1, self.steps)


def _in_their_steps(found: RunProgress, settings: Mapping[str, Any]) -> RunProgress:
    """Return the progress of commands in the steps that they report.

    Of how many they are says the setting of `task.smoke`, such as epochs. Where none does, or they
    report more, only the pace of other runs is known.
    """
    task = settings.get("task")
    if not isinstance(task, Mapping) or task.get("name") != COMMAND:
        return found
    if f"{OF_STUDY}steps" in task.get("settings", {}):
        return found
    length = length_of(task)
    if length is not None and found.step <= length[2]:
        return replace(found, steps=length[2], given_steps=found.steps)
    return replace(found, step=0, seconds_per_step=None, given_steps=found.steps)


def progress_of(folder: Path, *, now_s: float | None = None) -> RunProgress | None:
    """Return how far the run in a folder is, None before it has written that it began.

    Only the end of its journal is read, so that asking often costs nothing.

    Args:
        folder: Of the run.
        now_s: The time of day, the clock's where absent; the worker's machine may have another.
    """
    now_s = time.time() if now_s is None else now_s
    with contextlib.suppress(OSError, StoreError, ValueError, KeyError, TypeError, AttributeError):
        spec = json.loads(read_bounded(folder / SPEC))
        with (folder / JOURNAL).open("rb") as journal:
            first = max(0, journal.seek(0, os.SEEK_END) - _TAIL_BYTES)
            journal.seek(first)
            lines = journal.read().split(b"\n")[1 if first else 0 : -1]  # whole ones
        events = [json.loads(line) for line in lines]
        at_s = {
            event["step"]: event["time_ms"] / 1000
            for event in events
            if event["kind"] == "metrics" and "train/loss" in event["values"]
        }
        rungs = [(event["step"], event["value"]) for event in events if event["kind"] == "rung"]
        paces = [(at_s[b] - at_s[a]) / (b - a) for a, b in itertools.pairwise(at_s) if b > a]
        last_s = max((event["time_ms"] / 1000 for event in events), default=None)
        apart_s = [at_s[b] - at_s[a] for a, b in itertools.pairwise(at_s)][-1:]
        found = RunProgress(
            name=str(spec["name"]),
            step=max((event["step"] for event in events), default=0),
            steps=int(spec["settings"]["train"]["steps"]),
            seconds_per_step=max(0.0, statistics.median(paces)) if paces else None,
            seconds_since=max(0.0, now_s - last_s) if last_s is not None else 0.0,
            seconds_apart=max(0.0, *apart_s) if apart_s else 0.0,
            rung=rungs[-1] if rungs else None,
        )
        return _in_their_steps(found, spec["settings"])
    return None
