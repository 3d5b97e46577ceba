"""What a reader of a plan should know beside its table, in words."""

from ablate.config.schema import Phase
from ablate.designs.contract import Inputs
from ablate.designs.fractional_factorial import fraction_of
from ablate.study.claims import reaches
from ablate.study.plan import Plan


def remarks(plan: Plan, phase: Phase) -> list[str]:
    """Return the remarks on one phase: tuning, claims, reach, aliases; none for plain designs."""
    config = plan.config
    lines: list[str] = []
    if phase.design == "fractional_factorial":
        inputs = Inputs(factors=config.factors, phase=phase.name)
        lines += fraction_of(inputs, **phase.options).lines()
    if phase.design == "sobol" and plan.infeasible:
        lines.append(f"{plan.infeasible} points break a constraint and are left out")
    if phase.design in ("sobol", "blocked"):
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
    if "blocks" in phase.options and not phase.claims:
        name = f"preset {phase.preset}" if phase.preset else "claims: false"
        lines.append(f"{name}: this phase claims nothing")
    for reach in reaches(config):
        if reach.phase == phase.name:
            lines.append(
                f"{reach.question}: {reach.blocks} blocks find d_z {reach.effect:.2f} with power "
                f"{reach.power:g} at Holm alpha {reach.alpha:.3g} "
                f"({reach.comparisons} comparisons)"
            )
    return lines
