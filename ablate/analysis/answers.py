"""From the tables of a study to the answers to its questions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ablate.analysis import interim, redraws
from ablate.analysis.aggregates import RankDifference, best_values, counts, places, rank_differences
from ablate.analysis.budgets import at_budget, other_budgets
from ablate.analysis.cells import cells_of, with_bases
from ablate.analysis.confirmation import asked as confirmation_of
from ablate.analysis.confirmation import conditional
from ablate.analysis.coverage import agreed, in_both
from ablate.analysis.document import (
    AnsweredQuestion,
    CellMean,
    DataSummary,
    Redrawn,
    Verdicts,
    Winner,
)
from ablate.analysis.environments import within_environments
from ablate.analysis.estimand import estimand_of, with_caveats
from ablate.analysis.facts import SELECTING, Facts, Selected
from ablate.analysis.guards import without_training
from ablate.analysis.health import health_of
from ablate.analysis.interactions import agreement
from ablate.analysis.judging import judge
from ablate.analysis.plateau import plateau
from ablate.analysis.published import StudyFacts
from ablate.analysis.question import RegisteredQuestion, metric_label
from ablate.analysis.selection import points_of, select
from ablate.analysis.sensitivity import sensitivity
from ablate.analysis.test_sets import on_sets_of
from ablate.design_names import BASELINE_ONLY
from ablate.errors import DataError
from ablate.metrics.catalogue import on_sets
from ablate.published import Value
from ablate.rules import Rules
from ablate.settings.network import usual
from ablate.stats.power import ALPHA, fewest_blocks

PROBE = "probe"  # optimises the fused pixels themselves


def answer(
    facts: StudyFacts, runs: pd.DataFrame, images: pd.DataFrame, *, generated_by: str
) -> Verdicts | None:
    """Answer every question of a study; None for a study without an answer phase.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
        images: One row per run, split, image and metric.
        generated_by: Name and version of the program.
    """
    asked: list[tuple[RegisteredQuestion, str, Facts]] = []
    if facts.answer_phase is not None:
        asked += [
            (question, facts.answer_phase, facts_of(facts, facts.answer_phase, question.id))
            for question in facts.questions
        ]
    for confirmation in facts.confirmations:
        if confirmation.arms and confirmation.question:  # without one it is described
            about = conditional(
                facts_of(facts, confirmation.phase, confirmation.phase), confirmation
            )
            asked.append((confirmation_of(facts, confirmation), confirmation.phase, about))
    if not asked:
        return None
    bases, pilot_runs = percent_bases(facts, runs), finished_pilots(facts, runs)
    study = _Study(facts=facts, runs=runs, images=images, pilot_runs=pilot_runs)
    answers = {
        question.id: _answered(
            frozen(
                question,
                percent_base=bases,
                groups=_groups(facts),
                alpha=about.level,
                rules=facts.rules,
            ),
            study,
            phase,
            about,
        )
        for question, phase, about in asked
    }
    for question, _, _ in asked:
        first = answers.get(question.agrees_with or "")
        if first is not None:
            mine = answers[question.id]
            notes = (*mine.notes, *in_both(fixed_levels=first, fixed_coarsest=mine))
            answers[question.id] = replace(
                agreed(fixed_levels=first, fixed_coarsest=mine), notes=notes
            )
    return Verdicts(
        study=facts.study,
        design_hash=facts.design_hash,
        data=DataSummary(label=facts.data_label, hash=facts.data_hash, counts=facts.counts),
        generated_by=generated_by,
        questions=tuple(
            replace(one, rows=tuple(replace(row, by_block=one.by_block(row)) for row in one.rows))
            for one in answers.values()
        ),
    )


def _labels(facts: StudyFacts) -> dict[str, str]:
    """Return further test set -> what sentences call its data, all of them different."""
    labels = [facts.data_label, *(one.label for one in facts.tests)]
    return {
        one.name: one.label if labels.count(one.label) == 1 else f"{one.label} ({one.name})"
        for one in facts.tests
    }


def _groups(facts: StudyFacts) -> dict[str, str]:
    """Return test image -> its scene, of all test sets; see `selection.on_test`."""
    further = {
        f"{one.name}/{image}": f"{one.name}/{scene}"
        for one in facts.tests
        for image, scene in one.groups.items()
    }
    return {**facts.groups, **further}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """The published tables of a study."""

    facts: StudyFacts
    runs: pd.DataFrame
    images: pd.DataFrame
    pilot_runs: pd.DataFrame


def _answered(
    question: RegisteredQuestion, study: _Study, phase: str, about: Facts
) -> AnsweredQuestion:
    """The verdict on one question and everything it rests on."""
    facts, runs, images = study.facts, study.runs, study.images
    planned = facts.phases[phase]
    of_phase = interim.counted(planned, runs[runs["phase"] == phase], blocks=about.planned_blocks)
    points = points_of(question, redraws.standing(planned, of_phase))
    about = within_environments(about, points, facts.environments)
    health = health_of(question, points_of(question, redraws.registered(planned, of_phase)))
    of_pilot = _pilot_limits(question, study.pilot_runs)
    limits = (*of_pilot, *health.caveats, *redraws.caveats(planned))
    about = replace(about, caveats=(*about.caveats, *limits))
    some = images[images["run_id"].isin(points["run_id"])]
    selecting, drops = facts.selecting, facts.rules.drops_lost_points
    selected = select(
        points, some, metric=selecting, better=question.better, drops_lost_points=drops
    )
    question = with_bases(question, selected.answers)
    verdict = judge(question, selected, about)
    for budget in other_budgets(facts, phase):
        here = [budget.arms[arm] for arm in question.arms]
        there = points_of(replace(question, arms=tuple(here)), runs[runs["phase"] == budget.phase])
        scores = images[images["run_id"].isin(there["run_id"])]
        verdict = at_budget(
            verdict,
            question,
            registered=selected,
            budget=budget,
            there=select(
                there, scores, metric=selecting, better=question.better, drops_lost_points=drops
            ),
        )
    estimand = estimand_of(
        question,
        points,
        some,
        selected=selected,
        facts=about,
        selecting=selecting,
        drops_lost_points=drops,
    )
    verdict = with_caveats(verdict, estimand)
    ranking = agreement(question, selected.answers) if question.crossed else None
    steps = (
        plateau(question, selected.answers, verdict=verdict)
        if question.ordered and question.has_steps
        else None
    )
    notes = [one.sentence for one in ranking or () if one.metric in question.primary]
    if steps is not None:
        notes = [steps.sentence] if steps.sentence else []
    best, ranks = _best_and_ranks(question, selected)
    return AnsweredQuestion.of(
        verdict,
        values=question.values,
        baseline=question.baseline,
        ordered=question.ordered,
        weights={contrast.name: contrast.weights for contrast in question.contrasts},
        cells=_cells(question, selected),
        winners=_winners(selected, about),
        selected_by=selecting if f"val/{selecting}" in points else "",
        estimand=estimand,
        notes=tuple(notes),
        health=health,
        redrawn=tuple(Redrawn(block=block, by=by) for block, by in planned.redrawn),
        reselected=sensitivity(
            points,
            some,
            question=question,
            facts=about,
            metrics=_selecting(points, facts.metrics, first=selecting),
            drops_lost_points=drops,
        ),
        counts=counts(verdict.rows, alpha=question.alpha),
        best=best,
        places=_places(question, selected),
        components=question.components,
        ranks=ranks,
        agreement=ranking,
        plateau=steps,
        on_sets=on_sets_of(question, selected, about, rows=verdict.rows),
    )


def frozen(
    question: RegisteredQuestion,
    *,
    percent_base: Mapping[str, float],
    groups: Mapping[str, str],
    rules: Rules,
    alpha: float,
) -> RegisteredQuestion:
    """The question with pilot means, scenes, the rules of its study, and the level of its look."""
    return replace(
        question,
        percent_base=dict(percent_base),
        groups=groups,
        percent_of=rules.percent_of,
        alpha=alpha,
    )


def percent_bases(facts: StudyFacts, runs: pd.DataFrame) -> dict[str, float]:
    """Metric -> mean test score of the pilot's finished runs; empty without a pilot."""
    finished = finished_pilots(facts, runs)
    further = on_sets(facts.metrics, [one.name for one in facts.tests]) if facts.tests else ()
    columns = {metric: f"test/{metric}" for metric in (*facts.metrics, *further)}
    means = {
        metric: finished[column].mean() for metric, column in columns.items() if column in finished
    }
    return {metric: float(mean) for metric, mean in means.items() if pd.notna(mean)}


def finished_pilots(facts: StudyFacts, runs: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of the pilot."""
    pilots = facts.phases_of(BASELINE_ONLY)
    return runs[runs["phase"].isin(pilots) & (runs["state"] == "finished")]


def _pilot_limits(question: RegisteredQuestion, pilot_runs: pd.DataFrame) -> Iterator[str]:
    """Yield a caveat per deciding metric whose pilot has runs far below its best, collapsed ones.

    Such runs stay in the mean that a smallest effect in percent of the pilot refers to, which was
    registered as it is.
    """
    for metric in question.primary:
        column = f"test/{metric}"
        is_used = str(question.smallest_effect.get(metric, "")).strip().endswith("%")
        if column not in pilot_runs or question.percent_of != "pilot" or not is_used:
            continue
        scores = pilot_runs[column].dropna()
        low = int((scores < scores.max() / 2).sum())
        if low and question.sign_of(metric) > 0 < scores.max():
            yield (
                f"{low} of {len(scores)} pilot runs score less than half of the best in "
                f"{metric_label(metric)}: the smallest effect in %, as registered, refers to the "
                f"mean of all, {question.percent_base[metric]:.3g} (median {scores.median():.3g})"
            )


def facts_of(facts: StudyFacts, phase: str, question: str) -> Facts:
    """What guards and scope need to know of the study, for one of its questions."""
    design = facts.phases[phase]
    stand = interim.standing(
        design, question, is_registered=not _is_described(facts.question(question))
    )
    return Facts(
        data=facts.data_label,
        network=network_of(facts.settings),
        budget=facts.budget,
        tests=_labels(facts),
        points=int(design.points or 0),
        preset=design.preset or "",
        may_claim=design.claims,
        planned_blocks=int(design.blocks or 0) if stand is None else stand.blocks,
        level=ALPHA / design.looks if stand is None else stand.level,
        awaits=interim.awaited(stand),
        claims_from=0 if stand is None else fewest_blocks(),
        selected_on=(facts.chosen_on,) if facts.chosen_on else SELECTING,
        nuisance=facts.nuisance,
        held=facts.held,
        caveats=(*_limits(facts), *interim.caveats(stand, design)),
    )


def _is_described(question: RegisteredQuestion | None) -> bool:
    """Whether a question was not registered: all its contrasts are described, never judged."""
    return question is not None and all(one.is_exploratory for one in question.contrasts)


def network_of(settings: Mapping[str, Any]) -> str:
    """Return what is trained, with its sizes: the network, or the task of another study.

    How layers are activated and weights start is named where it is not as today's defaults have it.
    """
    if settings.get("model", {}).get("name") == PROBE:
        return "none (probe)"
    section, defaults = settings["model" if "model" in settings else "task"], usual()
    sizes = ", ".join(
        f"{name} {value}"
        for name, value in section.items()
        if name != "name" and isinstance(value, int | float | str) and defaults.get(name) != value
    )
    return f"{section['name']} ({sizes})" if sizes else str(section["name"])


def _limits(facts: StudyFacts) -> Iterator[str]:
    """Yield what limits every answer of a study."""
    if facts.data_name == "synthetic":
        yield "generated pairs: a method check, not evidence on any paper"
    if facts.chosen_on:
        yield "asked of finished runs from elsewhere: nothing was registered before they were seen"
    if facts.chosen_on == "unknown":
        yield "what chose their weights and settings is not known; if test did, nothing is shown"
    if facts.shared_groups:
        count, every = facts.shared_groups, len(set(facts.groups.values()))
        yield (
            f"{count} of {every} test scenes stand in the training part too, as the set's authors "
            "split it: scores are those of scenes half known"
        )


def _selecting(points: pd.DataFrame, metrics: Sequence[str], *, first: str) -> list[str]:
    """Return the metrics that have a val score, the registered one first."""
    return [first, *(m for m in metrics if m != first and f"val/{m}" in points)]


def _cells(question: RegisteredQuestion, selected: Selected) -> tuple[CellMean, ...]:
    """Mean test score of every metric, block and value that trained, over the images kept."""
    found: list[CellMean] = []
    without = without_training(selected)
    for metric in question.metrics:
        cells = cells_of(question, selected.answers, metric)
        means = cells.scores.mean(axis=2) if cells.scores.size else cells.scores[:, :, 0:0]
        found += [
            CellMean(metric=metric, block=block, value=value, score=float(means[row, column]))
            for row, block in enumerate(cells.blocks)
            for column, value in enumerate(question.values)
            if means.size and value not in without
        ]
    return tuple(found)


def _winners(selected: Selected, about: Facts) -> tuple[Winner, ...]:
    """The tuning point that won in each block, with its place in the nuisance ranges."""
    names = [nuisance.name for nuisance in about.nuisance if nuisance.name in selected.winners]
    return tuple(
        Winner(
            block=int(row["block"]),
            value=row["value"],
            run_id=row["run_id"],
            nuisance={name: float(row[name]) for name in names if pd.notna(row[name])},
        )
        for row in selected.winners.to_dict("records")
    )


def _best_and_ranks(
    question: RegisteredQuestion, selected: Selected
) -> tuple[dict[str, tuple[Value, ...]], tuple[RankDifference, ...]]:
    """Best sets and mean ranks; both empty with fewer than two blocks that have all values."""
    best: dict[str, tuple[Value, ...]] = {}
    try:
        best = {
            metric: best_values(question, selected.answers, metric) for metric in question.metrics
        }
        return best, rank_differences(question, selected.answers)
    except DataError:  # the guards have said so
        return best, ()


def _places(question: RegisteredQuestion, selected: Selected) -> dict[str, tuple[Value, ...]]:
    """Metric -> the shown first and second value; only metrics in which there is a first."""
    try:
        found = {one: places(question, selected.answers, one) for one in question.metrics}
    except DataError:  # the guards have said so
        return {}
    return {metric: values for metric, values in found.items() if values}
