"""`ablate run`: run a study, or go on with it."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Limit, Overrides, Store, Study, limited
from ablate.cli.saying import echo, say
from ablate.errors import ConfigError

if TYPE_CHECKING:
    from threading import Thread

    from ablate.cli.progress import Meter
    from ablate.study.driver import Outcome
    from ablate.study.status import Preview

INTERRUPTED: Final = 130
STOPPING: Final = (
    "stopping: open runs save their state, within seconds (Ctrl-C again ends at once; "
    "they then go on from their last checkpoints)"
)


def run(
    study: Study,
    overrides: Overrides = None,
    *,
    store: Store = DEFAULT_STORE,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Worker processes (executor.slots).")
    ] = None,
    limit: Limit = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Run again what failed without diverging.")
    ] = False,
    accept_drift: Annotated[
        bool,
        typer.Option("--accept-drift", help="Go on with other code, libraries or arithmetic."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run, resumed, retried; no more.")
    ] = False,
    more: Annotated[
        int | None,
        typer.Option(
            "--more",
            min=1,
            metavar="N",
            help="Extend the study's search by N trials, once it has ended.",
        ),
    ] = None,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Show it in the MLflow UI meanwhile, and until Ctrl-C."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a study; the same command again goes on where it stopped.

    Ctrl-C (or SIGTERM) stops: open runs save their state, and the command that goes on is printed.
    A second one ends at once.

    Examples:
        ablate run q4_variant data=msrs data.root=/data/MSRS --workers 2
        ablate run q4_variant --retry --dry-run
        ablate run my_search --more 8
    """
    words = limited(overrides, limit) + ([f"executor.slots={workers}"] if workers else [])
    if dry_run:
        _preview(study, words, store=store, retry=retry, more=more, as_json=as_json)
        return
    shown = _opened(study, words, store=store) if open_ else None
    outcome = drive(study, words, store=store, retry=retry, accept_drift=accept_drift, more=more)
    then = shlex.join(["ablate", "report", study, "--store", str(store)])
    if as_json:
        echo(json.dumps({**_facts(outcome), "report": then}, indent=2))
    else:
        say(sentence(outcome))
        for line in (*outcome.searches, *outcome.looks):
            say(line)
        say(f"report: {then}")
    if shown is not None and shown.is_alive():
        say("the MLflow UI goes on until Ctrl-C")
        with suppress(KeyboardInterrupt):
            shown.join()
    raise typer.Exit(exit_code(outcome))


def drive(
    study: str,
    overrides: list[str],
    *,
    store: Path,
    retry: bool = False,
    accept_drift: bool = False,
    more: int | None = None,
) -> "Outcome":
    """Run a study with progress on standard error, and return its outcome.

    Raises:
        SystemExit: It was interrupted; the command that goes on has been printed.
    """
    from ablate.cli.arguments import load

    config = load(study, overrides, store=store)
    from ablate.study.open_study import OpenStudy

    opened = OpenStudy(config, store=store)  # refused before what takes seconds to import
    from ablate.cli.progress import Meter
    from ablate.report.interim import closes
    from ablate.study.driver import run_open
    from ablate.tracking.address import recorded

    if more and (config := opened.with_more(more)) is not opened.config:
        opened = OpenStudy(config, store=store)
    with Meter(config.name, store / config.name) as meter:
        try:
            with _stoppable(meter):
                return run_open(
                    opened,
                    overrides=overrides,
                    retry=retry,
                    accept_drift=accept_drift,
                    listen=meter.take,
                    begins=meter.take,
                    closes=closes,
                    says=meter.say,
                )
        except KeyboardInterrupt:
            meter.stop()
            after = f" after {meter.ended}" if meter.ended else ""
            words = ["ablate", "run", study, *map(recorded, overrides), "--store", str(store)]
            words += ["--accept-drift"] if accept_drift else []
            with suppress(OSError):  # the terminal may be gone
                echo(f"interrupted{after}; go on with:\n  {shlex.join(words)}", err=True)
            sys.exit(INTERRUPTED)


def _opened(study: str, overrides: list[str], *, store: Path) -> "Thread":
    from ablate.cli.arguments import load
    from ablate.cli.opening import show

    config = load(study, overrides, store=store)
    if config.store.get("mlflow"):
        raise ConfigError("--open: shows the store's own MLflow, not store.mlflow; leave one out")
    return show(config.name, store=store, say=lambda line: echo(line, err=True))


def sentence(outcome: "Outcome") -> str:
    """Return how many runs ended in which way."""
    counts = outcome.counts
    return (
        f"{outcome.folder.name}: {counts['finished']} of {outcome.planned} runs finished, "
        f"{counts['pruned']} pruned, {counts['failed']} failed"
    )


def exit_code(outcome: "Outcome") -> int:
    """Return 3 where runs failed or lack scores on a test set, else 0."""
    return 3 if outcome.counts["failed"] or outcome.unscored else 0


def _facts(outcome: "Outcome") -> dict[str, Any]:
    return {
        "study": outcome.folder.name,
        "planned": outcome.planned,
        "looks": list(outcome.looks),
        "searches": list(outcome.searches),
        **outcome.counts,
        "folder": str(outcome.folder),
        "tracking_uri": outcome.tracking_uri,
    }


def _preview(
    study: str, overrides: list[str], *, store: Path, retry: bool, more: int | None, as_json: bool
) -> None:
    from ablate.cli.arguments import load

    config = load(study, overrides, store=store)
    from ablate.study.open_study import OpenStudy
    from ablate.study.status import preview

    if more:
        config = OpenStudy(config, store=store).with_more(more)
    found = preview(OpenStudy(config, store=store), retry=retry)
    if as_json:
        facts = {"study": config.name, "dry_run": True, "to_run": found.to_run, **asdict(found)}
        echo(json.dumps(facts, indent=2))
        return
    for line in _lines(config.name, found):
        say(line)


def _lines(study: str, found: "Preview") -> list[str]:
    parts = [
        f"{count} {what}"
        for count, what in (
            (found.new, "new"),
            (found.resumed, "resumed from a checkpoint"),
            (found.restarted, "begun anew after an interruption"),
            (found.retried, "tried again"),
        )
        if count
    ]
    said = f" ({', '.join(parts)})" if parts else ""
    lines = [f"{study}: would make {found.to_run} of {found.planned} runs{said}"]
    if found.may_be_taken_over:
        lines.append(
            f"  up to {found.may_be_taken_over} of these are taken over from an earlier look, "
            "where the search suggests them again"
        )
    if found.kept:
        lines.append(f"  {found.kept} have ended and stay as they are")
    if found.running_elsewhere:
        lines.append("  a driver is at work on it now: a second one is refused until it ends")
    return [*lines, "nothing was written"]


@contextmanager
def _stoppable(meter: "Meter") -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM interrupt the block, and the second end the process."""
    known = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        for one in known:
            signal.signal(one, end)
        meter.stop()
        with suppress(OSError):
            os.write(2, f"{STOPPING}\n".encode())  # print may have been interrupted itself
        raise KeyboardInterrupt

    def end(number: int, frame: FrameType | None) -> None:
        with suppress(OSError):
            os.write(2, b"ended at once; the same command goes on from here\n")
        os._exit(INTERRUPTED)

    for one in known:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in known.items():
            signal.signal(one, handler)
