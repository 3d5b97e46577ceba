"""`ablate status`: what a store holds of a study."""

import json

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Overrides, Store, Study


def status(
    study: Study,
    overrides: Overrides = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Print how far a study is; writes nothing.

    Example: ablate status quickstart --json
    """
    from ablate.cli.arguments import load
    from ablate.study.status import status as look

    facts = look(load(study, overrides), store=store)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(
        f"{facts['study']}: {facts['finished']} of {facts['planned']} runs finished, "
        f"{facts['pruned']} pruned, {facts['failed']} failed, {facts['running']} running, "
        f"{facts['infeasible']} infeasible, {facts['duplicates']} repeated"
    )
    for run, reason in facts["reasons"].items():
        typer.echo(f"  {run}: {reason}")
    typer.echo(f"mlflow {facts['mlflow']['tracking_uri']}, optuna {facts['optuna']['storage']}")
