"""All checks of the self-test, in the order in which they are printed."""

from collections.abc import Callable

from ablate.analysis.selftest import (
    answers,
    effects,
    looks,
    rates,
    replication,
    reporting,
    scenes,
    sharpness,
    tuning,
    unhealthy,
)
from ablate.analysis.selftest.check import Check

TRAPS: tuple[Callable[[], Check], ...] = (
    tuning.fixed_weight,
    replication.pseudo_replication,
    replication.winners_curse,
    effects.negligible,
    tuning.dropped_failures,
    tuning.lost_blocks,
    tuning.lost_points,
    unhealthy.winners,
    unhealthy.counts,
    tuning.narrow_range,
    tuning.uniform_winners,
    reporting.dummy,
    reporting.order_of_rows,
    effects.lower_is_better,
    effects.nested,
    effects.coverage_only,
    replication.smoke,
    replication.metrics_as_blocks,
    reporting.one_source,
    looks.error,
    looks.blocks_at_null,
    looks.blocks_at_effect,
    looks.power,
)
SIMULATED: tuple[Callable[..., Check], ...] = (  # those that take more studies
    scenes.frames,
    scenes.ties,
    scenes.best,
    answers.guarded,
    answers.mirrored,
    answers.at_the_margin,
    answers.data_sets,
    sharpness.sharpness,
)
FULL = 10  # times the studies


def run(*, full: bool = False) -> list[Check]:
    """Return every check; the same numbers on every run.

    Args:
        full: Ten times the studies of what is simulated, for some minutes.
    """
    times = FULL if full else 1
    return [
        *rates.checks(),
        *(trap() for trap in TRAPS),
        *(trap(times=times) for trap in SIMULATED),
    ]
