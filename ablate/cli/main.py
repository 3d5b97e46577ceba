"""Entry point: the commands, and one line instead of a traceback."""

import errno
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from ablate import __version__
from ablate.cli import (
    adopt,
    audit,
    backup,
    best,
    check,
    compare,
    config,
    dashboard,
    data,
    demo,
    doctor,
    export,
    fuse,
    gc,
    judge,
    listing,
    new,
    plan,
    promote,
    report,
    run,
    schema,
    score,
    score_again,
    selftest,
    status,
    streams,
    synthesize,
    table,
    ui,
    watch,
)
from ablate.cli.manual import EXIT_LINE, FIX, MAKE, READ, RUN, USE, Command, Group
from ablate.cli.saying import echo
from ablate.errors import LONGEST_LINE, AblateError, one_line, spelled, storage_failure
from ablate.homes import set_absent
from ablate.tracking.address import hide

INTERRUPTED = 130
COMMANDS: tuple[tuple[str, str, Callable[..., Any], str], ...] = (
    (MAKE, "adopt", adopt.adopt, "Read a repository, write a study of its commands."),
    (MAKE, "new", new.new, "Write a project of one's own that runs as it is."),
    (MAKE, "list", listing.listing, "Names that study files may use: losses, models, ..."),
    (MAKE, "check", check.check, "Every error of study files and plug-ins at once."),
    (MAKE, "schema", schema.schema, "JSON Schema of study files, for editors."),
    (RUN, "demo", demo.demo, "The quickstart study, from nothing to its report."),
    (RUN, "plan", plan.plan, "Arms, runs, cost, detectable effect; writes nothing."),
    (RUN, "run", run.run, "Run a study, or go on with it."),
    (
        RUN,
        "score-again",
        score_again.score_again,
        "Kept weights on further test sets or metrics.",
    ),
    (RUN, "status", status.status, "How far a study is; writes nothing."),
    (RUN, "watch", watch.watch, "A running study as it goes on; writes nothing."),
    (READ, "report", report.report, "Pages, figures and tables of a study."),
    (READ, "table", table.table, "Answers as the table of a paper, side by side."),
    (READ, "best", best.best, "What no other value beats, and the trade-offs."),
    (READ, "synthesize", synthesize.synthesize, "One answer over data sets and networks."),
    (READ, "judge", judge.judge, "Effects, intervals and tests for runs made elsewhere."),
    (READ, "audit", audit.audit, "A printed table: its errors, and what seeds may explain."),
    (READ, "compare", compare.compare, "Two runs in words."),
    (READ, "ui", ui.ui, "The MLflow UI over a store."),
    (READ, "dashboard", dashboard.dashboard, "optuna-dashboard over a store (an extra)."),
    (USE, "fuse", fuse.fuse, "A trained network on your images."),
    (USE, "export", export.export, "A trained network as a file for other programs."),
    (USE, "promote", promote.promote, "The study that trains a trial at length, with seeds."),
    (USE, "config", config.config, "The overrides that make a run again."),
    (USE, "score", score.score, "Metrics of anybody's fused images, ranked."),
    (FIX, "doctor", doctor.doctor, "The stores of a study against each other."),
    (FIX, "backup", backup.backup, "A consistent copy of a study, also while it runs."),
    (FIX, "gc", gc.gc, "Free the space of what a store can compute again."),
    (
        FIX,
        "selftest",
        selftest.selftest,
        "Does the protocol find planted effects and nothing else?",
    ),
)  # a line per command: where it is listed, its name, what it does in at most 62 letters

app = typer.Typer(
    name="ablate",
    cls=Group,
    help="Ablation studies for infrared-visible image fusion that answer their questions.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="STUDY is a name (ablate list studies) or the path of a YAML file. Commands with --json "
    "print one document on standard output; messages and progress go to standard error.\n"
    f"{EXIT_LINE}.",
)
for panel, name, function, summary in COMMANDS:
    app.command(name, cls=Command, rich_help_panel=panel, short_help=summary)(function)
data.app.info.cls = Group
for command in data.app.registered_commands:
    command.cls = Command
app.add_typer(
    data.app, name="data", rich_help_panel=MAKE, short_help="Fetch, verify and describe data sets."
)


def _version(is_asked: bool) -> None:
    if is_asked:
        echo(f"ablate {__version__}")
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
    for handler in logging.getLogger().handlers:
        handler.addFilter(_fit_to_show)
    for noisy in ("alembic", "filelock", "git", "mlflow", "PIL", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # the outbox says it once
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # a home that cannot be written
    if not debug:  # it prints the traceback of an error that reaches us anyway
        for echo in ("mlflow.store.db.utils", "sqlalchemy.pool"):
            logging.getLogger(echo).setLevel(logging.CRITICAL)


def _fit_to_show(record: logging.LogRecord) -> bool:
    """Take passwords out of addresses, and spell out control characters, in any message."""
    said = record.getMessage()
    if (hidden := spelled(hide(said))) != said:
        record.msg, record.args = hidden, ()
    return True


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    streams.guard()
    try:
        _main(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:
        lost = streams.lost_output()
        if lost:
            echo(lost, err=True)
            raise SystemExit(end.code or streams.LOST) from None
        raise


def _main(arguments: list[str]) -> NoReturn:
    set_absent()
    if "--debug" in arguments:  # wherever it stands
        arguments = ["--debug", *[word for word in arguments if word != "--debug"]]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: mark, and end with 130
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal is gone; nohup ignores it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        code = app(args=arguments, prog_name="ablate", standalone_mode=False)
        if code == INTERRUPTED:  # what typer makes of a KeyboardInterrupt
            _end("interrupted; a study goes on with the same command", INTERRUPTED)
    except AblateError as error:
        _end(str(error), error.exit_code, error)
    except Exception as error:
        _explain(error)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> NoReturn:
    """End with one line for an error that is not of our own making."""
    said = getattr(error, "format_message", None)  # the usage errors of the command-line library
    if said is not None:
        text, code = " ".join(said().split()), getattr(error, "exit_code", 2)
        if not text:  # `ablate` alone: the help has been printed
            sys.exit(code)
        where = getattr(getattr(error, "ctx", None), "command_path", "ablate")
        _end(f"{where}: {text.rstrip('.?')}; see {where} --help", code)
    if failure := storage_failure(error):
        _end(f"{failure}, then the same command goes on from here", 1, error)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        _end(f"{error.filename}: {error.strerror}; use a shorter one", 2, error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        fix = "check free space, path and rights"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            fix = "name another place, or change the rights of this one"
        _end(f"{where}{error.strerror or error}; {fix}", 1, error)
    if isinstance(error, MemoryError):
        _end("the memory of this machine does not suffice; free some, or do less at once", 1, error)
    _end(f"{type(error).__name__}: {error} (a bug: please report it with --debug)", 1, error)


def _end(text: str, code: int, error: BaseException | None = None) -> NoReturn:
    if error is not None and os.environ.get("ABLATE_DEBUG"):
        raise error
    lines = [one_line(line, longest=LONGEST_LINE) for line in hide(text).split("\n")]
    echo("\n".join(lines), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
