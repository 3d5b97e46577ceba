"""Progress of a study on standard error: bars on a terminal, a plain line now and then elsewhere.

Nobody has to look: a reader or terminal that is gone stops no training. Names come from files and
are no markup. What open runs do is read from the ledger and from the ends of their journals, so
that the driver is asked nothing.
"""

import contextlib
import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ablate.errors import one_line
from ablate.stats.health import words
from ablate.study.ledger import OpenRuns, RunProgress

if TYPE_CHECKING:
    from ablate.study.driver import Progress as Step

LINE_EVERY_S: Final = 5.0  # between plain lines about runs, at first
LONGEST_S: Final = 30.0  # without a plain line
NEWS: Final = ("last", "failed", "ended", "rung", "begun", "first")  # the first of them is told
_LOOK_EVERY_S: Final = 1.0
_REMEMBERED: Final = 64  # runs whose times are looked at
_FAILURES_TOLD: Final = 20  # at once
_WIDE: Final = 100  # letters of a line that has room for long names


class _Unread(Console):
    """A console that leaves it to its user what to do when nobody reads."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise instead of ending the program."""
        raise BrokenPipeError


class Meter:
    """Shows how far a study is.

    Args:
        title: Stands before the bar.
        folder: Of the study in its store.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self, title: str, folder: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = _Unread(stderr=True)
        self._is_live = is_live(self._console)
        self._is_wide = self._console.width >= _WIDE
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20 if self._is_wide else 12),
            TextColumn("{task.fields[said]}", markup=False),
            console=self._console,
            disable=not self._is_live,
        )
        self._title = title
        self._clock = clock
        self._watch = OpenRuns(folder)
        self._study = self._bars.add_task(self._short(title), total=None, said="")
        self._bars.update(self._study, said="starting")
        self._rows: dict[str, TaskID] = {}
        self._step: Step | None = None
        self._taken = 0.0
        self._steps_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._beside_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._failed = 0
        self._log = _Log(clock)
        self._one_at_a_time = threading.Lock()
        self._done = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Meter":
        self._bars.start()
        self._looking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def ended(self) -> str:
        """Return "37 of 286 runs", empty before any run of this session has ended."""
        is_told = self._step is not None and self._step.last is not None
        return f"{self._step.ended} of {self._step.planned} runs" if self._step and is_told else ""

    def stop(self) -> None:
        """Take the bars of open runs away and leave the terminal as it was."""
        self._done.set()
        if self._looking.is_alive():
            self._looking.join(timeout=2 * _LOOK_EVERY_S)
        with contextlib.suppress(OSError):
            for row in [*self._rows.values(), *([] if self.ended else [self._study])]:
                self._bars.update(row, visible=False)
            self._bars.stop()

    def take(self, step: "Step") -> None:
        """Show where the study starts, or the run that just ended."""
        with self._one_at_a_time, contextlib.suppress(OSError):
            self._step, self._taken = step, self._clock()
            if step.last is None:
                goes_on = "goes on" if step.ended else "starts"
                self._log.add("last" if step.ended == step.planned else "first", goes_on)
            else:
                is_failed = step.last.state == "failed"
                self._learn(step.last.facts)
                self._failed += is_failed
                is_last = step.ended == step.planned
                looks = words(step.last.health)
                is_ill = is_failed or bool(looks)
                news = one_line(f"{step.last_name}: {step.last.state}{looks and f', {looks}'}")
                if looks and self._is_live:
                    self._console.print(news, highlight=False, markup=False, soft_wrap=True)
                self._log.add("last" if is_last else "failed" if is_ill else "ended", news)
            if self._is_live:
                self._show(self._watch.progress())
            else:
                self._tell()

    def look(self) -> None:
        """Show what open runs have done meanwhile; called every second."""
        with self._one_at_a_time, contextlib.suppress(OSError):
            found = self._watch.progress()
            if self._is_live:
                self._show(found)
                return
            self._log.look(found)
            self._tell(found)

    def _look(self) -> None:
        while not self._done.wait(_LOOK_EVERY_S):
            self.look()

    def _tell(self, found: Mapping[str, RunProgress] | None = None) -> None:
        """Print a plain line where one is due."""
        if self._step is None or not self._log.is_due():
            return
        found = self._watch.progress() if found is None else found
        step = self._step
        is_over = step.ended == step.planned
        left = duration(0) if is_over else self._left(found)
        counts = f"{self._title} {step.ended}/{step.planned} ETA {left}"
        scores = f"  {_scores(step)}" if _scores(step) else ""
        news = self._log.take(found)
        self._console.print(
            f"{counts}{scores}  {news}", highlight=False, markup=False, soft_wrap=True
        )

    def _learn(self, facts: Mapping[str, object]) -> None:
        """Take what a run took per step and beside its steps: scoring is often the larger part."""
        per_step, seconds, steps = (facts.get(k) for k in ("seconds_per_step", "seconds", "steps"))
        if isinstance(per_step, float) and isinstance(seconds, float) and isinstance(steps, int):
            self._steps_s.append(per_step)
            self._beside_s.append(max(0.0, seconds - per_step * steps))

    def _short(self, name: str) -> str:
        return one_line(name, longest=30 if self._is_wide else 20)

    def _left(self, found: Mapping[str, RunProgress]) -> str:
        """Return the time that is left, by the runs of this session that have ended.

        Before the first of them it is a lower bound, by the steps of those that are open.
        """
        step = self._step
        if step is None:
            return "?"
        beside_s = statistics.median(self._beside_s) if self._beside_s else 0.0
        per_step = statistics.median(self._steps_s) if self._steps_s else None
        parts = [one.part(beside_s=beside_s, seconds_per_step=per_step) for one in found.values()]
        whole, under_way = step.ended - step.resumed, sum(parts)
        left = max(0.0, step.planned - step.ended - under_way)
        if whole:
            seconds = step.seconds + self._clock() - self._taken
            return duration(seconds / (whole + under_way) * left)
        paces = [one.seconds_per_step * one.steps for one in found.values() if one.seconds_per_step]
        return f"> {duration(statistics.median(paces) * left / len(found))}" if paces else "?"

    def _show(self, found: Mapping[str, RunProgress]) -> None:
        if self._step is not None:
            failed = f", {self._failed} failed" if self._failed else ""
            is_whole = self._step.ended == self._step.planned
            rest = duration(self._step.seconds) if is_whole else f"ETA {self._left(found)}"
            scores = f", {_scores(self._step)}" if _scores(self._step) else ""
            said = f"{self._step.ended}/{self._step.planned}{failed}, {rest}{scores}"
            self._bars.update(
                self._study, completed=self._step.ended, total=self._step.planned, said=said
            )
        for run in [run for run in self._rows if run not in found]:
            self._bars.remove_task(self._rows.pop(run))
        for run, one in found.items():
            if run not in self._rows:
                name = self._short(f"  {one.name}")
                self._rows[run] = self._bars.add_task(name, total=one.steps, said="")
            said = f"step {one.step} of {one.steps}" if one.step < one.steps else "scoring"
            self._bars.update(self._rows[run], completed=one.step, said=said)


class _Log:
    """Decides when a line is due where there is no terminal, and what is new in it.

    The start, the end and the first failures are told at once; ends, rungs and begins of runs
    every 5 s at most, after ten minutes ever more rarely down to every 30 s; and what is running
    every 30 s. So neither a day nor 10,000 runs come to more than some 3,000 lines.

    Args:
        clock: Returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.started = clock()
        self._told = -math.inf
        self._failures = 0
        self._news: dict[str, str] = {}  # kind -> the latest that was not told
        self._seen: dict[str, RunProgress] = {}

    def add(self, kind: str, news: str) -> None:
        """Take something that happened: of each kind of NEWS the latest is told."""
        self._failures += kind == "failed"
        self._news[kind] = news

    def look(self, found: Mapping[str, RunProgress]) -> None:
        """Take which runs have begun, and which have come to a rung."""
        for run, one in found.items():
            before = self._seen.get(run)
            if before is None:
                self.add("begun", f"{one_line(one.name)}: begins")
            if one.rung is not None and (before is None or before.rung != one.rung):
                step, value = one.rung
                score = _number(value) if isinstance(value, int | float) else value
                self.add("rung", f"{one_line(one.name)}: {score} at step {step} of {one.steps}")
        self._seen = dict(found)

    def is_due(self) -> bool:
        """Return whether a line is to be printed now."""
        now = self._clock()
        at_once = {"first", "last"} | ({"failed"} if self._failures <= _FAILURES_TOLD else set())
        if at_once & set(self._news):
            return True
        least_s = min(LONGEST_S, max(LINE_EVERY_S, (now - self.started) / 120))
        return now - self._told >= (least_s if self._news else LONGEST_S)

    def take(self, found: Mapping[str, RunProgress]) -> str:
        """Return what the line says behind the counts; all news are then told."""
        self._told = self._clock()
        news = next((self._news[kind] for kind in NEWS if kind in self._news), "")
        self._news.clear()
        return news or _running(list(found.values()))


def _running(runs: Sequence[RunProgress]) -> str:
    """Return how far the open runs are."""
    if not runs:
        return "no run has begun"
    if len(runs) == 1:
        (one,) = runs
        at = f"step {one.step} of {one.steps}" if one.step < one.steps else "scoring"
        return f"{one_line(one.name)}: {at}"
    shares = [f"{one.share:.0%}" if one.step < one.steps else "scoring" for one in runs]
    return f"{len(runs)} running: {', '.join(shares[:4])}{' ...' if len(runs) > 4 else ''}"


def _scores(step: "Step") -> str:
    """Return the last and the best value of the objective, empty before the first."""
    if step.best_score is None:
        return ""
    last = "-" if step.last_score is None else _number(step.last_score)
    return f"{step.objective} {last}, best {_number(step.best_score)}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.3f}"


def is_live(console: Console) -> bool:
    """Return whether bars can move: FORCE_COLOR makes no terminal of a pipe, and some are dumb."""
    with contextlib.suppress(ValueError, AttributeError):  # of a file that is closed
        return console.file.isatty() and not console.is_dumb_terminal
    return False


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Example:
        >>> duration(42), duration(600), duration(9000)
        ('42 s', '10 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
