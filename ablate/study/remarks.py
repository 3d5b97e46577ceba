"""Remarks on a plan beside its table: caveats in words, and the spread of its pilot."""

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from ablate.config.schema import Phase
from ablate.design_names import AT_BUDGET, BASELINE_ONLY, BLOCKED, CONFIRM, SOBOL
from ablate.designs.contract import Inputs
from ablate.designs.fractional_factorial import fraction_of
from ablate.stats.power import ALPHA, fewest_blocks, smallest_p
from ablate.study.changes import changes
from ablate.study.claims import Reach, course_of, reaches
from ablate.study.plan import Plan

FEWEST_PILOTS = 3  # below, the spread over seeds says too little


def remarks(plan: Plan, phase: Phase) -> list[str]:
    """Return the remarks on one phase: tuning, claims, looks, aliases; none for plain designs."""
    config = plan.config
    lines: list[str] = []
    if phase.design == AT_BUDGET:
        return [
            f"the runs of {phase.of} at {phase.times:g} x train.steps: decides nothing, shows "
            "whether its effects hold at that budget"
        ]
    if phase.design == "fractional_factorial":
        inputs = Inputs(factors=config.factors, phase=phase.name)
        lines += fraction_of(inputs, **phase.options).lines()
    if left_out := plan.left_out.get(phase.name):
        lines.append(f"{left_out} points break a constraint and are left out")
    if phase.design in (SOBOL, BLOCKED):
        tuned = [
            f"{name} {dimension.low:g} to {dimension.high:g}{' (log)' if dimension.log else ''}"
            if dimension.low is not None and dimension.high is not None
            else name
            for name, dimension in config.nuisance.items()
        ]
        lines.append(f"tuned for every arm: {', '.join(tuned) or 'nothing'}")
        if config.held:
            held = " and ".join(config.held)
            lines.append(f"caveat: {held} held at the base value, not tuned per value")
    if redraws := int(phase.options.get("redraws", 0)):
        mine = {name for name, one in config.phases.items() if phase.name in (name, one.of)}
        runs = sum(len(trial.runs) for trial in plan.spares if trial.phase in mine)
        lines.append(
            f"up to {runs} more runs: a block (one seed and split) in which every training of the "
            "baseline fails to fuse (a negative, a copy, a flat image) is repeated with a new seed "
            f"for all values, at most {redraws} times"
        )
    if phase.design == CONFIRM:
        lines += _of_confirmation(phase)
    if "blocks" in phase.options and not phase.claims:
        name = f"preset {phase.preset}" if phase.preset else "claims: false"
        name = name if config.questions else "without a question"
        lines.append(f"{name}: this phase claims nothing")
    if phase.has_interims:
        course = course_of(phase)
        levels = ", ".join(f"{level:.2g}" for level in course.levels)
        lines.append(
            f"looks after {listed(course.blocks)} blocks, by O'Brien-Fleming at alpha {levels}: a "
            "question whose contrasts are all decided is stopped"
            + (f", or futile (chance below {phase.futility:g})" if phase.futility else "")
        )
    elif phase.looks > 1:
        lines.append(
            f"look {config.look} of {phase.looks} declared: alpha {ALPHA / phase.looks:.3g} each, "
            f"together {ALPHA:g}"
        )
    lines += [
        line
        for reach in reaches(config)
        if reach.phase == phase.name
        for line in _flips(reach, phase)
    ]
    return [*lines, *changes(config, phase)]


def _flips(reach: Reach, phase: Phase) -> Iterator[str]:
    """Yield where sign flips under Holm can find nothing in the blocks of a phase."""
    fewest = fewest_blocks(ALPHA / phase.looks, family=reach.comparisons)
    if phase.claims and reach.blocks < fewest:
        least = smallest_p(reach.blocks) * reach.comparisons
        yield (
            f"{reach.question}: with {reach.blocks} blocks an exact sign-flip test cannot become "
            f"significant after Holm's correction for {reach.comparisons} tests (smallest p "
            f"{least:.2g}; {fewest} blocks can); the t test decides, sign flips stand beside it "
            "as step-down max-t"
        )


def _of_confirmation(phase: Phase) -> list[str]:
    """Say which arms are frozen and when, and the conditions of a claim about them."""
    lines = ["fresh seeds, test images, nothing tuned: conditional on the frozen recipes"]
    of = phase.options.get("of")
    if of is not None:
        lines.append(f"frozen once {of} and all else have ended: its best on the val objective")
        if "baseline" not in phase.options:
            lines.append(
                f"the baseline has its best recipe in {of}, else the base values; to name one, "
                "write options.baseline: {learning_rate: ...}"
            )
    return lines


def spreads(plan: Plan, store: Path) -> dict[str, tuple[float, float, int]]:
    """Return metric -> mean, standard deviation and number of the finished pilot runs in a store.

    Empty with fewer than three: their spread would say too little.
    """
    config = plan.config
    pilots = {phase.name for phase in config.phases.values() if phase.design == BASELINE_ONLY}
    of_metric: dict[str, list[float]] = {}
    for trial in plan.trials:
        for run in trial.runs if trial.phase in pilots else ():
            path = store / config.name / "runs" / run.run_id / "result.json"
            try:
                result = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # not run yet, or being written
            for metric in config.base["metrics"]["names"]:
                value = result["metrics"].get(f"test/{metric}")
                if result.get("state") == "finished" and value is not None:
                    of_metric.setdefault(metric, []).append(float(value))
    return {
        metric: (statistics.fmean(values), statistics.stdev(values), len(values))
        for metric, values in of_metric.items()
        if len(values) >= FEWEST_PILOTS
    }


def listed(counts: Sequence[int]) -> str:
    """Return counts as a list in words.

    Example:
        >>> listed([8, 12, 16])
        '8, 12 and 16'
    """
    return " and ".join([", ".join(map(str, counts[:-1])), str(counts[-1])][len(counts) < 2 :])
