"""`ablate config`: the overrides that make a study's base what a run was."""

import json
import re
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo

_PLAIN = re.compile(r"[A-Za-z_/.][\w./-]*")


def config(
    run: Annotated[
        str,
        typer.Option(
            "--run", help="Id of a run, ours or MLflow's.", autocompletion=completing.runs
        ),
    ],
    study: Annotated[
        str | None, typer.Option("--study", help="File of its study, where that has moved.")
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Print the settings of a run as overrides of its study.

    Name and seed go to standard error, so that the overrides can be typed on.

    Example: ablate plan q4_variant $(ablate config --run 00cdd65c8c90)
    """
    from ablate.fusing.trained import by_id

    spec = by_id(store, run).spec
    if as_json:
        echo(json.dumps(spec.to_json(), indent=2))
        return
    from ablate.analysis.two_runs import differing
    from ablate.cli.arguments import load
    from ablate.study.ledger import Ledger

    overrides = Ledger(store / spec.study).overrides
    changed = differing(load(study or spec.study, overrides, store=store).base, spec.settings)
    echo(
        f"# {spec.name}, seed {spec.seed}"
        + (f", split seed {spec.split_seed}" if spec.split_seed is not None else ""),
        err=True,
    )
    words = [word for word in overrides if not word.startswith(("executor.", "store."))]
    words += [f"{name}={_text(value)}" for name, (_, value) in changed.items() if value is not None]
    echo(shlex.join(words))


def _text(value: Any) -> str:
    """Write a value as an override; anything but a plain word is quoted."""
    if isinstance(value, str | Path) and _PLAIN.fullmatch(str(value)):
        return str(value)
    return json.dumps(value if not isinstance(value, Path) else str(value), separators=(",", ":"))
