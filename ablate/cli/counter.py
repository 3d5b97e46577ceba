"""Progress of a count on standard error: a bar with ETA on a terminal, a few lines elsewhere."""

import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ablate.cli.progress import duration, is_live

_EVERY_S: Final = 5.0  # between lines where there is no terminal


class Counter:
    """Shows how many of how many are done.

    Args:
        title: What is done, for example "scoring".
    """

    def __init__(self, title: str) -> None:
        self._console = Console(stderr=True)
        self._is_live = is_live(self._console)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
            disable=not self._is_live,
        )
        self._task = self._bar.add_task(title, total=None, left="")
        self._title = title
        self._started = self._told = time.monotonic()

    def __enter__(self) -> "Counter":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def step(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        now = time.monotonic()
        left = f"ETA {duration((now - self._started) / max(1, done) * (total - done))}"
        self._bar.update(self._task, completed=done, total=total, left=left)
        if self._is_live or now - self._told < _EVERY_S:
            return
        self._told = now
        self._console.print(f"{self._title} {done}/{total} {left}", highlight=False)
