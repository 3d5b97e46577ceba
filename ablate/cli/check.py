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
    from ablate.cli.arguments import load
    from ablate.config import locations
    from ablate.errors import ConfigError
    from ablate.study.plan import make

    if target is None:
        studies = list(locations.names("studies"))
    elif Path(target).is_dir():
        studies = [str(path) for path in sorted(Path(target).rglob("*.yaml"))]
    else:
        studies = [target]
    faults: list[str] = []
    for study in studies:
        try:
            plan = make(load(study, overrides))
            typer.echo(f"{study}: fine, {len(plan.trials)} designed trials, {plan.runs} runs")
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(*faults)
