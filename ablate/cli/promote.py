"""`ablate promote`: from a trial of a search to the study that trains it at length."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store, Study
from ablate.cli.saying import say


def promote(
    study: Study,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Of the new study.")],
    trial: Annotated[
        int | None,
        typer.Option("--trial", metavar="N", help="Its number; without it the best on val."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Of each training; 4 times those of the trial."),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Trainings.")] = 5,
    store: Store = DEFAULT_STORE,
) -> None:
    """Write studies/NAME.yaml, which trains a trial's settings for longer, with several seeds.

    Every setting of the trial stands in it, so that it needs no search space. Its trainings score
    test and keep their weights.

    Example: ablate promote my_search --trial 7 --as my_winner
    """
    from ablate.config.locations import study_name
    from ablate.fusing.trained import of_trial, winner
    from ablate.study.promoting import Promotion, write

    known = study_name(study)
    chosen = winner(store, known) if trial is None else of_trial(store, known, trial)
    wanted = Promotion(
        spec=chosen.spec,
        value=chosen.result.metrics.get(chosen.spec.objective),
        name=name,
        steps=steps or 4 * int(chosen.spec.settings["train"]["steps"]),
        seeds=seeds,
    )
    path = write(wanted, Path("studies"))
    say(f"{path}: trial {chosen.spec.trial} of {known}, {wanted.steps} steps x {seeds} seeds")
    then = shlex.join(["ablate", "run", name, "--store", str(store)])
    say(f"next: ablate check {shlex.quote(name)} && {then}")
