"""`ablate compare`: two runs in words."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo

Run = Annotated[
    str, typer.Argument(help="Id of a run, ours or MLflow's.", autocompletion=completing.runs)
]


def compare(first: Run, second: Run, store: Store = DEFAULT_STORE, as_json: Json = False) -> None:
    """Print in which settings two runs differ, and in which scores.

    Example: ablate compare 00cdd65c8c90 01abe33127c3
    """
    from ablate.analysis.two_runs import differences, differing, in_words
    from ablate.fusing.trained import by_id

    one, other = by_id(store, first), by_id(store, second)
    settings = differing(one.spec.settings, other.spec.settings)
    split = "test" if one.spec.scores_test and other.spec.scores_test else "val"
    scores = differences(one.result.images, other.result.images, split=split)
    if as_json:
        content = {"settings": settings, "split": split, "scores": [asdict(row) for row in scores]}
        echo(json.dumps(content, indent=2))
        return
    names = (f"{one.spec.study} {one.spec.name}", f"{other.spec.study} {other.spec.name}")
    echo("\n".join(in_words(names, settings, scores, split=split)))
