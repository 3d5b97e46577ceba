"""docs/cli.md from the commands themselves; a test keeps it in step.

Run: python docs/cli_page.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from ablate.cli.main import COMMANDS, app
from ablate.cli.manual import EXIT_CODES, broken, parts

PAGE = Path(__file__).with_name("cli.md")
JSON = {
    "plan": "study, runs, design_hash, steps, hours, trials, searches, confirmations, claims, "
    "detectable, noise, prospects, duplicates, infeasible, spare_runs, network, budgets, "
    "time; fit with --fit",
    "run": "study, planned, finished, pruned, failed, folder, tracking_uri, report",
    "run --dry-run": "study, dry_run, to_run, planned, kept, retried, resumed, restarted, new, "
    "running_elsewhere",
    "status": "study, unit, planned, finished, pruned, failed, running, interrupted, infeasible, "
    "duplicates, reasons, unreadable, unscored, optuna, mlflow, design_hash, started_as, "
    "data_hash, strata, at_work",
    "report": "report, files, summary",
    "check": "fine, unchecked, faults",
    "list": "a list of names",
    "doctor": "study, found, left, strata",
    "backup": "study, store, ended",
    "gc": "store, dry_run, removed, kept, bytes",
    "audit": "a list of tables: line, rows, heads, against, findings, differences, notes",
    "judge": "study, design_hash, data, generated_by, questions, exploration: verdict.json",
    "compare": "settings, split, scores",
    "synthesize": "contrasts, remarks",
    "selftest": "passes, checks; with a study passes, questions",
    "data verify": "name, pairs, splits, problems, manifest_hash",
}  # the first of these keys are stable: keys are added, none is renamed
HEAD = """# The command line

Written by `python docs/cli_page.py` from the commands themselves. The same text is behind
`ablate COMMAND --help`.

- **STUDY** is a name (`ablate list studies`) or the path of a YAML file; **OVERRIDES** are words
  such as `data=msrs data.root=/data/MSRS train.steps=500`.
- **A store** is a folder: `--store`, by default `./ablate-store`.
- **Scripts** read `--json`: one document on standard output. Messages, warnings and progress go to
  standard error, one line per error. Where standard error is not a terminal, progress is a line now
  and then.
- **Colours** are left out in pipes, with `NO_COLOR` set and on `TERM=dumb`; `FORCE_COLOR=1` keeps
  them in pipes.
- **Ctrl-C** (or SIGTERM) stops a study: open runs save their state, and the command that goes on is
  printed. A second Ctrl-C ends at once; open runs then go on from their last checkpoints. A study
  that runs elsewhere on the machine is stopped by `kill PID`, with the process id that stands in
  `STORE/STUDY/driver.json`.
- **Before anything is written**: `ablate plan`, `ablate run --dry-run`, `ablate doctor` without
  `--repair`.
- **Completion** of commands, options, studies, runs and arms in bash, zsh and fish:
  `ablate --install-completion`, or without touching any file
  `eval "$(_ABLATE_COMPLETE=source_bash ablate)"` (`source_zsh`; `source_fish` piped into `source`).
"""


def page() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    lines = [HEAD, "| exit code | |", "|--:|---|"]
    lines += [f"| {code} | {text} |" for code, text in EXIT_CODES.items()]
    lines += ["", "| with --json | keys |", "|---|---|"]
    lines += [f"| `ablate {name}` | {keys} |" for name, keys in JSON.items()]
    panels = dict.fromkeys(panel for panel, *_ in COMMANDS)
    for panel in panels:
        lines += ["", f"## {panel}"]
        for name, command in group.commands.items():
            if command.rich_help_panel == panel:
                lines += _commands(name, command)
    return "\n".join(lines) + "\n"


def _commands(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield from _command(name, command)
        return
    for more, one in inner.items():
        yield from _command(f"{name} {more}", one)


def _command(name: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=f"ablate {name}")
    text = parts(command.callback.__doc__)
    yield f"\n### ablate {name}\n"
    yield "\n\n".join(text.paragraphs)
    yield "\n```bash"
    yield from map(broken, text.examples)
    yield "```\n"
    yield "| | | default |"
    yield "|---|---|---|"
    for one in command.get_params(context):
        if "--help" in one.opts:
            continue
        is_option = one.opts[0].startswith("-")
        word = ", ".join(f"`{option}`" for option in one.opts) if is_option else f"`{_name(one)}`"
        help_text = (one.help or "").replace("|", "\\|")
        yield f"| {word} | {help_text} | {_default(one)} |"


def _name(one: Any) -> str:
    return str(one.metavar or one.name).upper()


def _default(one: Any) -> str:
    if one.required:
        return "required"
    return "" if one.default in (None, False, ()) else f"`{one.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
