"""Errors of a search phase: requests that its sampler or pruner cannot meet."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ablate.config.schema import Dimension, Phase
from ablate.design_names import LAG
from ablate.errors import ConfigError, nearest
from ablate.numbers import is_whole
from ablate.search.contract import PRUNERS, SAMPLERS, SearchSettings, context_of
from ablate.search.finished import Direction

PARTS = ("sampler", "pruner")


def refusals(
    phase: Phase, *, dimensions: Mapping[str, Dimension], directions: Sequence[Direction]
) -> list[str]:
    """A line for every error of a search phase; `options` has a part for each plug-in."""
    at = f"phases.{phase.name}"
    faults = [
        f"{at}.options.{key}: no such part; {nearest(key, (*PARTS, LAG))}"
        for key in phase.options
        if key not in (*PARTS, LAG)
    ]
    lag = phase.options.get(LAG, 1)
    if not is_whole(lag) or lag < 1:
        faults.append(f"{at}.options.lag: must be a whole number from 1, got {lag!r}")
    sampler, pruner = phase.sampler or "tpe", phase.pruner or "none"
    settings = SearchSettings(
        dimensions=dimensions, base={}, sampler=sampler, study_seed=0, directions=tuple(directions)
    )
    context = context_of(settings, number=0)
    faults += _tried(
        at, phase, "sampler", sampler, lambda **kw: SAMPLERS.get(sampler)(context, **kw)
    )
    faults += _tried(
        at, phase, "pruner", pruner, lambda **kw: PRUNERS.get(pruner)(phase.rungs, **kw)
    )
    if pruner == "none":
        return faults
    if len(directions) > 1:
        faults.append(
            f"{at}.pruner: a trial with several objectives is never pruned; remove it, or give "
            "one objective"
        )
    if phase.seeds > 1:
        faults.append(f"{at}.pruner: a trial of several seeds is never pruned; set seeds: 1")
    return faults


def options_of(phase: Phase, part: str) -> Mapping[str, Any]:
    """Return the options of the phase's sampler or pruner, nothing where none are given."""
    found = phase.options.get(part, {})
    return found if isinstance(found, Mapping) else {}


def _tried(at: str, phase: Phase, part: str, name: str, make: Callable[..., object]) -> list[str]:
    """The errors that the plug-in reports when it is made with its options."""
    options = phase.options.get(part, {})
    if not isinstance(options, Mapping):
        return [f"{at}.options.{part}: must map options of {name} to values, got {options!r}"]
    registry = SAMPLERS if part == "sampler" else PRUNERS
    signature = inspect.signature(registry.get(name, where=f"{at}.{part}"))
    known = [key for key, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY]
    unknown = [
        f"{at}.options.{part}.{key}: no such option of {name}; "
        + (nearest(str(key), known) if known else "it has none, remove it")
        for key in options
        if key not in known
    ]
    if unknown:
        return unknown
    try:
        make(**options)
    except ConfigError as error:
        return [f"{at}: {part} {name}: {line}" for line in error.faults]
    return []
