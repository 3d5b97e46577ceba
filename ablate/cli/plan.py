"""`ablate plan`: what a study would run; touches nothing."""

import json

import typer

from ablate.cli.arguments import Json, Overrides, Study


def plan(study: Study, overrides: Overrides = None, as_json: Json = False) -> None:
    """Print arms, seeds, cost and the first trials of a study; writes nothing.

    Example: ablate plan q4_variant data=msrs train.steps=2000
    """
    from ablate.cli.arguments import load
    from ablate.study.plan import make

    made = make(load(study, overrides))
    config = made.config
    if as_json:
        searches = [
            {"phase": s.phase.name, "sampler": s.phase.sampler, "trials": s.trials, "lag": s.lag}
            for s in made.searches
        ]
        facts = {
            "study": config.name, "runs": made.runs, "design_hash": made.design_hash,
            "steps": made.runs * config.base["train"]["steps"],
            "duplicates": made.duplicates, "trials": made.rows(), "searches": searches,
        }  # fmt: skip
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(f"{config.name}: {config.title}")
    for question in config.questions.values():
        typer.echo(f"  asks: {question.asks}")
    for phase in config.phases.values():
        trials = [trial for trial in made.trials if trial.phase == phase.name]
        if trials:
            typer.echo(
                f"phase {phase.name} ({phase.design}): {len(trials)} arms x {phase.seeds} seeds"
            )
            for trial in trials[:12]:
                typer.echo(f"  t{trial.number:03d} {trial.arm_id}  {trial.name}")
            if len(trials) > 12:
                typer.echo(f"  ... and {len(trials) - 12} more")
    for search in made.searches:
        seeds = f" x {search.phase.seeds} seeds" if search.phase.seeds > 1 else ""
        typer.echo(
            f"phase {search.phase.name}: {search.trials} trials{seeds} by "
            f"{search.phase.sampler or 'tpe'} over {', '.join(config.dimensions)}; "
            f"suggestion k sees trials 0..k-{search.lag}"
        )
    steps = config.base["train"]["steps"]
    typer.echo(f"cost: {made.runs} runs x {steps} steps = {made.runs * steps:,} steps")
    typer.echo(f"design {made.design_hash}; nothing was written")
