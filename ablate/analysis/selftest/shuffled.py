"""The control on a study's own runs: labels are shuffled, so that nothing is left to be claimed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd
from scipy.stats import binom

from ablate.analysis.answers import facts_of, frozen, percent_bases
from ablate.analysis.cells import with_bases
from ablate.analysis.interim import counted
from ablate.analysis.judging import judge
from ablate.analysis.published import StudyFacts
from ablate.analysis.redraws import standing
from ablate.analysis.selection import points_of, select
from ablate.analysis.selftest.planted import generator
from ablate.errors import ConfigError

CERTAINTY = 0.99  # that a protocol which keeps alpha stays within the bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """How often a question of a study would have been claimed although labels meant nothing."""

    question: str
    shuffles: int
    claims: int  # shuffles with a claim in at least one primary row
    most: int  # of them that alpha allows, with CERTAINTY

    @property
    def passes(self) -> bool:
        """Return whether there were no more claims than alpha allows."""
        return self.claims <= self.most


def shuffled(
    facts: StudyFacts,
    runs: pd.DataFrame,
    images: pd.DataFrame,
    *,
    shuffles: int,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Shuffled]:
    """Yield one control per question of the answer phase; the same numbers on every call.

    Values change places among the runs of a block and tuning point, where nothing else differs
    between them; selection, test and correction are those of the report. A corrected p below alpha
    counts as a claim, whatever guards and equivalence would have made of it.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
        images: One row per run, split, image and metric.
        shuffles: How many times, at least one.
        step: Hears how many shuffles of how many are done.

    Raises:
        ConfigError: The study has no answer phase.
    """
    phase = facts.answer_phase
    if phase is None:
        raise ConfigError(
            f"{facts.study}: has no blocked phase, so it claims nothing as it is; run the "
            "self-test without a study, or add `phases: {answer: {design: blocked}}`"
        )
    planned = facts.phases[phase]
    of_phase = standing(planned, runs[runs["phase"] == phase])
    bases = percent_bases(facts, runs)
    metric = facts.selecting
    random = generator("shuffled")
    total = shuffles * len(facts.questions)
    for place, registered in enumerate(facts.questions):
        about = facts_of(facts, phase, registered.id)
        question = replace(
            frozen(
                registered,
                percent_base=bases,
                groups=facts.groups,
                alpha=about.level,
                rules=facts.rules,
            ),
            secondary=(),
            guardrails=(),  # families of their own, which claim nothing
        )
        points = points_of(question, counted(planned, of_phase, blocks=about.planned_blocks))
        some = images[
            images["run_id"].isin(points["run_id"])
            & (images["split"] == "test")
            & images["metric"].isin(question.metrics)
        ]
        cells = points.groupby(["block", "point"])["value"]
        claims = 0
        for number in range(shuffles):
            mixed = points.assign(value=cells.transform(random.permutation))
            selected = select(
                mixed,
                some,
                metric=metric,
                better=question.better,
                drops_lost_points=facts.rules.drops_lost_points,
            )
            verdict = judge(with_bases(question, selected.answers), selected, about)
            claims += any(
                _is_small(row.p_holm, question.alpha) for row in verdict.rows_of("primary")
            )
            step(place * shuffles + number + 1, total)
        yield Shuffled(
            question=question.id,
            shuffles=shuffles,
            claims=claims,
            most=int(binom.ppf(CERTAINTY, shuffles, about.level)),
        )


def _is_small(p: float | None, alpha: float) -> bool:
    return p is not None and p < alpha
