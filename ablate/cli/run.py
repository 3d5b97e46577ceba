"""`ablate run`: run a study, or go on with it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Overrides, Store, Study


def run(
    study: Study,
    overrides: Overrides = None,
    *,
    store: Store = DEFAULT_STORE,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Worker processes (executor.slots).")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Run again what failed without diverging.")
    ] = False,
    accept_drift: Annotated[
        bool,
        typer.Option("--accept-drift", help="Go on with other code, libraries or arithmetic."),
    ] = False,
) -> None:
    """Run a study; the same command again goes on where it stopped.

    Example: ablate run q4_variant data=msrs data.root=/data/MSRS --workers 2
    """
    code = run_and_tell(
        study, overrides or [], store=store, workers=workers, retry=retry, accept_drift=accept_drift
    )
    words = shlex.join(["ablate", "report", study, "--store", str(store)])
    typer.echo(f"report: {words}")
    raise typer.Exit(code)


def run_and_tell(
    study: str, overrides: list[str], *, store: Path, workers: int | None, retry: bool = False,
    accept_drift: bool = False,
) -> int:  # fmt: skip
    """Run a study with progress on standard error and return the exit code."""
    from ablate.cli.arguments import load
    from ablate.cli.progress import Meter
    from ablate.study.driver import run as drive

    if workers:
        overrides = [*overrides, f"executor.slots={workers}"]
    config = load(study, overrides)
    with Meter(config.name) as meter:
        outcome = drive(
            config, store=store, overrides=overrides, retry=retry, accept_drift=accept_drift,
            listen=meter.take,
        )  # fmt: skip
    counts = outcome.counts
    typer.echo(
        f"{config.name}: {counts['finished']} of {outcome.planned} runs finished, "
        f"{counts['pruned']} pruned, {counts['failed']} failed"
    )
    return 3 if counts["failed"] else 0
