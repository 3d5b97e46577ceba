"""`ablate doctor`: the stores of a study against each other."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Overrides, Store, Study
from ablate.cli.saying import say


def doctor(
    study: Study,
    overrides: Overrides = None,
    store: Store = DEFAULT_STORE,
    mend: Annotated[
        bool, typer.Option("--repair", help="Mend what the ledger and the run folders can tell.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare ledger, MLflow and Optuna; exit code 1 when something disagrees.

    Without --repair nothing is written: what would be mended is listed, with the mend.

    Examples:
        ablate doctor quickstart
        ablate doctor quickstart --repair
    """
    from ablate.cli.arguments import load
    from ablate.config.locations import study_name
    from ablate.study.doctor import examine, repair
    from ablate.study.drift import lines, strata_in
    from ablate.study.status import started_with
    from ablate.study.store import check_version

    check_version(store)
    config = load(study, overrides or started_with(store / study_name(study)), store=store)
    before = examine(config, store=store)
    left = repair(config, store=store) if mend and before else before
    strata = strata_in(store / config.name)
    if as_json:
        facts = {
            "study": config.name,
            "found": [asdict(one) for one in before],
            "left": [asdict(one) for one in left],
            "strata": strata,
        }
        typer.echo(json.dumps(facts, indent=2))
    else:
        for one in before:
            is_mended = mend and one not in left
            say(f"{one.where}: {one.what} ({'mended' if is_mended else one.mend})")
        if not before:
            say(f"{config.name}: ledger, MLflow and Optuna agree")
        for line in lines(strata):
            say(line)
    raise typer.Exit(1 if left else 0)
