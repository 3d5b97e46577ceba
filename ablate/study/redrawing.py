"""Blocks that are redrawn: the baseline did not train in them, so that nothing can be compared.

The rule is registered before the start. A blocked phase has spare blocks, with seeds, splits and
tuning points of their own, in its design. When all runs of the design have ended, each block in
which no training of the baseline is healthy is replaced by the next spare one, for all values; a
spare block that is dead too is replaced likewise, while there are any. What was replaced is
written to the ledger before the first run of a spare block, and read from there ever after: a run
that is retried does not bring a dropped block back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ablate.config.schema import Phase
from ablate.study.plan import Plan
from ablate.study.planned import PlannedTrial, Redraw
from ablate.training.spec import RunResult


def due(
    plan: Plan, results: Mapping[str, RunResult], redrawn: Sequence[Redraw]
) -> tuple[Redraw, ...]:
    """Return the blocks to redraw, once all runs of the design have ended.

    Args:
        plan: With the spare blocks.
        results: Of the runs that have ended.
        redrawn: What was redrawn before.
    """
    found: list[Redraw] = []
    for phase in plan.config.phases.values():
        if phase.of is not None:  # the blocks of an answer at another budget follow the answer
            continue
        both = [phase.name, *(p.name for p in plan.config.phases.values() if p.of == phase.name)]
        spare = sorted({one.block for one in _spares(plan, phase) if one.block is not None})
        used = {one.by for one in redrawn if one.phase == phase.name}
        free = [block for block in spare if block not in used]
        pairs = zip(dead(plan, phase, results, redrawn), free, strict=False)
        found += [Redraw(phase=name, block=block, by=by) for block, by in pairs for name in both]
    return tuple(found)


def dead(
    plan: Plan, phase: Phase, results: Mapping[str, RunResult], redrawn: Sequence[Redraw]
) -> list[int]:
    """Return the blocks in use in which no training of the baseline ended healthy.

    A training that was lost to the machine alone does not make a block dead: it is for `--retry`.
    """
    dropped = {one.block for one in redrawn if one.phase == phase.name}
    drawn = {one.by for one in redrawn if one.phase == phase.name}
    registered = [trial for trial in plan.trials if trial.phase == phase.name]
    spares = [trial for trial in _spares(plan, phase) if trial.block in drawn]
    baseline: dict[int, list[RunResult | None]] = {}
    for trial in [*registered, *spares]:
        if trial.block is not None and trial.arm_id == plan.baseline_arm_id:
            ended = [results.get(run.run_id) for run in trial.runs]
            baseline.setdefault(trial.block, []).extend(ended)
    return [
        block
        for block, ended in sorted(baseline.items())
        if block not in dropped and _is_dead(ended)
    ]


def trials_of(plan: Plan, redraw: Redraw, *, first: int = 0) -> list[PlannedTrial]:
    """Return the trials of a spare block, numbered from `first`."""
    mine = [
        trial for trial in plan.spares if (trial.phase, trial.block) == (redraw.phase, redraw.by)
    ]
    return [
        replace(trial, number=number, runs=tuple(replace(run, trial=number) for run in trial.runs))
        for number, trial in enumerate(mine, start=first)
    ]


def run_ids(plan: Plan, redrawn: Iterable[Redraw]) -> set[str]:
    """Return the runs of the spare blocks that are in use."""
    return {
        run.run_id for redraw in redrawn for trial in trials_of(plan, redraw) for run in trial.runs
    }


def _spares(plan: Plan, phase: Phase) -> list[PlannedTrial]:
    return [trial for trial in plan.spares if trial.phase == phase.name]


def _is_dead(ended: Sequence[RunResult | None]) -> bool:
    results = [result for result in ended if result is not None]
    is_lost = [result.is_unhealthy or result.state == "failed" for result in results]
    is_whole = len(results) == len(ended)
    return is_whole and all(is_lost) and any(result.is_unhealthy for result in results)
