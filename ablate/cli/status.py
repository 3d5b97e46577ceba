"""`ablate status`: what a store holds of a study."""

import json
from typing import Any

from ablate.cli.arguments import DEFAULT_STORE, Json, Overrides, Store, Study
from ablate.cli.saying import echo, say


def status(
    study: Study,
    overrides: Overrides = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Print how far a study is, and each of its running runs; writes nothing.

    Without overrides it is the study as it was started in this store.

    Examples:
        ablate status quickstart
        ablate status quickstart --json
    """
    from ablate.cli.arguments import opened
    from ablate.errors import one_line
    from ablate.study.environments import lines, of_results
    from ablate.study.status import status as look

    checked = opened(study, overrides, store=store)
    facts = look(checked)
    if as_json:
        echo(json.dumps(facts, indent=2))
        return
    is_changed = facts["planned"] is None
    of = "" if is_changed else f" of {facts['planned']} runs"
    say(
        f"{facts['study']}: {facts['finished']}{of} finished, {facts['pruned']} pruned, "
        f"{facts['failed']} failed, {facts['running']} running, "
        f"{facts['interrupted']} interrupted"
        + (
            ""
            if is_changed
            else f", {facts['infeasible']} infeasible, {facts['duplicates']} repeated"
        )
    )
    for one in facts["at_work"]:
        say(one_line(f"  {_line(one)}"))
    for run, reason in facts["reasons"].items():
        say(one_line(f"  {run}: {reason}"))
    for line in (
        *facts["unreadable"],
        *facts["unscored"],
        *facts["looks"],
        *lines(of_results(checked.ledger)),
    ):
        say(line)
    if is_changed:
        say(
            "the study file or the overrides have changed since it was started: undo the change "
            "to go on, or use another --store"
        )
    say(f"mlflow: {facts['mlflow']['tracking_uri']}")
    say(f"optuna: {facts['optuna']['storage']}")


def _line(run: dict[str, Any]) -> str:
    """Return how far a run at work is, in words."""
    from ablate.numbers import duration

    if run["name"] is None:
        return f"{run['run']}: starting"
    at = f"step {run['step']} of {run['steps']} ({run['share']:.0%})"
    if run["step"] >= run["steps"]:
        at = "scoring"
    left = "ETA not known yet" if run["eta_s"] is None else f"ETA {duration(run['eta_s'])}"
    return f"{run['name']}: {at}, {left}"
