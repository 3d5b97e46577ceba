"""What the parts of a study demand of each other, and how large a phase may be.

A phase or question that has errors of its own is not looked at, but counts as being there.
"""

import math
from collections.abc import Mapping
from typing import Any

from ablate.config.dimensions import value_error
from ablate.config.entries import Parts
from ablate.config.errors import short
from ablate.config.phases import CLAIMING
from ablate.config.schema import Phase, StudyConfig
from ablate.design_names import (
    BASELINE_ONLY,
    BLOCKED,
    CONFIRM,
    FULL_FACTORIAL,
    LEAVE_ONE_OUT,
    ONE_FACTOR,
    SEARCH,
    SOBOL,
)
from ablate.errors import nearest
from ablate.rules import rules_of

EXPLORING = (SEARCH, SOBOL)
MOST_DESIGNED = 100_000  # runs of one designed phase; each is a row in memory
MOST_SEARCHED = 1_000_000


def check_demands(parts: Parts, config: StudyConfig) -> None:
    """Add an error for everything that one part of a study needs of another and does not find."""
    errors = parts.errors
    designs = {phase.design for phase in config.phases.values()}
    is_of_pilot = rules_of(config.defaults).percent_of == "pilot"
    has_pilot = BASELINE_ONLY in designs
    needs_pilot = is_of_pilot and not has_pilot and not designs.isdisjoint(CLAIMING)
    has_combinations = any(
        phase.design == BLOCKED and phase.options.get("arms") == FULL_FACTORIAL
        for phase in config.phases.values()
    )
    for question in config.questions.values():
        at = f"questions.{question.id}"
        for metric, effect in question.smallest_effect.items() if needs_pilot else ():
            if isinstance(effect, str):
                errors.add(
                    f"{at}.smallest_effect.{metric}",
                    f"{effect} refers to the mean of a pilot; add phases.pilot: "
                    f"{{design: {BASELINE_ONLY}, seeds: 6}}, or give the effect in units of the "
                    "metric",
                )
        if question.crossed_with and not has_combinations:
            errors.add(
                f"{at}.compare",
                "an interaction needs all combinations in the same blocks; add a phase "
                f"{{design: {BLOCKED}, options: {{arms: full_factorial}}}}",
            )
        if question.components and BLOCKED not in designs:
            errors.add(
                f"{at}.compare",
                "a component table needs blocks to be answered; add phases.answer: "
                f"{{design: {BLOCKED}, options: {{arms: {LEAVE_ONE_OUT}}}}}",
            )
    _check_left_out(parts, config)
    blocked = [phase.name for phase in config.phases.values() if phase.design == BLOCKED]
    for name in blocked[1:]:
        errors.add(
            f"phases.{name}",
            f"the questions are answered by phases.{blocked[0]}, the first {BLOCKED} one; remove "
            "this one, or put it into a study of its own",
        )
    for phase in config.phases.values():
        if phase.design == CONFIRM:
            _check_confirmation(parts, phase, config)
        most = MOST_SEARCHED if phase.design == SEARCH else MOST_DESIGNED
        count = runs_of(phase, config)
        if count > most:
            errors.add(
                f"phases.{phase.name}",
                f"comes to {count:.3g} runs, at most {most} can be planned; lower seeds, trials, "
                "points or blocks, or compare fewer values",
            )


def _check_left_out(parts: Parts, config: StudyConfig) -> None:
    """Add an error for values that are asked about where blocks have each component on and off."""
    asked = {name for question in config.questions.values() for name in question.factors}
    for phase in config.phases.values():
        if phase.options.get("arms") != LEAVE_ONE_OUT:
            continue
        for factor in config.factors.values():
            if factor.name in asked and len(factor.values) > 2 and factor.off is not None:
                parts.errors.add(
                    f"phases.{phase.name}.options.arms",
                    f"{LEAVE_ONE_OUT} trains {factor.name} at {factor.baseline} and "
                    f"{factor.off} alone; keep these two values, or use {ONE_FACTOR}",
                )


def runs_of(phase: Phase, config: StudyConfig) -> float:
    """Return an upper bound of the runs of a phase; of a plug-in's design its seeds alone."""
    lengths = [len(factor.values) for factor in config.factors.values() if not factor.tied_to]
    every, each = math.prod(lengths), 1 + sum(lengths)
    options = phase.options
    rows = {
        SEARCH: phase.trials or 0,
        SOBOL: phase.trials or 0,
        BASELINE_ONLY: 1,
        ONE_FACTOR: each,
        LEAVE_ONE_OUT: each,
        "add_one_in": each,
        "path": each,
        FULL_FACTORIAL: every,
        "fractional_factorial": every,
        BLOCKED: _whole(options.get("points"))
        * _whole(options.get("blocks"))
        * (every if options.get("arms") == FULL_FACTORIAL else each),
        CONFIRM: _whole(options.get("blocks"))
        * (1 + max(_whole(options.get("winners")), _count(options.get("arms")))),
    }.get(phase.design, 1)
    return float(min(rows * phase.seeds, 10**18))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _count(value: object) -> int:
    return len(value) if isinstance(value, Mapping) else 0


def _check_confirmation(parts: Parts, phase: Phase, config: StudyConfig) -> None:
    """Add what a confirmation does not find: its phase, its question, the nuisance it freezes."""
    errors, at, options = parts.errors, f"phases.{phase.name}", phase.options
    of, name = options.get("of"), options.get("question")
    exploring = [other.name for other in config.phases.values() if other.design in EXPLORING]
    is_wrong = of in list(config.phases) and errors.are_at(f"phases.{of}.design")
    if of is not None and of not in exploring and not is_wrong:
        what = "searches or explores" if of in list(config.phases) else "is called so"
        there = nearest(str(of), exploring) if exploring else "add one, or name arms"
        errors.add(f"{at}.options.of", f"no phase {what}: {short(of)}; {there}")
    if not config.questions and not errors.are_at("questions") and phase.claims:
        text = "needs a question whose metrics and smallest effects it takes; add one, or remove it"
        errors.add(f"{at}.claims", text)
    if name is not None and name not in list(config.questions):
        tail = nearest(str(name), config.questions)
        errors.add(f"{at}.options.question", f"no question is called {name!r}; {tail}")
    if phase.name in config.questions:
        text = "has the name of a question, so both answers would have one place; rename one"
        errors.add(at, text)
    _check_recipe(parts, f"{at}.options.baseline", options.get("baseline"), config)
    arms = options.get("arms")
    for arm, values in (arms if isinstance(arms, Mapping) else {}).items():
        if isinstance(values, Mapping):
            recipe = values.get("nuisance")
            _check_recipe(parts, f"{at}.options.arms.{arm}.nuisance", recipe, config)


def _check_recipe(parts: Parts, where: str, recipe: Any, config: StudyConfig) -> None:
    """Add an error for a frozen value that the nuisance of its name does not take."""
    for name, value in (recipe if isinstance(recipe, Mapping) else {}).items():
        if name not in config.nuisance:
            tail = nearest(str(name), config.nuisance)
            parts.errors.add(f"{where}.{name}", f"not a nuisance of the study; {tail}")
        elif text := value_error(parts, config.nuisance[name], value):
            parts.errors.add(f"{where}.{name}", text)
