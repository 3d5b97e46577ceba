"""More trials for a search that has begun: its file or `ablate run --more` raises the number.

What the search suggested so far stays, and the next suggestions are those that a longer search
would have made, but for stores begun before version 4 of the defaults: there a quarter of the
trials that the search was begun with says how many may be open.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from ablate.config.schema import PATHS, StudyConfig
from ablate.design_names import SEARCH
from ablate.errors import ConfigError
from ablate.identity import digest
from ablate.study.beginning import Begun
from ablate.study.plan import Plan, lag_of, make
from ablate.study.planned import EXTENDS_SINCE, design_hash

LONGEST: Final = 40  # letters of a value in a message
_MOST_TRIED: Final = 20_000  # numbers of trials that an older store may have been begun with


def one_search(config: StudyConfig) -> str:
    """Return the name of the study's search.

    Raises:
        ConfigError: It has none, or several.
    """
    names = [phase.name for phase in config.phases.values() if phase.design == SEARCH]
    if len(names) != 1:
        fix = f"say which: phases.{names[0]}.trials=NUMBER" if names else "add a phase of a search"
        raise ConfigError(f"--more: {config.name} has {len(names) or 'no'} searches; {fix}")
    return names[0]


def extended(config: StudyConfig, trials: Mapping[str, int]) -> StudyConfig:
    """Return the study whose searches have at least so many trials."""
    phases = {
        name: replace(phase, trials=max(int(phase.trials or 0), trials.get(name, 0)))
        if phase.design == SEARCH
        else phase
        for name, phase in config.phases.items()
    }
    return replace(config, phases=phases) if phases != config.phases else config


def plan_of(config: StudyConfig, begun: Begun) -> Plan:
    """Return the plan of a study that may have begun with other numbers of trials."""
    kept = begun.header.get("searches")
    if isinstance(kept, Mapping):  # what is no number is refused by the ledger
        whole = {str(name): count for name, count in kept.items() if type(count) is int}
        return make(config, reserved={name: max(1, count) for name, count in whole.items()})
    made = make(config)
    if not begun.header or config.defaults >= EXTENDS_SINCE or not made.searches:
        return made
    found = _begun_with(made, str(begun.header.get("design_hash")))
    return made if found is None else make(config, reserved=found)


def keys_of(config: StudyConfig) -> dict[str, str]:
    """Return key -> value of what a study's design follows from, for a message when it changes.

    Long values are cut. Trials of searches are left out: they may grow.
    """
    parts: dict[str, Any] = {
        "objective": list(config.objectives),
        "seed": config.seed,
        "space.dimensions": config.dimensions,
        "space.constraints": {one.name: one for one in config.constraints},
        **{name: getattr(config, name) for name in ("questions", "factors", "nuisance", "phases")},
        "base": {
            section: {k: v for k, v in part.items() if section != "data" or k not in PATHS}
            for section, part in config.base.items()
        },
    }
    searches = {f"phases.{p.name}.trials" for p in config.phases.values() if p.design == SEARCH}
    return {key: text for key, text in _flat("", parts) if key not in searches}


def _flat(at: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the leaves of mappings and of entries of a study by their dotted keys."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _flat(f"{at}.{key}" if at else str(key), one)
    elif value not in (None, (), {}, [], ""):
        text = str(list(value) if isinstance(value, tuple) else value)
        yield at, text if len(text) <= LONGEST else f"{text[:LONGEST]}... #{digest(text)[:4]}"


def reserved_by(plan: Plan) -> dict[str, dict[str, int]]:
    """Return what the ledger of a study keeps of its searches: their trials as it begins."""
    if not plan.searches or plan.config.defaults < EXTENDS_SINCE:
        return {}
    return {"searches": {search.phase.name: search.reserved for search in plan.searches}}


def extensions(plan: Plan, known: Mapping[str, int]) -> dict[str, int]:
    """Return search -> trials, of those that have more than the ledger knows of."""
    return {
        search.phase.name: search.trials
        for search in plan.searches
        if search.trials > max(search.reserved, known.get(search.phase.name, 0))
    }


def _begun_with(made: Plan, wanted: str) -> dict[str, int] | None:
    """Return search -> trials with which the plan has that hash; None where there are none."""
    every = [range(search.trials, 0, -1) for search in made.searches]
    if math.prod(len(one) for one in every) > _MOST_TRIED:
        return None
    for counts in itertools.product(*every):
        searches = [
            replace(search, reserved=count, lag=lag_of(search.phase, count))
            for search, count in zip(made.searches, counts, strict=True)
        ]
        if design_hash(made.recipes, made.trials, searches, made.spares) == wanted:
            return {one.phase.name: one.reserved for one in searches}
    return None
