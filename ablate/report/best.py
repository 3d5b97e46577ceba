"""What came out best: sets that the data cannot tell apart, trade-offs, recipes of a search."""

import ast
import contextlib
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import is_unhealthy, unhealthy_in_words
from ablate.analysis.table import arms, designed, run_rows
from ablate.analysis.verdict import Answer, Row
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import better_of, is_lower_better, label_of
from ablate.metrics.copies import sentence
from ablate.published import Value
from ablate.report.contents import Contents
from ablate.report.values import gamed_values

RECIPES = 5
VARIED = ("factor.", "nuisance.")  # columns of what a trial set
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
    """Mean and deviation over the runs of an arm that did not end unhealthy, in one metric."""

    metric: str
    arm: str
    mean: float
    sd: float | None
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A trial of a search or an exploration, with the score that selects.

    Args:
        run_id: Of its run, the best one where it has several seeds.
        phase: Its phase.
        objective: Mean over its runs.
        settings: In words.
        trial: Its number.
        values: What was varied -> its value.
        sd: Of the objective over its runs; None for a single one.
        runs: That have a score.
    """

    run_id: str
    phase: str
    objective: float
    settings: str
    trial: int
    values: Mapping[str, Any]
    sd: float | None
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """What a study found to be best, as `ablate best --json` prints it.

    Args:
        study: Its name.
        questions: One per answered question.
        arms: Means, best first in each metric; of a study without an answer phase only.
        recipes: Of searches and explorations, best first.
        unscored: Objectives that finished runs lack, in words.
        unhealthy: How many runs ended unhealthy and are in no mean, "" where none is known.
    """

    study: str
    questions: tuple[BestOfQuestion, ...]
    arms: tuple[ArmMean, ...]
    recipes: tuple[Recipe, ...]
    unscored: tuple[str, ...] = ()
    unhealthy: str = ""


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
        unhealthy="" if contents.answered else unhealthy_in_words(contents.runs),
    )


def in_words(found: Best) -> list[str]:
    """The lines that `ablate best` prints, none over 80 columns."""
    lines: list[str] = []
    for question in found.questions:
        lines.append(f"{question.id}: {question.verdict}")
        for metric, values in question.sets.items():
            lines.append(f"  {label_of(metric):5s} not beaten: {', '.join(map(str, values))}")
        if question.in_all:
            lines.append(f"  in every set: {', '.join(map(str, question.in_all))}")
        elif question.sets:
            lines.append("  no value is in every set: what to take depends on the metric")
        lines += [f"  {text}" for text in (*question.trade_offs, question.gamed) if text]
    lines += _table_of_arms(found.arms)
    lines += textwrap.wrap(found.unhealthy and f"{found.unhealthy}; not in the means.", WIDTH)
    if found.recipes:
        most = f", the first {RECIPES}" if len(found.recipes) == RECIPES else ""
        lines.append(f"Healthy trials of searches, best val first (exploratory{most}):")
        lines.append(f"  {'trial':>5} {'val mean':>8} {'sd':>8} {'n':>3}  run and settings")
    for one in found.recipes:
        numbers = f"{one.trial:>5} {one.objective:8.4f} {_sd(one.sd)} {one.runs:>3}"
        lines.append(f"  {numbers}  {one.run_id} {one.settings}")
    lines += found.unscored
    return _narrow(lines) or [f"{found.study}: nothing has finished yet"]


def _table_of_arms(arms: Sequence[ArmMean]) -> list[str]:
    """Return mean, standard deviation and number of runs of every arm, the best first."""
    if not arms:
        return []
    width = max(len(one.arm) for one in arms)
    lines = ["No answer phase: means over runs, nothing is claimed."]
    for metric in dict.fromkeys(one.metric for one in arms):
        lines.append(f"  {label_of(metric):{width}} {'mean':>8} {'sd':>8} {'n':>3}")
        lines += [
            f"  {one.arm:{width}} {one.mean:8.4f} {_sd(one.sd)} {one.runs:>3}"
            for one in arms
            if one.metric == metric
        ]
    return lines


def _sd(sd: float | None) -> str:
    return f"{'-':>8}" if sd is None else f"{sd:8.4f}"


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
    return (
        f"{label_of(row.metric)} not shown to be kept: {row.contrast} {row.estimate:+.3f}{percent}"
    )


def _described(contents: Contents) -> tuple[ArmMean, ...]:
    facts = contents.facts
    runs = designed(contents.runs, facts)
    table = arms(runs[~is_unhealthy(runs)], facts.metrics)
    table = table[table["runs"] > 0]
    rows: list[ArmMean] = []
    for metric in dict.fromkeys([*facts.primary, *facts.metrics]):
        part = table[table["metric"] == metric].sort_values(
            "mean", ascending=better_of(metric) == "lower", kind="stable"
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
    is_lower = is_lower_better(contents.facts.selecting)
    runs = runs.sort_values(objective, ascending=is_lower, kind="stable")
    trials = [trial for _, trial in runs.groupby(["phase", "trial"], sort=False)]
    trials.sort(key=lambda trial: (1 if is_lower else -1) * float(trial[objective].mean()))
    return tuple(_recipe(trial, objective) for trial in trials[:RECIPES])


def _recipe(runs: pd.DataFrame, objective: str) -> Recipe:
    """Return a trial by its runs, the best first."""
    row = run_rows(runs)[0]
    varied = [name for name in runs if str(name).startswith(VARIED)]
    return Recipe(
        run_id=row.run_id,
        phase=row.phase,
        objective=float(runs[objective].mean()),
        settings=row.arm,
        trial=row.trial,
        values={
            str(name).partition(".")[2]: _plain(value)
            for name in varied
            if not _is_absent(value := runs[name].iloc[0])
        },
        sd=float(runs[objective].std(ddof=1)) if len(runs) > 1 else None,
        runs=len(runs),
    )


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _plain(value: Any) -> Any:
    """Return a value of a table as JSON has it: factors stand there as text."""
    if isinstance(value, np.generic):
        return value.item()
    with contextlib.suppress(ValueError, SyntaxError):
        return ast.literal_eval(value) if isinstance(value, str) else value
    return value
