"""The question of a confirmation: do frozen configurations beat the baseline on fresh seeds?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedArm:
    """A frozen arm on fresh seeds in one metric, described.

    Args:
        phase: The confirmation.
        of: The phase whose winners it trained anew; None for arms of the study file.
        arm: What was frozen.
        metric: Its name.
        mean: Over its blocks, each a seed of its own, on test.
        sd: Over its blocks; None for one.
        blocks: In which it finished.
        difference: Mean over blocks of its score minus the baseline's; None for the baseline.
        difference_sd: Over blocks; None for one.
    """

    phase: str
    of: str | None
    arm: FrozenArm
    metric: str
    mean: float
    sd: float | None
    blocks: int
    difference: float | None = None
    difference_sd: float | None = None


def described(facts: StudyFacts, runs: pd.DataFrame) -> tuple[ConfirmedArm, ...]:
    """The arms of confirmations that no question asks for, per metric; nothing is tested.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
    """
    return tuple(
        one
        for confirmation in facts.confirmations
        if confirmation.arms and not confirmation.question
        for metric in facts.metrics
        for one in _described(confirmation, runs, metric)
    )


def _described(
    confirmation: ConfirmationFacts, runs: pd.DataFrame, metric: str
) -> Iterator[ConfirmedArm]:
    column, recipes = f"test/{metric}", dict(confirmation.recipes)
    mine = runs[(runs["phase"] == confirmation.phase) & (runs["state"] == "finished")]
    if column not in mine:
        return
    wide = mine.pivot_table(index="block", columns="recipe_id", values=column)
    for arm in confirmation.arms:
        scores = wide.get(recipes[arm.name], pd.Series(dtype=float)).dropna()
        if scores.empty:
            continue
        of_base = wide.get(recipes.get(BASELINE, ""), pd.Series(dtype=float))
        against = pd.Series(dtype=float) if arm.name == BASELINE else (scores - of_base).dropna()
        yield ConfirmedArm(
            phase=confirmation.phase,
            of=confirmation.of,
            arm=arm,
            metric=metric,
            mean=float(scores.mean()),
            sd=_deviation(scores),
            blocks=len(scores),
            difference=None if against.empty else float(against.mean()),
            difference_sd=_deviation(against),
        )


def _deviation(values: "pd.Series[float]") -> float | None:
    return float(values.std(ddof=1)) if len(values) > 1 else None


def conditional(about: Facts, confirmation: ConfirmationFacts) -> Facts:
    """The facts with the configurations that the answer is conditional on.

    Nothing was tuned in blocks.
    """
    caveats = [
        f"{CONDITIONAL}: {arm.name} = {recipe_in_words(arm)} (from {arm.source})"
        for arm in confirmation.arms
        if arm.name != BASELINE
    ]
    own = next((arm for arm in confirmation.arms if arm.name == BASELINE), None)
    if own is not None:
        tuned = ", tuned by nobody" if confirmation.is_untuned else ""
        recipe = recipe_in_words(own)
        caveats.append(f"the baseline has the recipe of {own.source}{tuned}: {recipe}")
    return replace(about, nuisance=(), held=(), caveats=(*about.caveats, *caveats))


def recipe_in_words(arm: FrozenArm) -> str:
    """The settings of a frozen arm and its tuned values; "as it is" for the base itself."""
    parts = {**arm.settings, **arm.nuisance}
    return ", ".join(f"{name} {label_of(value)}" for name, value in parts.items()) or "as it is"
