"""Which metrics of a study are shown first, and in which direction its objectives are better."""

from ablate.config.schema import StudyConfig
from ablate.search.finished import Direction


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
    from ablate.metrics.catalogue import BETTER

    return tuple(
        "maximize" if BETTER[objective.partition("/")[2]] == "higher" else "minimize"
        for objective in config.objectives
    )
