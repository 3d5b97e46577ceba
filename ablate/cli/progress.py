"""Progress of a study on standard error: bars on a terminal, a plain line now and then elsewhere.

Nobody has to look: a reader or terminal that is gone stops no training. Names come from files and
are no markup. What open runs do is read from the ledger and from the ends of their journals, so
that the driver is asked nothing.
"""

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ablate.errors import one_line
from ablate.study.at_work import AtWork, written

if TYPE_CHECKING:
    from ablate.study.driver import Progress as Step

LINE_EVERY_S: Final = 5.0  # between plain lines, for runs that did not fail
_LOOK_EVERY_S: Final = 1.0
_TAIL_BYTES: Final = 4096
_NAME: Final = 30  # letters of a run's name


class _Unread(Console):
    """A console that leaves it to its user what to do when nobody reads."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise instead of ending the program."""
        raise BrokenPipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run at work: how far its training is; all steps done means that it is being scored."""

    name: str
    step: int
    steps: int


class Watch:
    """Reads which runs of a study are open, and how far they are.

    Args:
        folder: Of the study in its store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_work = AtWork(folder, read=written(folder))

    def look(self) -> dict[str, OpenRun]:
        """Return the open runs by their ids, those that have begun."""
        found = {}
        for run in self._at_work.look():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                found[run] = self._state(self._folder / "runs" / run)
        return found

    @staticmethod
    def _state(folder: Path) -> OpenRun:
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        with (folder / "journal.jsonl").open("rb") as journal:
            first = max(0, journal.seek(0, os.SEEK_END) - _TAIL_BYTES)
            journal.seek(first)
            lines = journal.read().split(b"\n")[1 if first else 0 : -1]  # whole ones
        step = max((json.loads(line).get("step", 0) for line in lines), default=0)
        return OpenRun(name=spec["name"], step=step, steps=spec["settings"]["train"]["steps"])


class Meter:
    """Shows how far a study is.

    Args:
        title: Stands before the bar.
        folder: Of the study in its store.
    """

    def __init__(self, title: str, folder: Path) -> None:
        self._console = _Unread(stderr=True)
        self._is_live = is_live(self._console)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}", markup=False),
            console=self._console,
            disable=not self._is_live,
        )
        self._title = title
        self._watch = Watch(folder)
        self._study = self._bars.add_task(one_line(title, longest=_NAME), total=None, said="")
        self._bars.update(self._study, said="starting")
        self._rows: dict[str, TaskID] = {}
        self._step: Step | None = None
        self._failed = 0
        self._told = float("-inf")
        self._done = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Meter":
        self._bars.start()
        if self._is_live:
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
        return f"{self._step.ended} of {self._step.planned} runs" if self._step else ""

    def stop(self) -> None:
        """Take the bars of open runs away and leave the terminal as it was."""
        self._done.set()
        if self._looking.is_alive():
            self._looking.join(timeout=2 * _LOOK_EVERY_S)
        with contextlib.suppress(OSError):
            for row in [*self._rows.values(), *([] if self._step else [self._study])]:
                self._bars.update(row, visible=False)
            self._bars.stop()

    def take(self, step: "Step") -> None:
        """Show the run that just ended."""
        assert step.last is not None
        self._step = step
        is_failed = step.last.state == "failed"
        self._failed += is_failed
        with contextlib.suppress(OSError):
            if self._is_live:
                self._show()
            elif is_failed or step.ended == step.planned or self._is_due():
                self._told = time.monotonic()
                last = one_line(f"{step.last_name}: {step.last.state}")
                self._console.print(
                    f"{self._title} {step.ended}/{step.planned} ETA {self._left()}  {last}",
                    highlight=False, markup=False, soft_wrap=True,
                )  # fmt: skip

    def _is_due(self) -> bool:
        return time.monotonic() - self._told >= LINE_EVERY_S

    def _left(self, under_way: float = 0.0) -> str:
        """Return the time that is left, by the runs of this session; `under_way` is in runs."""
        if self._step is None:
            return "?"
        done = max(1.0, self._step.ended - self._step.resumed + under_way)
        left = self._step.planned - self._step.ended - under_way
        return duration(self._step.seconds / done * max(0.0, left))

    def _look(self) -> None:
        while not self._done.wait(_LOOK_EVERY_S):
            with contextlib.suppress(OSError):
                self._show()

    def _show(self) -> None:
        found = self._watch.look()
        if self._step is not None:
            failed = f", {self._failed} failed" if self._failed else ""
            share = sum(one.step / max(1, one.steps) for one in found.values())
            is_whole = self._step.ended == self._step.planned
            rest = duration(self._step.seconds) if is_whole else f"ETA {self._left(share)}"
            said = f"{self.ended}{failed}, {rest}"
            self._bars.update(
                self._study, completed=self._step.ended, total=self._step.planned, said=said
            )
        elif found:
            self._bars.update(self._study, said="ETA after the first run")
        for run in [run for run in self._rows if run not in found]:
            self._bars.remove_task(self._rows.pop(run))
        for run, one in found.items():
            if run not in self._rows:
                name = "  " + one_line(one.name, longest=_NAME - 2)
                self._rows[run] = self._bars.add_task(name, total=one.steps, said="")
            said = f"step {one.step} of {one.steps}" if one.step < one.steps else "scoring"
            self._bars.update(self._rows[run], completed=one.step, said=said)


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
