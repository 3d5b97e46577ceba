"""The claims that a study may make and the effects that it can detect, before anything runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.config.schema import Phase, Question, StudyConfig
from ablate.design_names import AT_BUDGET, CONFIRM
from ablate.stats.power import ALPHA, POWER, detectable_effect, fewest_blocks, smallest_p

if TYPE_CHECKING:
    from ablate.stats.sequential import Course  # scipy, which a check does without

FEWEST_TO_CONFIRM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The smallest effect that a phase finds for a question.

    `alpha` is that of the first step of Holm: that of the last look over the size of the family.
    """

    question: str
    phase: str
    blocks: int
    comparisons: int
    alpha: float
    effect: float  # Cohen's d_z, found with the usual power of 0.8
    power: float = POWER


def course_of(phase: Phase, *, alpha: float = ALPHA) -> "Course":
    """Return the looks of a phase with blocks; one for a phase that shares alpha evenly."""
    from ablate.stats.sequential import Course

    blocks = int(phase.options["blocks"])
    if phase.has_interims:
        return Course.of(blocks, looks=phase.looks, futility=phase.futility, alpha=alpha)
    return Course(blocks=(blocks,), levels=(alpha / phase.looks,))


def refusals(config: StudyConfig, *, alpha: float = ALPHA) -> list[str]:
    """Return one line per phase that wants to claim and has too few blocks for it.

    The exact sign-flip test is compared with the unadjusted alpha; with R blocks its smallest p
    is 2 / 2^R. A confirmation needs eight blocks whatever alpha is: its configurations are not
    tuned anew, so that seeds alone carry its claim.
    """
    found = []
    for phase in config.phases.values():
        if not phase.claims:
            continue
        level = course_of(phase, alpha=alpha).levels[-1]
        blocks, fewest = int(phase.options["blocks"]), fewest_blocks(level)
        at = f"phases.{phase.name}.options.blocks"
        if config.look > (1 if phase.has_interims else phase.looks):
            found.append(
                f"phases.{phase.name}.looks: look {config.look} was not declared and has no share "
                f"of alpha; write looks: {config.look} with spending: even before the first look, "
                "or claims: false"
            )
        if blocks < fewest:
            needed = max(fewest, FEWEST_TO_CONFIRM) if phase.design == CONFIRM else fewest
            found.append(
                f"{at}: {blocks} blocks can never claim: the smallest two-sided exact p is "
                f"{smallest_p(blocks):.3g}, not below {level:g}; use {needed} or more, or "
                "claims: false"
            )
        elif phase.design == CONFIRM and blocks < FEWEST_TO_CONFIRM:
            found.append(
                f"{at}: {blocks} blocks are too few to confirm; use {FEWEST_TO_CONFIRM} or more, "
                "or claims: false"
            )
    return found


def reaches(config: StudyConfig, *, alpha: float = ALPHA) -> list[Reach]:
    """Return the smallest effect that each phase with blocks detects, per question."""
    found = []
    for phase in config.phases.values():
        if "blocks" not in phase.options or phase.design == AT_BUDGET:
            continue
        blocks, level = int(phase.options["blocks"]), course_of(phase, alpha=alpha).levels[-1]
        for name, count in _families(config, phase).items():
            found.append(
                Reach(
                    question=name,
                    phase=phase.name,
                    blocks=blocks,
                    comparisons=count,
                    alpha=level / count,
                    effect=detectable_effect(blocks=blocks, alpha=level / count),
                )
            )
    return found


def _families(config: StudyConfig, phase: Phase) -> dict[str, int]:
    """Return question -> size of its family, for the questions that a phase answers."""
    if phase.design != CONFIRM:
        return {q.id: comparisons(config, q) for q in config.questions.values()}
    if not config.questions:
        return {}
    name = str(phase.options.get("question", next(iter(config.questions))))
    arms = len(phase.options.get("arms", ())) or int(phase.options.get("winners", 1))
    return {phase.name: arms * max(1, config.questions[name].responses)}


def comparisons(config: StudyConfig, question: Question) -> int:
    """Return the size of a question's family: its contrasts x its primary metrics."""
    if question.components:
        rows = sum(len(config.factors[name].others) for name in question.components)
        return max(1, rows) * max(1, question.responses)
    factor = config.factors[question.compare]
    if question.crossed_with is not None:
        other = config.factors[question.crossed_with]
        pairs_of_values = (len(factor.values) - 1) * (len(other.values) - 1)
        return max(1, pairs_of_values) * max(1, question.responses)
    if isinstance(question.contrasts, tuple):
        pairs: set[frozenset[int]] = set()  # 2 vs 3 and 3 vs 2 are one comparison
        places = range(len(factor.values))
        base = factor.values.index(factor.baseline)
        if "baseline" in question.contrasts:
            pairs |= {frozenset((place, base)) for place in places if place != base}
        if "sequence" in question.contrasts:
            pairs |= {frozenset((place, place - 1)) for place in places if place}
        count = len(pairs)
    else:
        count = len(question.contrasts)
    count += 2 if question.trend else 0
    return max(1, count) * max(1, question.responses)
