"""Entry point: the commands, and one line instead of a traceback."""

import logging
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from ablate import __version__
from ablate.cli import (
    best,
    check,
    compare,
    config,
    data,
    demo,
    doctor,
    export,
    fuse,
    listing,
    new,
    plan,
    report,
    run,
    score,
    selftest,
    status,
    ui,
)
from ablate.errors import LONGEST_LINE, AblateError, is_disk_full, one_line

INTERRUPTED = 130

app = typer.Typer(
    name="ablate",
    help="Ablation studies for infrared-visible image fusion that answer their questions.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 run-time failure, 2 your input, 3 finished with failed runs, "
    "130 interrupted.",
)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("new")(new.new)
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)
app.command("score")(score.score)
app.command("best")(best.best)
app.command("compare")(compare.compare)
app.command("config")(config.config)
app.command("fuse")(fuse.fuse)
app.command("export")(export.export)
app.command("list")(listing.listing)
app.command("selftest")(selftest.selftest)
app.command("ui")(ui.ui)
app.add_typer(data.app, name="data")


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"ablate {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    del version
    if debug:
        os.environ["ABLATE_DEBUG"] = "1"
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(message)s")
    for noisy in ("alembic", "filelock", "git", "matplotlib", "mlflow", "PIL", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # the outbox says it once
    if not debug:  # it prints the traceback of an error that reaches us anyway
        for echo in ("mlflow.store.db.utils", "sqlalchemy.pool"):
            logging.getLogger(echo).setLevel(logging.CRITICAL)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--debug" in arguments:  # wherever it stands
        arguments = ["--debug", *[word for word in arguments if word != "--debug"]]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: mark, and end with 130
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal is gone; nohup ignores it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        code = app(args=arguments, standalone_mode=False)
        if code == INTERRUPTED:  # what typer makes of a KeyboardInterrupt
            _end("interrupted; the same command goes on from here", INTERRUPTED)
    except AblateError as error:
        _end(str(error), error.exit_code, error)
    except Exception as error:
        _explain(error)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> NoReturn:
    """End with one line for an error that is not of our own making."""
    show = getattr(error, "show", None)  # the usage errors of the command-line library
    if show is not None:
        show()
        sys.exit(getattr(error, "exit_code", 2))
    if is_disk_full(error):
        _end("the disk is full; free space, then the same command goes on from here", 1, error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}; check free space, path and rights", 1, error)
    _end(f"{type(error).__name__}: {error} (a bug: please report it with --debug)", 1, error)


def _end(text: str, code: int, error: BaseException | None = None) -> NoReturn:
    if error is not None and os.environ.get("ABLATE_DEBUG"):
        raise error
    lines = [one_line(line, longest=LONGEST_LINE) for line in text.split("\n")]
    typer.echo("\n".join(lines), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
