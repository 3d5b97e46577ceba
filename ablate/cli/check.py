"""`ablate check`: compose and check study files; all faults together."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import Overrides


def check(
    target: Annotated[
        str | None,
        typer.Argument(help="Study name, YAML file or folder; without it, every study found."),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Check studies; every fault of every file is told, exit code 2 when there is any.

    Example: ablate check q4_variant data=msrs
    """
    from ablate.errors import ConfigError

    studies, spaces = _found(target)
    faults: list[str] = []
    for check_one, names in ((_check_space, spaces), (_check_study, studies)):
        for name in names:
            try:
                typer.echo(f"{name}: fine, {check_one(name, overrides or [])}")
            except ConfigError as error:
                faults += error.faults
    if faults:
        raise ConfigError(*dict.fromkeys(faults))


def _found(target: str | None) -> tuple[list[str], list[str]]:
    """Return the studies and the spaces to check: every one that a name reaches, or of a folder."""
    from ablate.config import locations
    from ablate.errors import ConfigError

    if target is None:
        return list(locations.names("studies")), list(locations.names("search_spaces"))
    if len(target) > locations.LONGEST_PATH or not Path(target).is_dir():
        return [target], []
    files = sorted(path for path in Path(target).rglob("*.y*ml") if ".venv" not in path.parts)
    if not files:
        raise ConfigError(f"{target}: holds no YAML file; name a folder of studies or spaces")
    spaces = [str(path) for path in files if path.parent.name == "search_spaces"]
    return [str(path) for path in files if path.parent.name == "studies"] or [
        str(path) for path in files if str(path) not in spaces
    ], spaces


def _check_study(name: str, overrides: list[str]) -> str:
    from ablate.cli.arguments import load
    from ablate.study.plan import make

    plan = make(load(name, overrides))
    return f"{len(plan.trials)} designed trials, {plan.runs} runs"


def _check_space(name: str, overrides: list[str]) -> str:
    from ablate import config
    from ablate.study.names import known

    del overrides
    space = config.load_space(name, known=known())
    return f"a search space over {', '.join(space.dimensions)}"
