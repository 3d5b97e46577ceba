"""How a study is doing right now, read from its ledger and the journals of its open runs."""

import contextlib
import json
import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ablate.errors import StoreError, one_line
from ablate.execution.run_folder import read_result, read_spec
from ablate.metrics.catalogue import is_lower_better
from ablate.numbers import duration
from ablate.study.run_progress import RunProgress, progress_of
from ablate.study.study_lock import is_locked, open_runs
from ablate.training.spec import RunResult
from ablate.writing import write_json

BARS: Final = "▁▂▃▄▅▆▇█"
SHOWN: Final = 40  # last scores in the line of bars
PLANNED: Final = "planned.json"  # in the folder of a study: how many runs its driver plans


def note_planned(folder: Path, runs: int) -> None:
    """Write how many runs a study plans now, for whoever watches it.

    Args:
        folder: Of the study in its store.
        runs: Those that have ended included.
    """
    with contextlib.suppress(OSError):  # a full disk is noticed by what has to be written
        write_json(folder / PLANNED, {"runs": runs})


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run at work."""

    name: str
    step: int
    steps: int
    left_s: float | None  # None where the pace is not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The objective of a run that has ended."""

    run: str
    name: str
    trial: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One look at a study.

    Args:
        study: Its name.
        is_running: Whether a driver is at work.
        counts: Ended runs by state.
        running: Runs at work, the oldest first.
        objective: Metric that selects, "" before any run has begun.
        scores: Of ended healthy runs, in the order of their ends.
        last: The newest of them.
        best: The best of them.
        planned: Runs of the study; None where its driver did not say.
        left_s: Seconds until all of them have ended; None where the pace is not known.
    """

    study: str
    is_running: bool
    counts: dict[str, int]
    running: tuple[Running, ...]
    objective: str
    scores: tuple[float, ...]
    last: Score | None
    best: Score | None
    planned: int | None = None
    left_s: float | None = None

    def headline(self) -> str:
        """Return the counts in a line."""
        counted = ", ".join(f"{count} {state}" for state, count in self.counts.items() if count)
        ended = sum(self.counts.values())
        if self.planned is not None:
            counted = f"{ended} of {self.planned} ended" + (f" ({counted})" if counted else "")
        left = "" if self.left_s is None or not self.running else f", {duration(self.left_s)} left"
        state = "" if self.is_running else "; no driver of this machine is at work"
        head = f"{self.study}: {counted or 'nothing has ended'}, {len(self.running)} running"
        return f"{head}{left}{state}"

    def score_lines(self) -> list[str]:
        """Return the last and the best score, and the scores as a line of bars."""
        if self.last is None or self.best is None:
            return []
        return [
            f"{self.objective} last {self.last.value:.4f} trial {self.last.trial} "
            f"{one_line(self.last.name)}",
            f"{self.objective} best {self.best.value:.4f} trial {self.best.trial} "
            f"{one_line(self.best.name)}",
            f"scores {bars(self.scores[-SHOWN:])}",
        ]

    def lines(self) -> list[str]:
        """Return all of it as plain lines."""
        return [self.headline(), *map(_line, self.running), *self.score_lines()]


def bars(values: Sequence[float]) -> str:
    """Return a bar per value, from the lowest to the highest.

    Example:
        >>> bars([0.0, 0.5, 1.0])
        '▁▅█'
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    top = len(BARS) - 1
    places = ((value - low) / (high - low) if high > low else 0.5 for value in values)
    return "".join(BARS[math.floor(place * top + 0.5)] for place in places)


class Watcher:
    """Looks at a study again and again; of ended runs each result is read once.

    Args:
        folder: Of the study in its store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended: dict[str, RunResult] = {}
        self._scores: list[Score] = []
        self._beside_s: deque[float] = deque(maxlen=64)
        self._steps_s: deque[float] = deque(maxlen=64)
        self._runs_s: deque[float] = deque(maxlen=64)
        self._objective = ""

    def look(self) -> Watched:
        """Return how the study is doing now."""
        is_running = is_locked(self._folder)
        runs = [self._folder / "runs" / run for run in open_runs(self._folder)]
        open_now = [one for one in map(progress_of, runs) if one is not None]
        self._read_ended()
        scores = self._scores
        best = (min if is_lower_better(self._objective) else max)(
            scores, key=lambda one: one.value, default=None
        )
        counts: dict[str, int] = {}
        for result in self._ended.values():
            counts[result.state] = counts.get(result.state, 0) + 1
        running, planned = tuple(map(self._running, open_now)), self._planned()
        return Watched(
            study=self._folder.name,
            is_running=is_running,
            counts=counts,
            running=running,
            objective=self._objective,
            scores=tuple(one.value for one in scores),
            last=scores[-1] if scores else None,
            best=best,
            planned=planned,
            left_s=self._left(running, planned),
        )

    def _planned(self) -> int | None:
        try:
            return int(json.loads((self._folder / PLANNED).read_text(encoding="utf-8"))["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # of an earlier version, or not begun

    def _left(self, running: Sequence[Running], planned: int | None) -> float | None:
        """Return seconds until the last run ends, if as many run at once as do now."""
        if planned is None or not running or not self._runs_s:
            return None
        usual = statistics.median(self._runs_s)
        waiting = max(0, planned - len(self._ended) - len(running))
        under_way = sum(usual if one.left_s is None else one.left_s for one in running)
        return (under_way + waiting * usual) / len(running)

    def _running(self, one: RunProgress) -> Running:
        beside_s = statistics.median(self._beside_s) if self._beside_s else 0.0
        per_step = statistics.median(self._steps_s) if self._steps_s else None
        left_s = one.seconds_left(beside_s=beside_s, seconds_per_step=per_step)
        return Running(name=one.name, step=one.step, steps=one.steps, left_s=left_s)

    def _read_ended(self) -> None:
        found: list[tuple[float, str, RunResult]] = []
        for path in self._folder.glob("runs/*/result.json"):
            run = path.parent.name
            if run in self._ended:
                continue
            try:
                result = read_result(path.parent)
                if result is not None:
                    found.append((path.stat().st_mtime, run, result))
            except (StoreError, OSError):
                continue  # the driver sets it aside
        for _, run, result in sorted(found, key=lambda one: one[:2]):
            self._ended[run] = result
            self._learn(run, result)

    def _learn(self, run: str, result: RunResult) -> None:
        """Learn the pace and the score of a run that has ended."""
        facts: dict[str, Any] = dict(result.facts)
        per_step, seconds, steps = (facts.get(k) for k in ("seconds_per_step", "seconds", "steps"))
        if isinstance(seconds, float):
            self._runs_s.append(seconds)
        if isinstance(per_step, float) and isinstance(seconds, float) and isinstance(steps, int):
            self._steps_s.append(per_step)
            self._beside_s.append(max(0.0, seconds - per_step * steps))
        spec = read_spec(self._folder / "runs" / run)
        if spec is None:
            return
        self._objective = spec.objective
        value = result.metrics.get(spec.objective)
        if value is not None and result.state == "finished" and not result.is_unhealthy:
            self._scores.append(Score(run=run, name=spec.name, trial=spec.trial, value=value))


def _line(one: Running) -> str:
    at = "scoring" if one.step >= one.steps else f"step {one.step} of {one.steps}"
    left = "" if one.left_s is None else f", {duration(one.left_s)} left"
    return f"  {one_line(one.name)}: {at}{left}"
