"""What a reader of a plan should know beside its table, in words."""

from ablate.config.schema import Phase
from ablate.design_names import AT_BUDGET, BLOCKED, CONFIRM, SOBOL
from ablate.designs.contract import Inputs
from ablate.designs.fractional_factorial import fraction_of
from ablate.stats.power import ALPHA
from ablate.study.claims import reaches
from ablate.study.plan import Plan


def remarks(plan: Plan, phase: Phase) -> list[str]:
    """Return the remarks on one phase: tuning, claims, reach, aliases; none for plain designs."""
    config = plan.config
    lines: list[str] = []
    if phase.design == AT_BUDGET:
        return [
            f"the blocks of {phase.of} at {phase.times:g} x train.steps: decides nothing, says "
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
        lines.append(f"nuisance: {', '.join(tuned) or 'none'}")
        if config.held:
            held = " and ".join(config.held)
            lines.append(f"caveat: {held} held at the base value, not tuned per value")
    if redraws := int(phase.options.get("redraws", 0)):
        mine = {name for name, one in config.phases.items() if phase.name in (name, one.of)}
        runs = sum(len(trial.runs) for trial in plan.spares if trial.phase in mine)
        lines.append(
            f"up to {runs} more runs: a block in which no training of the baseline is healthy is "
            f"redrawn with a new seed for all values, at most {redraws} times"
        )
    if phase.design == CONFIRM:
        lines += _of_confirmation(phase)
    if "blocks" in phase.options and not phase.claims:
        name = f"preset {phase.preset}" if phase.preset else "claims: false"
        lines.append(f"{name}: this phase claims nothing")
    if phase.looks > 1:
        lines.append(
            f"look {config.look} of {phase.looks} declared: alpha {ALPHA / phase.looks:.3g} each, "
            f"together {ALPHA:g}"
        )
    for reach in reaches(config):
        if reach.phase == phase.name:
            lines.append(
                f"{reach.question}: {reach.blocks} blocks find d_z {reach.effect:.2f} with power "
                f"{reach.power:g} at Holm alpha {reach.alpha:.3g} "
                f"({reach.comparisons} comparisons)"
            )
    return lines


def _of_confirmation(phase: Phase) -> list[str]:
    """Return what is frozen, when, and what a claim of it hangs on."""
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
