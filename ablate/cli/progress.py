"""Progress of a study on standard error: a bar with ETA on a terminal, lines elsewhere.

Nobody has to look: a reader or terminal that is gone stops no training. Names come from files and
are no markup.
"""

import contextlib
import time
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ablate.errors import one_line

if TYPE_CHECKING:
    from ablate.study.driver import Progress as Step


class _Unread(Console):
    """A console that leaves it to its user what to do when nobody reads."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise instead of ending the program."""
        raise BrokenPipeError


class Meter:
    """Shows how far a study is.

    Args:
        title: Stands before the bar.
    """

    def __init__(self, title: str) -> None:
        console = _Unread(stderr=True)
        self._is_terminal = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("runs, ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=None, last="starting")
        self._console = console
        self._title = title
        self._started = time.monotonic()

    def __enter__(self) -> "Meter":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._bar.stop()

    def take(self, step: "Step") -> None:
        """Show the run that just ended."""
        assert step.last is not None
        last = one_line(f"{step.last_name}: {step.last.state}")
        with contextlib.suppress(OSError):
            self._show(step, last)

    def _show(self, step: "Step", last: str) -> None:
        if self._is_terminal:
            self._bar.update(self._task, completed=step.ended, total=step.planned, last=last[:32])
            return
        done = max(1, step.ended - step.resumed)
        left = step.seconds / done * (step.planned - step.ended)
        self._console.print(
            f"{self._title} {step.ended}/{step.planned} ETA {left:.0f} s  {last}",
            highlight=False, markup=False,
        )  # fmt: skip
