"""What the parts of a study demand of each other: phases of questions, phases of phases."""

from collections.abc import Mapping
from typing import Any

from ablate.config.faults import Faults, short
from ablate.config.phases import CLAIMING
from ablate.config.schema import Phase, StudyConfig
from ablate.config.settings import Context
from ablate.config.spaces import value_fault
from ablate.design_names import BASELINE_ONLY, BLOCKED, CONFIRM, FULL_FACTORIAL, SEARCH, SOBOL
from ablate.errors import nearest

EXPLORING = (SEARCH, SOBOL)


def check_percentages(faults: Faults, config: StudyConfig) -> None:
    """Enter a fault for smallest effects in percent of a pilot that the study does not have."""
    designs = {phase.design for phase in config.phases.values()}
    if designs.isdisjoint(CLAIMING) or BASELINE_ONLY in designs:
        return
    for question in config.questions.values():
        for metric, effect in question.smallest_effect.items():
            if isinstance(effect, str):
                faults.add(
                    f"questions.{question.id}.smallest_effect.{metric}",
                    f"{effect} refers to the mean of a pilot; add phases.pilot: "
                    f"{{design: {BASELINE_ONLY}, seeds: 6}}, or give the effect in units of the "
                    "metric",
                )


def check_answers(faults: Faults, config: StudyConfig) -> None:
    """Enter a fault for every blocked phase after the first: a question has one answer."""
    blocked = [phase.name for phase in config.phases.values() if phase.design == BLOCKED]
    for name in blocked[1:]:
        faults.add(
            f"phases.{name}",
            f"the questions are answered by phases.{blocked[0]}, the first {BLOCKED} one; remove "
            "this one, or put it into a study of its own",
        )


def check_interactions(faults: Faults, config: StudyConfig) -> None:
    """Enter a fault for an interaction whose combinations no phase runs in blocks."""
    if any(
        phase.design == BLOCKED and phase.options.get("arms") == FULL_FACTORIAL
        for phase in config.phases.values()
    ):
        return
    for question in config.questions.values():
        if question.crossed_with:
            faults.add(
                f"questions.{question.id}.compare",
                "an interaction needs all combinations in the same blocks; add a phase "
                f"{{design: {BLOCKED}, options: {{arms: full_factorial}}}}",
            )


def check_confirmations(context: Context, config: StudyConfig) -> None:
    """Enter every fault of the phases that confirm: what of, by which metrics, how tuned."""
    faults = context.faults
    for phase in config.phases.values():
        if phase.design != CONFIRM:
            continue
        at = f"phases.{phase.name}"
        options = phase.options
        if ("of" in options) == ("arms" in options):
            faults.add(
                f"{at}.options",
                "needs either of: PHASE, whose winners are confirmed, or arms: {...} with their "
                "frozen recipes",
            )
        if "arms" in options and "winners" in options:
            faults.add(f"{at}.options.winners", "belongs to `of`; arms are named; remove it")
        _check_of(faults, at, phase, config)
        _check_metrics(faults, at, phase, config)
        recipes = {f"{at}.options.baseline": options.get("baseline")}
        arms = options.get("arms")
        for name, arm in (arms if isinstance(arms, Mapping) else {}).items():
            if isinstance(arm, Mapping):
                recipes[f"{at}.options.arms.{name}.nuisance"] = arm.get("nuisance")
        for where, recipe in recipes.items():
            _check_recipe(context, where, recipe, config)


def _check_of(faults: Faults, at: str, phase: Phase, config: StudyConfig) -> None:
    of = phase.options.get("of")
    exploring = [other.name for other in config.phases.values() if other.design in EXPLORING]
    if of is None or of in exploring:
        return
    what = "searches or explores" if of in list(config.phases) else "is called so"
    there = nearest(str(of), exploring) if exploring else "add one, or name arms"
    faults.add(f"{at}.options.of", f"no phase {what}: {short(of)}; {there}")


def _check_metrics(faults: Faults, at: str, phase: Phase, config: StudyConfig) -> None:
    if not config.questions:
        faults.add(at, "needs a question whose metrics and smallest effects it takes; add one")
    name = phase.options.get("question")
    if name is not None and name not in list(config.questions):
        faults.add(
            f"{at}.options.question",
            f"no question is called {name!r}; {nearest(str(name), config.questions)}",
        )
    if phase.name in config.questions:
        faults.add(at, "a question has this name; its answer would stand under it; rename one")


def _check_recipe(context: Context, where: str, recipe: Any, config: StudyConfig) -> None:
    if not isinstance(recipe, Mapping):
        return
    for name, value in recipe.items():
        if name not in config.nuisance:
            tail = nearest(str(name), config.nuisance)
            context.faults.add(f"{where}.{name}", f"is no nuisance of the study; {tail}")
        elif text := value_fault(context, config.nuisance[name], value):
            context.faults.add(f"{where}.{name}", text)
