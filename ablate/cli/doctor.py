"""`ablate doctor`: the stores of a study against each other."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Overrides, Store, Study
from ablate.cli.saying import echo, say

if TYPE_CHECKING:
    from ablate.study.open_study import OpenStudy


def doctor(
    study: Study,
    overrides: Overrides = None,
    store: Store = DEFAULT_STORE,
    is_repair: Annotated[
        bool, typer.Option("--repair", help="Fix what the ledger and the run folders can tell.")
    ] = False,
    rebuild: Annotated[
        str | None,
        typer.Option(
            metavar="mlflow|optuna",
            help="Set this database aside and build it anew, for all studies of the store.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare ledger, runs, MLflow and Optuna; exit code 1 when something disagrees.

    Files of runs and what an ended study published are checked by size and checksum. Without
    --repair nothing is written: each finding is listed with what would fix it.

    Examples:
        ablate doctor quickstart
        ablate doctor quickstart --repair
        ablate doctor quickstart --rebuild mlflow
    """
    from ablate.cli.arguments import opened
    from ablate.study.doctor import examine, repair
    from ablate.study.environments import lines, of_results

    checked = opened(study, overrides, store=store)
    if rebuild is not None:
        _rebuild(checked, rebuild)
    before = examine(checked)
    left = repair(checked) if is_repair and before else before
    environments = of_results(checked.ledger)
    if as_json:
        facts = {
            "study": checked.config.name,
            "found": [one.to_json() for one in before],
            "left": [one.to_json() for one in left],
            "strata": [asdict(one) for one in environments],
        }
        echo(json.dumps(facts, indent=2))
    else:
        for one in before:
            is_fixed = is_repair and one not in left
            say(f"{one.where}: {one.what} ({'fixed' if is_fixed else one.fix})")
        if not before:
            say(f"{checked.config.name}: ledger, MLflow and Optuna agree")
        for line in lines(environments):
            say(line)
    raise typer.Exit(1 if left else 0)


def _rebuild(study: "OpenStudy", part: str) -> None:
    """Build a database anew, then write the other studies of the store into it."""
    from ablate.cli.arguments import opened
    from ablate.errors import AblateError
    from ablate.store_folder import studies
    from ablate.study.doctor import rebuild, repair

    rebuild(study, part)
    study.reread()
    for name in studies(study.store):
        if name == study.config.name:
            continue
        try:
            repair(opened(name, None, store=study.store))
        except AblateError as error:
            say(f"{name}: not written yet: {error}")
