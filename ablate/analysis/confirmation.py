"""The question of a confirmation: do frozen configurations beat the baseline on fresh seeds?"""

from dataclasses import replace

from ablate.analysis.contrasts import against_baseline
from ablate.analysis.facts import Facts
from ablate.analysis.published import StudyFacts
from ablate.analysis.question import RegisteredQuestion, label_of
from ablate.errors import DataError
from ablate.published import ConfirmationFacts, FrozenArm

BASELINE = "baseline"
CONDITIONAL = "conditional on this tuned configuration"


def asked(facts: StudyFacts, confirmation: ConfirmationFacts) -> RegisteredQuestion:
    """The question that a confirmation answers; its values are the names of the arms.

    Metrics, smallest effects and the role of images are those of the question that the phase
    names. The configuration that was chosen as best is expected to be better.

    Raises:
        DataError: The study has no such question.
    """
    like = facts.question(confirmation.question)
    if like is None:
        raise DataError(f"facts.json of {facts.study}: no question {confirmation.question!r}")
    subject = f"the best of {confirmation.of}" if confirmation.of else "the frozen arm"
    names = tuple(name for name, _ in confirmation.recipes)
    return replace(
        like,
        id=confirmation.phase,
        asks=f"Does {subject} beat the baseline on fresh seeds, each with its frozen recipe?",
        factor="configuration",
        values=names,
        arms=tuple(recipe for _, recipe in confirmation.recipes),
        by="recipe_id",
        baseline=BASELINE,
        ordered=False,
        has_steps=False,
        expects="higher",
        contrasts=against_baseline(names, baseline=BASELINE),
        trend=None,
        agrees_with=None,
        crossed=(),
    )


def conditional(about: Facts, confirmation: ConfirmationFacts) -> Facts:
    """The facts with the configurations that the answer is conditional on.

    Nothing was tuned in blocks.
    """
    caveats = [
        f"{CONDITIONAL}: {arm.name} = {_recipe(arm)} (from {arm.source})"
        for arm in confirmation.arms
        if arm.name != BASELINE
    ]
    own = next((arm for arm in confirmation.arms if arm.name == BASELINE), None)
    if own is not None:
        tuned = ", tuned by nobody" if confirmation.is_untuned else ""
        caveats.append(f"the baseline has the recipe of {own.source}{tuned}: {_recipe(own)}")
    return replace(about, nuisance=(), held=(), caveats=(*about.caveats, *caveats))


def _recipe(arm: FrozenArm) -> str:
    parts = {**arm.settings, **arm.nuisance}
    return ", ".join(f"{name} {label_of(value)}" for name, value in parts.items()) or "as it is"
