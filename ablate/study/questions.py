"""The questions of a study, and the metrics that it optimises and shows first."""

import itertools

from ablate.config.schema import Question, StudyConfig
from ablate.design_names import FULL_FACTORIAL
from ablate.designs.contract import free
from ablate.search.finished import Direction


def questions_of(config: StudyConfig) -> list[Question]:
    """Return the registered questions, then the interactions that nobody registered.

    A blocked phase with all combinations shows every two-factor interaction. One that is no
    question of the file is described and never judged; it takes the metrics of the first question.
    """
    asked = list(config.questions.values())
    if not asked or not any(
        "blocks" in phase.options and phase.options.get("arms") == FULL_FACTORIAL
        for phase in config.phases.values()
    ):
        return asked
    registered = {
        frozenset((question.compare, question.crossed_with))
        for question in asked
        if question.crossed_with
    }
    taken = {question.id for question in asked}
    for first, second in itertools.combinations(free(config.factors), 2):
        name = f"interaction_{first}_{second}"
        same_dimension = config.factors[first].dimension == config.factors[second].dimension
        if frozenset((first, second)) in registered or same_dimension or name in taken:
            continue
        asked.append(
            Question(
                id=name,
                asks=f"Does the effect of {first} depend on {second}? (not registered)",
                compare=first,
                crossed_with=second,
                primary=asked[0].primary,
                contrasts=("interaction",),
                registered=False,
            )
        )
    return asked


def shown_first(config: StudyConfig) -> list[str]:
    """Return the metrics as "test/qabf", in the order of interest, the objective after the primary.

    Primary ones, then guardrails, secondary ones and all others.
    """
    questions = list(config.questions.values())
    primary = [name for question in questions for name in question.primary]
    later = [name for one in questions for name in (*one.guardrails, *one.secondary)]
    later += list(config.base["metrics"]["names"])
    on_test = [f"test/{name}" for name in dict.fromkeys([*primary, *later])]
    count = len(dict.fromkeys(primary))
    return [*on_test[:count], *config.objectives, *on_test[count:]]


def directions_of(config: StudyConfig) -> tuple[Direction, ...]:
    """Return "maximize" or "minimize" per objective, from the metrics that they name."""
    from ablate.metrics.catalogue import better_of

    return tuple(
        "maximize" if better_of(objective) == "higher" else "minimize"
        for objective in config.objectives
    )
