"""How large a phase may be: what cannot be planned in memory is refused before it is planned."""

import math
from collections.abc import Mapping

from ablate.config.faults import Faults
from ablate.config.schema import Phase, StudyConfig
from ablate.design_names import (
    BASELINE_ONLY,
    BLOCKED,
    CONFIRM,
    FULL_FACTORIAL,
    ONE_FACTOR,
    SEARCH,
    SOBOL,
)

MOST_DESIGNED = 100_000  # runs of one designed phase; each is a row in memory
MOST_SEARCHED = 1_000_000


def check_sizes(faults: Faults, config: StudyConfig) -> None:
    """Enter a fault for every phase of more runs than any machine will see."""
    for phase in config.phases.values():
        most = MOST_SEARCHED if phase.design == SEARCH else MOST_DESIGNED
        count = runs_of(phase, config)
        if count > most:
            faults.add(
                f"phases.{phase.name}",
                f"comes to {count:.3g} runs, at most {most} can be planned; lower seeds, trials, "
                "points or blocks, or compare fewer values",
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
        "leave_one_out": each,
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
