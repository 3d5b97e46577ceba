"""What came out best: sets that the data cannot tell apart, trade-offs, recipes of a search."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import is_unhealthy
from ablate.analysis.table import arms, designed, run_rows
from ablate.analysis.verdict import Answer, Row
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.metrics.copies import sentence
from ablate.published import Value
from ablate.report.contents import Contents
from ablate.report.values import gamed_values

RECIPES = 5
WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfQuestion:
    """The values of a question that no other value beats.

    Args:
        id: Of the question.
        factor: What it compares.
        verdict: Its answer.
        sets: Primary metric -> the values that are not beaten, best mean first.
        in_all: The values that are in every set.
        trade_offs: Guardrails that are not shown to be kept, in words.
        gamed: Metrics in which a copy of a source beats every value, in words; "" for none.
    """

    id: str
    factor: str
    verdict: Answer
    sets: Mapping[str, tuple[Value, ...]]
    in_all: tuple[Value, ...]
    trade_offs: tuple[str, ...]
    gamed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMean:
    """Mean and deviation over the runs of an arm, in one metric."""

    metric: str
    arm: str
    mean: float
    sd: float | None
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A run of a search or an exploration, with the score that selects."""

    run_id: str
    phase: str
    objective: float
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """What a study found to be best, as `ablate best --json` prints it.

    Args:
        study: Its name.
        questions: One per answered question.
        arms: Means, best first in each metric; of a study without an answer phase only.
        recipes: Of searches and explorations, best first.
        unscored: Objectives that finished runs lack, in words.
    """

    study: str
    questions: tuple[BestOfQuestion, ...]
    arms: tuple[ArmMean, ...]
    recipes: tuple[Recipe, ...]
    unscored: tuple[str, ...] = ()


def best(contents: Contents) -> Best:
    """Find what came out best."""
    return Best(
        study=contents.facts.study,
        questions=tuple(
            _of_question(question, contents.comparators) for question in contents.answered
        ),
        arms=() if contents.answered else _described(contents),
        recipes=_recipes(contents),
        unscored=tuple(contents.unscored),
    )


def in_words(found: Best) -> list[str]:
    """The lines that `ablate best` prints, none over 80 columns."""
    lines: list[str] = []
    for question in found.questions:
        lines.append(f"{question.id}: {question.verdict}")
        for metric, values in question.sets.items():
            lines.append(f"  {LABELS[metric]:5s} not beaten: {', '.join(map(str, values))}")
        if question.in_all:
            lines.append(f"  in every set: {', '.join(map(str, question.in_all))}")
        elif question.sets:
            lines.append("  no value is in every set: what to take depends on the metric")
        lines += [f"  {text}" for text in (*question.trade_offs, question.gamed) if text]
    if found.arms:
        lines.append("No answer phase: means only, nothing is claimed.")
    for metric in dict.fromkeys(row.metric for row in found.arms):
        words = ", ".join(f"{row.arm} {row.mean:.3f}" for row in found.arms if row.metric == metric)
        lines.append(f"  {LABELS[metric]:5s} best first: {words}")
    if found.recipes:
        lines.append("Healthy recipes seen by searches, best val first (exploratory):")
    for recipe in found.recipes:
        lines.append(f"  {recipe.run_id} {recipe.objective:.4f} {recipe.settings}")
    lines += found.unscored
    return _narrow(lines) or [f"{found.study}: nothing has finished yet"]


def _narrow(lines: Sequence[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False)
    ]


def _of_question(question: AnsweredQuestion, comparators: pd.DataFrame) -> BestOfQuestion:
    sets = {metric: question.best[metric] for metric in question.primary if metric in question.best}
    shared = [v for v in question.values if sets and all(v in some for some in sets.values())]
    return BestOfQuestion(
        id=question.id,
        factor=question.factor or "",
        verdict=question.verdict,
        sets=sets,
        in_all=tuple(shared),
        trade_offs=tuple(
            _trade_off(row)
            for row in question.rows_of("guardrail")
            if row.verdict == "non-inferiority not shown"
        ),
        gamed=sentence(gamed_values(question, comparators), others="value"),
    )


def _trade_off(row: Row) -> str:
    percent = "" if row.percent is None else f" ({row.percent:+.1f} %)"
    return f"{LABELS[row.metric]} not shown to be kept: {row.contrast} {row.estimate:+.3f}{percent}"


def _described(contents: Contents) -> tuple[ArmMean, ...]:
    facts = contents.facts
    table = arms(designed(contents.runs, facts), facts.metrics)
    table = table[table["runs"] > 0]
    rows: list[ArmMean] = []
    for metric in dict.fromkeys([*facts.primary, *facts.metrics]):
        part = table[table["metric"] == metric].sort_values(
            "mean", ascending=BETTER[metric] == "lower", kind="stable"
        )
        rows += [
            ArmMean(
                metric=metric,
                arm=str(row["arm"]),
                mean=float(row["mean"]),
                sd=None if pd.isna(row["sd"]) else float(row["sd"]),
                runs=int(row["runs"]),
            )
            for row in part.to_dict("records")
        ]
    return tuple(rows)


def _recipes(contents: Contents) -> tuple[Recipe, ...]:
    objective = contents.facts.objective
    runs = contents.runs[contents.runs["phase"].isin(contents.facts.phases_of(*SEARCHES))]
    if objective not in runs:
        return ()
    runs = runs[(runs["state"] == "finished") & runs[objective].notna() & ~is_unhealthy(runs)]
    is_lower = BETTER.get(contents.facts.selecting, "higher") == "lower"
    first = runs.sort_values(objective, ascending=is_lower, kind="stable").head(RECIPES)
    return tuple(
        Recipe(run_id=row.run_id, phase=row.phase, objective=float(score), settings=row.arm)
        for row, score in zip(run_rows(first), first[objective], strict=True)
    )
