"""Progress on standard error: bars on a terminal, a plain line now and then elsewhere.

`Counter` counts what a command does, `Meter` follows the runs of a study. A reader or terminal that
is gone stops no work. Names come from files and are printed as they are, never as markup. What open
runs do is read from the ledger and from the ends of their journals, so that the driver is not
interrupted.
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

from ablate.errors import one_line, spelled
from ablate.numbers import duration
from ablate.stats.health import words
from ablate.study.open_runs import OpenRuns
from ablate.study.run_progress import RunProgress

if TYPE_CHECKING:
    from ablate.study.driver import Progress as Step

LINE_EVERY_S: Final = 5.0  # between plain lines about runs, at first
LONGEST_S: Final = 30.0  # without a plain line
NEWS: Final = ("last", "failed", "ended", "rung", "begun", "first")  # the most important first
_LOOK_EVERY_S: Final = 1.0
_REMEMBERED: Final = 64  # runs whose times are looked at
_FAILURES_PRINTED: Final = 20  # at once
_WIDE: Final = 100  # letters of a line that has room for long names


class _Console(Console):
    """A console on standard error that raises where rich would end the program."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class _Display:
    """Bars on a terminal; plain lines where there is none.

    Args:
        is_transient: Whether the bars vanish in the end.
    """

    def __init__(self, *, is_transient: bool = False) -> None:
        self._console = _Console(stderr=True)
        self.is_live = is_live(self._console)
        self.is_wide = self._console.width >= _WIDE
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20 if self.is_wide else 12),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
            transient=is_transient,
            disable=not self.is_live,
        )

    def add(self, title: str, *, total: int | None = None, text: str = "") -> TaskID:
        """Add a bar; a long title is cut in its middle."""
        short = one_line(title, longest=30 if self.is_wide else 20)
        return self.bars.add_task(short, total=total, text=text)

    def print(self, line: str) -> None:
        """Print a line, above the bars where there are any."""
        self._console.print(spelled(line), highlight=False, markup=False, soft_wrap=True)


class Counter:
    """Shows how many of how many are done.

    Args:
        title: What is done, for example "scoring".
    """

    def __init__(self, title: str) -> None:
        self._display = _Display(is_transient=True)
        self._bar = self._display.add(title)
        self._title = title
        self._started = self._printed = time.monotonic()

    def __enter__(self) -> "Counter":
        self._display.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._display.bars.stop()

    def step(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        now = time.monotonic()
        left = duration((now - self._started) / max(1, done) * (total - done))
        text = f"{done}/{total} ETA {left}"
        with contextlib.suppress(OSError):
            self._display.bars.update(self._bar, completed=done, total=total, text=text)
            if not self._display.is_live and now - self._printed >= LINE_EVERY_S:
                self._printed = now
                self._display.print(f"{self._title} {text}")


class Meter:
    """Shows how far a study is: a bar for it, and one for each open run.

    Args:
        title: Stands before the bar.
        folder: Of the study in its store.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self, title: str, folder: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._display = _Display()
        self._bars, self._is_live = self._display.bars, self._display.is_live
        self._title = title
        self._clock = clock
        self._watch = OpenRuns(folder)
        self._study = self._display.add(title, text="starting")
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
        """For example "37 of 286 runs"; empty before any run of this session has ended."""
        if self._step is None or self._step.last is None:
            return ""
        return f"{self._step.ended} of {self._step.planned} runs"

    def stop(self) -> None:
        """Remove the bars of open runs and leave the terminal as it was."""
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
                    self._display.print(news)
                self._log.add("last" if is_last else "failed" if is_ill else "ended", news)
            if self._is_live:
                self._show(self._watch.progress())
            else:
                self._print_line()

    def say(self, line: str) -> None:
        """Print what the study does when no training is open."""
        with self._one_at_a_time, contextlib.suppress(OSError):
            self._display.print(f"{self._title}: {line}")

    def look(self) -> None:
        """Show what open runs have done meanwhile; called every second."""
        with self._one_at_a_time, contextlib.suppress(OSError):
            found = self._watch.progress()
            if self._is_live:
                self._show(found)
                return
            self._log.look(found)
            self._print_line(found)

    def _look(self) -> None:
        while not self._done.wait(_LOOK_EVERY_S):
            self.look()

    def _print_line(self, found: Mapping[str, RunProgress] | None = None) -> None:
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
        self._display.print(f"{counts}{scores}  {news}")

    def _learn(self, facts: Mapping[str, object]) -> None:
        """Learn what a run took per step, and besides its steps: scoring is often most of it."""
        per_step, seconds, steps = (facts.get(k) for k in ("seconds_per_step", "seconds", "steps"))
        if isinstance(per_step, float) and isinstance(seconds, float) and isinstance(steps, int):
            self._steps_s.append(per_step)
            self._beside_s.append(max(0.0, seconds - per_step * steps))

    def _left(self, found: Mapping[str, RunProgress]) -> str:
        """The time that is left, by the runs of this session that have ended.

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
            text = f"{self._step.ended}/{self._step.planned}{failed}, {rest}{scores}"
            self._bars.update(
                self._study, completed=self._step.ended, total=self._step.planned, text=text
            )
        for run in [run for run in self._rows if run not in found]:
            self._bars.remove_task(self._rows.pop(run))
        for run, one in found.items():
            if run not in self._rows:
                self._rows[run] = self._display.add(f"  {one.name}", total=one.steps)
            text = f"step {one.step} of {one.steps}" if one.step < one.steps else "scoring"
            self._bars.update(self._rows[run], completed=one.step, text=text)


class _Log:
    """Decides when a plain line is due and what news it brings.

    The start, the end and the first failures get a line at once; ends, rungs and starts of runs
    every 5 s at most, after ten minutes ever more rarely down to every 30 s; and what is running
    every 30 s. So neither a day nor 10,000 runs take more than some 3,000 lines.

    Args:
        clock: Returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.started = clock()
        self._printed = -math.inf
        self._failures = 0
        self._news: dict[str, str] = {}  # kind -> the latest that was not printed
        self._seen: dict[str, RunProgress] = {}

    def add(self, kind: str, news: str) -> None:
        """Add news; of each kind in NEWS the latest is kept."""
        self._failures += kind == "failed"
        self._news[kind] = news

    def look(self, found: Mapping[str, RunProgress]) -> None:
        """Add the runs that have begun, and those that have come to a rung."""
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
        """Whether a line is to be printed now."""
        now = self._clock()
        at_once = {"first", "last"} | ({"failed"} if self._failures <= _FAILURES_PRINTED else set())
        if at_once & set(self._news):
            return True
        least_s = min(LONGEST_S, max(LINE_EVERY_S, (now - self.started) / 120))
        return now - self._printed >= (least_s if self._news else LONGEST_S)

    def take(self, found: Mapping[str, RunProgress]) -> str:
        """The news for a line that is printed now; the rest is dropped."""
        self._printed = self._clock()
        news = next((self._news[kind] for kind in NEWS if kind in self._news), "")
        self._news.clear()
        return news or _running(list(found.values()))


def _running(runs: Sequence[RunProgress]) -> str:
    """How far the open runs are."""
    if not runs:
        return "no run is open"
    if len(runs) == 1:
        (one,) = runs
        at = f"step {one.step} of {one.steps}" if one.step < one.steps else "scoring"
        return f"{one_line(one.name)}: {at}"
    shares = [f"{one.share:.0%}" if one.step < one.steps else "scoring" for one in runs]
    return f"{len(runs)} running: {', '.join(shares[:4])}{' ...' if len(runs) > 4 else ''}"


def _scores(step: "Step") -> str:
    """The last and the best value of the objective; empty before the first."""
    if step.best_score is None:
        return ""
    last = "-" if step.last_score is None else _number(step.last_score)
    is_above = step.last_score is not None and step.last_score > step.best_score
    best = "best healthy" if is_above else "best"
    return f"{step.objective} {last}, {best} {_number(step.best_score)}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.3f}"


def is_live(console: Console) -> bool:
    """Whether bars can move: not in a pipe, whatever FORCE_COLOR says, nor in a dumb terminal."""
    with contextlib.suppress(ValueError, AttributeError):  # of a file that is closed
        return console.file.isatty() and not console.is_dumb_terminal
    return False
