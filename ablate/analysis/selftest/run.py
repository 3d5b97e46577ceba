"""All checks of the self-test, in the order in which they are printed."""

from collections.abc import Callable

from ablate.analysis.selftest import effects, rates, replication, reporting, tuning, unhealthy
from ablate.analysis.selftest.check import Check

TRAPS: tuple[Callable[[], Check], ...] = (
    tuning.fixed_weight,
    replication.pseudo_replication,
    replication.winners_curse,
    effects.negligible,
    tuning.dropped_failures,
    tuning.lost_blocks,
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
)


def run() -> list[Check]:
    """Return every check; the same numbers on every run."""
    return [*rates.checks(), *(trap() for trap in TRAPS)]
