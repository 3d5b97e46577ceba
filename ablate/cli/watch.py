"""`ablate watch`: a study as it goes on, read from its files."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store, Study
from ablate.cli.saying import echo

INTERRUPTED = 130
BAR_WIDTH = 16

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ablate.study.watching import Watched, Watcher


def watch(
    study: Study,
    store: Store = DEFAULT_STORE,
    every: Annotated[
        float, typer.Option("--every", min=0.1, metavar="SECONDS", help="Between two looks.")
    ] = 2.0,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Append the lines to this file as well."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One look, then end.")] = False,
) -> None:
    """Show running trials with their steps and time left, and the scores so far.

    It reads the study's folder alone, so it may run on any machine that sees it, and it may end and
    begin again at any time. It ends when no driver is at work. Where there is no terminal, and in
    the file of --log, the same stands as plain lines, one look after the other. Ctrl-C or SIGTERM
    ends it (130); the study goes on.

    Examples:
        ablate watch my_search
        ablate watch my_search --every 60 --log watch.log
    """
    from ablate.config.locations import study_name
    from ablate.store_folder import check_study
    from ablate.study.watching import Watcher

    name = study_name(study)
    check_study(store, name)
    watcher = Watcher(store / name)
    try:
        _follow(watcher, every=every, log=log, once=once)
    except KeyboardInterrupt:  # SIGTERM too
        echo(f"{name}: no longer watched; the study itself goes on", err=True)
        sys.exit(INTERRUPTED)


def _follow(watcher: "Watcher", *, every: float, log: Path | None, once: bool) -> None:
    """Look until no driver is at work, or once."""
    from rich.console import Console
    from rich.live import Live

    from ablate.cli.progress import is_live

    console = Console()
    lives = is_live(console) and not once
    with Live(console=console, auto_refresh=False, transient=False) as live:
        before: list[str] = []
        while True:
            found = watcher.look()
            lines = found.lines()
            if lives:
                live.update(_table(found), refresh=True)
            if lines != before:
                before = lines
                stamp = datetime.now(tz=UTC).astimezone().strftime("%H:%M:%S")
                if not lives:
                    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
                if log is not None:
                    with log.open("a", encoding="utf-8") as file:
                        file.writelines(f"{stamp} {line}\n" for line in lines)
            if once or not found.is_running:
                return
            time.sleep(every)


def _table(found: "Watched") -> "RenderableType":
    """Return the look as a table for a terminal."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    from ablate.numbers import duration

    head = Text(found.headline(), style="bold")
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("running", no_wrap=True, overflow="ellipsis", ratio=1)  # the others are whole
    widest = max((len(f"{one.steps}/{one.steps}") for one in found.running), default=0)
    for title, width in (("steps", max(7, widest)), ("", BAR_WIDTH), ("left", 7)):
        table.add_column(title, no_wrap=True, min_width=width, max_width=width)
    for one in found.running:
        left = "?" if one.left_s is None else duration(one.left_s)
        bar = ProgressBar(total=max(1, one.steps), completed=one.step, width=BAR_WIDTH)
        at = "scoring" if one.step >= one.steps else f"{one.step}/{one.steps}"
        table.add_row(Text(one.name), at, bar, left)
    rest = [Text(line, no_wrap=True, overflow="ellipsis") for line in found.score_lines()]
    return Group(head, *([table] if found.running else []), *rest)
