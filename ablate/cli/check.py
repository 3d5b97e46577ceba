"""`ablate check`: compose and check study files, try plug-ins; all errors together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.cli import completing
from ablate.cli.arguments import Json, Overrides
from ablate.cli.saying import echo, say
from ablate.plugins import FOLDER

if TYPE_CHECKING:
    from ablate.contracts.plugged import Finding


def check(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            autocompletion=completing.studies,
            help="Study, file of a study or space, or folder; without it, every study found.",
        ),
    ] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Check studies and plug-ins; prints every error, exit code 2 if there is any.

    Plug-ins are those of plugins/ in the current folder; each member has to keep the contract that
    the packaged ones keep.

    Examples:
        ablate check q4_variant data=msrs
        ablate check my_project
    """
    from ablate.errors import ConfigError, DataError

    studies, spaces = _found(target)

    fine: dict[str, str] = {}
    faults: list[str] = []
    bases: list[Any] = []
    for check_one, names in ((_check_space, spaces), (_check_study, studies)):
        for name in names:
            try:
                fine[name] = check_one(name, overrides or [], bases)
            except (ConfigError, DataError) as error:
                faults += (
                    error.faults if isinstance(error, ConfigError) else str(error).splitlines()
                )
    unchecked: dict[str, str] = {}
    at = target if studies and not faults else None
    tried = _commands(at, overrides or [], is_quiet=as_json)
    fine, faults = {} if tried else fine, faults + tried  # commands are those of the one study
    if Path(FOLDER).is_dir() and not any(line.startswith(f"{FOLDER}/") for line in faults):
        for finding in _plug_ins(bases):
            faults += finding.lines()
            if finding.unchecked:
                unchecked[str(finding.member)] = finding.unchecked
            elif not finding.broken:
                fine[str(finding.member)] = "keeps its contract"
    faults = list(dict.fromkeys(faults))
    if as_json:
        echo(json.dumps({"fine": fine, "unchecked": unchecked, "faults": faults}, indent=2))
        raise typer.Exit(ConfigError.exit_code if faults else 0)
    for name, text in fine.items():
        say(f"{name}: fine, {text}")
    for name, text in unchecked.items():
        say(f"{name}: not checked: {text}")
    if faults:
        raise ConfigError(*faults)


def _commands(name: str | None, overrides: list[str], *, is_quiet: bool) -> list[str]:
    """Try the commands of a study of a repository, where one study is named and it has some."""
    if name is None or Path(name).is_dir():
        return []
    from ablate.cli.arguments import load
    from ablate.config.settings import task_of
    from ablate.settings.command import COMMAND

    config = load(name, overrides)
    if task_of(config.base) != COMMAND:
        return []
    from ablate.contracts import commands

    return commands.faults(config, say=(lambda line: None) if is_quiet else say)


def _plug_ins(bases: Sequence[Any]) -> "tuple[Finding, ...]":
    """Return what the members of plugins/ make of their contracts."""
    from ablate.contracts.plugged import examine

    return examine(bases)


def _found(target: str | None) -> tuple[list[str], list[str]]:
    """Return the studies and the spaces to check: every one that a name reaches, or of a folder."""
    from ablate.config import locations
    from ablate.errors import ConfigError

    if target is None:
        return list(locations.names("studies")), list(locations.names("search_spaces"))
    if len(target) > locations.LONGEST_PATH or not Path(target).is_dir():
        is_space = Path(target).parent.name == "search_spaces"
        return ([], [target]) if is_space else ([target], [])
    files = sorted(path for path in Path(target).rglob("*.y*ml") if ".venv" not in path.parts)
    if not files and not Path(FOLDER).is_dir():
        raise ConfigError(f"{target}: holds no YAML file; name a folder of studies or spaces")
    spaces = [str(path) for path in files if path.parent.name == "search_spaces"]
    return [str(path) for path in files if path.parent.name == "studies"] or [
        str(path) for path in files if str(path) not in spaces
    ], spaces


def _check_study(name: str, overrides: list[str], bases: list[Any]) -> str:
    from ablate.cli.arguments import check_root, load
    from ablate.study.plan import make

    config = load(name, overrides)
    bases.append(config.base)
    plan = make(config)
    check_root(config.base.get("data", {}))
    return f"{len(plan.trials)} designed trials, {plan.runs} runs"


def _check_space(name: str, overrides: list[str], bases: list[Any]) -> str:
    from ablate import config
    from ablate.study.names import known

    del overrides, bases
    space = config.load_space(name, known=known())
    return f"a search space over {', '.join(space.dimensions)}"
