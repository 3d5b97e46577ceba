"""Entry point: the commands, and one line instead of a traceback."""

import logging
import os
import sys
from typing import Annotated

import typer

from ablate import __version__
from ablate.cli import check, data, demo, listing, plan, report, run, status, ui
from ablate.errors import AblateError

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
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("list")(listing.listing)
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


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--debug" in arguments:  # wherever it stands
        arguments = ["--debug", *[word for word in arguments if word != "--debug"]]
    try:
        code = app(args=arguments, standalone_mode=False)
    except KeyboardInterrupt:
        _end("interrupted; the same command goes on from here", 130)
    except AblateError as error:
        _end(str(error), error.exit_code, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}; check free space, path and rights", 1, error)
    except Exception as error:
        show = getattr(error, "show", None)  # the usage errors of the command-line library
        if show is not None:
            show()
            sys.exit(getattr(error, "exit_code", 2))
        _end(f"{type(error).__name__}: {error} (a bug: please report it with --debug)", 1, error)
    sys.exit(code if isinstance(code, int) else 0)


def _end(text: str, code: int, error: BaseException | None = None) -> None:
    if error is not None and os.environ.get("ABLATE_DEBUG"):
        raise error
    typer.echo(text, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
