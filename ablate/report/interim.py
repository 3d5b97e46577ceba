"""What a look of a running study closes: its questions are judged as a report would judge them."""

from ablate import __version__
from ablate.analysis.answers import answer
from ablate.analysis.interim import closing
from ablate.analysis.published import with_questions
from ablate.study.publish import AtLook


def closes(at: AtLook) -> dict[str, str]:
    """Return question -> why it needs no further block, for those that a look closes."""
    facts = with_questions(at.facts)
    phase = facts.phases[at.look.phase]
    before = {name for look in phase.taken[:-1] for name in look.closed}
    asked = {question.id for question in facts.questions} - before
    verdicts = answer(facts, at.runs, at.images, generated_by=f"ablate {__version__}")
    answered = verdicts.questions if verdicts is not None else ()
    return closing([one for one in answered if one.id in asked], phase)
