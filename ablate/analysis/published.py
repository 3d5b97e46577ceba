"""A study as it was published, with its questions ready for the verdict engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ablate.analysis.contrasts import registered_contrasts
from ablate.analysis.question import RegisteredQuestion
from ablate.metrics.catalogue import BETTER
from ablate.published import MetricFacts, QuestionFacts, StudyDocument
from ablate.stored import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts(StudyDocument):
    """What a study published, and the questions with all that follows from their registration."""

    questions: tuple[RegisteredQuestion, ...] = ()

    @property
    def leading(self) -> tuple[str, ...]:
        """The metrics that are shown first: those that decide, else that of the objective."""
        return tuple(dict.fromkeys(self.primary or (self.selecting, *self.metrics)))

    def question(self, name: str | None) -> RegisteredQuestion | None:
        """The question with an id; None where there is no such question."""
        return next((one for one in self.questions if one.id == name), None)


def read_facts(raw: Mapping[str, Any]) -> StudyFacts:
    """Read what a study published of itself.

    Args:
        raw: Content of facts.json, of this version or an earlier one.

    Raises:
        DataError: A key that every version writes is missing, or has another type.
    """
    return with_questions(
        decode(StudyDocument, raw, where=f"facts.json of {raw.get('study', 'a study')}")
    )


def with_questions(found: StudyDocument) -> StudyFacts:
    """The document of a study with its questions, ready for the verdict engine."""
    return StudyFacts(
        **{one.name: getattr(found, one.name) for one in fields(found)},
        questions=tuple(
            registered(one, metrics=found.metrics, declared=found.declared)
            for one in found.registered
        ),
    )


def registered(
    found: QuestionFacts, *, metrics: Sequence[str], declared: Mapping[str, MetricFacts]
) -> RegisteredQuestion:
    """The question with its contrasts; metrics without a role are secondary, never deciding.

    Args:
        found: As it was registered.
        metrics: All that are scored.
        declared: Metrics of plug-ins.
    """
    values = tuple(value for value, _ in found.arms)
    named = {*found.primary, *found.secondary, *found.guardrails}
    return RegisteredQuestion(
        id=found.id,
        asks=found.asks,
        factor=found.factor,
        dimension=found.factor if found.dimension == "" else found.dimension,
        values=values,
        arms=tuple(arm for _, arm in found.arms),
        baseline=found.baseline,
        ordered=found.ordered,
        contrasts=registered_contrasts(
            values,
            baseline=found.baseline,
            factor=found.factor,
            written=found.contrasts,
            trend=found.trend,
            crossed=found.crossed,
            is_registered=found.registered,
        ),
        has_steps="sequence" in found.contrasts,
        trend=found.trend,
        crossed=found.crossed,
        components=found.components,
        primary=found.primary,
        secondary=(*found.secondary, *(metric for metric in metrics if metric not in named)),
        guardrails=found.guardrails,
        smallest_effect=found.smallest_effect,
        better={**BETTER, **{name: one.better for name, one in declared.items()}},
        expects=found.expects,
        images=found.images,
        agrees_with=found.agrees_with,
    )
