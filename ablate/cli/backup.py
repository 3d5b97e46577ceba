"""`ablate backup`: a consistent copy of a study, also while it runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Store, Study
from ablate.cli.saying import echo, say


def backup(
    study: Study,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The new store; absent, or an empty folder.")
    ],
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Copy a study into a store of its own, from which it can go on; its driver may be at work.

    Copied are the ledger and the folders of its runs with all that lies in them, holes of files as
    holes; where it takes more than is free, nothing is. MLflow and Optuna are built from these by
    the next `ablate run`, or by `ablate doctor --repair`.

    Example: ablate backup q4_variant /backup/monday
    """
    from ablate.config.locations import study_name
    from ablate.study.backup import backup as copy

    name = study_name(study)
    ended = copy(name, store=store, target=folder)
    if as_json:
        echo(json.dumps({"study": name, "store": str(folder), "ended": ended}, indent=2))
        return
    say(f"{name}: {ended} ended runs and those at work are in {folder}")
    say(f"databases: ablate doctor {study} --store {folder} --repair")
