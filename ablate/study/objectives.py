"""In which direction each objective of a study is better."""

from ablate.config.schema import StudyConfig
from ablate.search.told import Direction


def directions_of(config: StudyConfig) -> tuple[Direction, ...]:
    """Return "maximize" or "minimize" per objective, from the metrics that they name."""
    from ablate.metrics.catalogue import BETTER

    return tuple(
        "maximize" if BETTER[objective.partition("/")[2]] == "higher" else "minimize"
        for objective in config.objectives
    )
