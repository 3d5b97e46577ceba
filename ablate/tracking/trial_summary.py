"""What the parent of several runs says: mean and spread over seeds, or the point that won."""

from collections.abc import Sequence

import pandas as pd

from ablate.tracking import runs
from ablate.tracking.known_runs import Ending
from ablate.training.spec import RunResult, RunSpec


def summary(
    spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None
) -> dict[str, float]:
    """Return the values of a parent: those of the winner of its block, else mean and spread.

    Args:
        spec: One of its runs.
        results: All of them.
        winner: Of a block, the point that is best on val; None where all failed.
    """
    if spec.block is not None:
        return dict(winner.metrics) if winner is not None else {}
    finished = [dict(result.metrics) for result in results if result.state == "finished"]
    table = pd.DataFrame(finished)
    means = {str(name): float(value) for name, value in table.mean().items()}
    return means | {f"{name}.sd": float(value) for name, value in table.std(ddof=1).items()}


def ending(spec: RunSpec, results: Sequence[RunResult], *, winner: RunResult | None) -> Ending:
    """Return what a parent is closed with; arguments as of `summary`."""
    finished = [result for result in results if result.state == "finished"]
    if spec.block is None:
        tags = {"ablate.seeds": str(len(results))}
        if missing := len(results) - len(finished):
            tags["ablate.reason"] = f"{missing} of {len(results)} did not finish"
        decisive = finished
    else:
        tags = {"ablate.points": str(len(results))}
        decisive = []
        if winner is not None:
            tags["ablate.winner"] = winner.run_id
            decisive = [winner]
    state = "finished" if decisive else results[0].state
    tags |= runs.health_tags(decisive)
    values = summary(spec, results, winner=winner)
    return Ending(
        state=state,
        metrics={f"final/{name}": float(value) for name, value in values.items()},
        tags={**tags, "ablate.state": state},
        params=runs.factor_parameters(spec),
    )
