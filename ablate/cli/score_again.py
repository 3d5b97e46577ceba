"""`ablate score-again`: kept weights on further test sets, or in further metrics."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ablate.cli.arguments import DEFAULT_STORE, Overrides, Store, Study
from ablate.cli.saying import say

if TYPE_CHECKING:
    from ablate.config.schema import FurtherSet

AT: Final = "--data"


def score_again(
    study: Study,
    overrides: Overrides = None,
    *,
    store: Store = DEFAULT_STORE,
    data: Annotated[
        list[str] | None,
        typer.Option(
            AT,
            metavar="NAME[=DIR]",
            help="A further test set: tno=DIR, or NAME={name: tno, root: DIR}; may be repeated.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Metrics to add, on every test set and on val."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Rules of the metrics: of the sets of --data, without any of the study's own test "
            "part, which is then shown as a set of this name.",
        ),
    ] = None,
    accept_drift: Annotated[
        bool,
        typer.Option("--accept-drift", help="Score with other code, libraries or arithmetic."),
    ] = False,
) -> None:
    """Score the kept weights of a study again; nothing is trained, and no run becomes another one.

    What is added belongs to the study from then on: its tables are those that it would have had
    with it from the start.

    Examples:
        ablate score-again q4_variant --data tno=/data/TNO --data roadscene=/data/RoadScene
        ablate score-again q4_variant --metrics ms_ssim,qp
        ablate score-again q4_variant --protocol tang-py
    """
    from ablate.cli.arguments import opened
    from ablate.cli.run import exit_code
    from ablate.errors import ConfigError
    from ablate.study import driver

    if not (data or metrics or protocol):
        raise ConfigError("score-again: nothing to add; give --data, --metrics or --protocol")
    checked = opened(study, overrides, store=store)
    checked.check_started()
    config = checked.config
    added = _sets(data or [], protocol=protocol)
    for name, one in added.items():
        known = checked.ledger.tests.get(name)
        if known is not None and known["data"] != one.data:
            raise ConfigError(
                f"{AT} {name}: the study has a test set of this name with other settings; give "
                "this one another name"
            )
    config = replace(config, tests={**config.tests, **added})
    outcome = driver.score_again(
        config, store=store, metrics=_metrics(metrics), accept_drift=accept_drift
    )
    done = ", ".join([*added, *_metrics(metrics)])
    scored = outcome.counts["finished"] - outcome.unscored
    say(f"{config.name}: {scored} runs scored on {done}; nothing was trained")
    say(f"report: ablate report {study} --store {store}")
    raise typer.Exit(exit_code(outcome))


def _sets(words: list[str], *, protocol: str | None) -> "dict[str, FurtherSet]":
    """Return the test sets that the options name.

    Raises:
        ConfigError: All that is wrong with them.
    """
    from ablate.config.errors import Errors
    from ablate.config.settings import merged_names
    from ablate.config.test_sets import read_test
    from ablate.study.names import known

    errors = Errors("score-again")
    found: dict[str, FurtherSet] = {}
    written = dict(_written(errors, word) for word in words)
    if not written and protocol is not None:
        written = {protocol.replace("-", "_"): {}}
    for name, values in written.items():
        rules = {} if protocol is None else {"protocol": protocol}
        one = read_test(errors, f"{AT} {name}", name, {**values, **rules}, merged_names(known()))
        if one is not None:
            found[name] = one
    errors.raise_any()
    return found


def _written(errors: Any, word: str) -> tuple[str, dict[str, Any]]:
    """Return name and settings of NAME, NAME=DIR or NAME={...}."""
    import yaml

    name, sign, value = word.partition("=")
    if not value.startswith("{"):
        return name, {"name": name, **({"root": value} if sign else {})}
    try:
        settings = yaml.safe_load(value)
    except yaml.YAMLError:
        settings = None
    if not isinstance(settings, dict):
        errors.add(f"{AT} {name}", "cannot be read; write NAME={name: tno, root: DIR}")
        settings = {}
    return name, settings


def _metrics(text: str | None) -> tuple[str, ...]:
    from ablate.metrics.catalogue import canonical_name

    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    return tuple(dict.fromkeys(canonical_name(word) for word in words))
