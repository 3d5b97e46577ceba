"""What a study may claim, and what it can find: told before anything runs."""

from dataclasses import dataclass

from ablate.config.schema import Question, StudyConfig
from ablate.stats.power import ALPHA, POWER, detectable_effect, fewest_blocks, smallest_p


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The smallest effect that a phase finds for a question.

    `alpha` is that of the first step of Holm: the overall one over the size of the family.
    """

    question: str
    phase: str
    blocks: int
    comparisons: int
    alpha: float
    effect: float  # Cohen's d_z, found with the usual power of 0.8
    power: float = POWER


def refusals(config: StudyConfig, *, alpha: float = ALPHA) -> list[str]:
    """Return one line per phase that wants to claim and has too few blocks to reject anything.

    The exact sign-flip test is compared with the unadjusted alpha; with R blocks its smallest p
    is 2 / 2^R.
    """
    fewest = fewest_blocks(alpha)
    return [
        f"phases.{phase.name}.options.blocks: {blocks} blocks can never claim: the smallest "
        f"two-sided exact p is {smallest_p(blocks):.3g}, not below {alpha:g}; use {fewest} or "
        f"more, or claims: false"
        for phase in config.phases.values()
        if phase.claims and (blocks := int(phase.options["blocks"])) < fewest
    ]


def reaches(config: StudyConfig, *, alpha: float = ALPHA) -> list[Reach]:
    """Return what each phase with blocks can find for each question."""
    found = []
    for phase in config.phases.values():
        if "blocks" not in phase.options:
            continue
        blocks = int(phase.options["blocks"])
        for question in config.questions.values():
            count = comparisons(config, question)
            found.append(
                Reach(
                    question=question.id,
                    phase=phase.name,
                    blocks=blocks,
                    comparisons=count,
                    alpha=alpha / count,
                    effect=detectable_effect(blocks=blocks, alpha=alpha / count),
                )
            )
    return found


def comparisons(config: StudyConfig, question: Question) -> int:
    """Return the size of a question's family: its contrasts x its primary metrics."""
    factor = config.factors[question.compare]
    if isinstance(question.contrasts, tuple):
        pairs: set[tuple[int, int]] = set()
        places = range(len(factor.values))
        base = factor.values.index(factor.baseline)
        if "baseline" in question.contrasts:
            pairs |= {(place, base) for place in places if place != base}
        if "sequence" in question.contrasts:
            pairs |= {(place, place - 1) for place in places if place}
        count = len(pairs)
    else:
        count = len(question.contrasts)
    count += 2 if question.trend else 0
    return max(1, count) * max(1, len(question.primary))
