"""From the tables of a study to the answers to its questions, and to verdict.json."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from ablate.analysis import contrasts, redraws
from ablate.analysis.aggregates import best_values, counts, rank_differences
from ablate.analysis.budgets import at_budget, other_budgets
from ablate.analysis.cells import cells_of
from ablate.analysis.confirmation import asked as confirmation_of
from ablate.analysis.confirmation import conditional
from ablate.analysis.coverage import agreed, in_both
from ablate.analysis.document import document
from ablate.analysis.facts import Facts, NuisanceRange, Selected
from ablate.analysis.health import health_of
from ablate.analysis.interactions import agreement, interactions
from ablate.analysis.judging import judge
from ablate.analysis.plateau import plateau
from ablate.analysis.question import Contrast, RegisteredQuestion, Value, metric_label
from ablate.analysis.selection import select
from ablate.analysis.sensitivity import sensitivity
from ablate.analysis.strata import stratified
from ablate.analysis.verdict import Verdict
from ablate.design_names import BASELINE_ONLY, BLOCKED
from ablate.errors import DataError
from ablate.stats.power import ALPHA

PROBE = "probe"  # optimises the fused pixels themselves


def answer(
    facts: Mapping[str, Any], runs: pd.DataFrame, images: pd.DataFrame, *, generated_by: str
) -> dict[str, Any] | None:
    """Return the content of verdict.json, None for a study without an answer phase.

    Args:
        facts: What the study published of itself: questions with the arm of each value, phases,
            nuisance ranges, data, budget.
        runs: One row per run.
        images: One row per run, split, image and metric.
        generated_by: Name and version of the program.
    """
    phases = [name for name, phase in facts["phases"].items() if phase["design"] == BLOCKED]
    asked: list[tuple[Mapping[str, Any], str, Facts]] = []
    if phases:
        about = facts_of(facts, phases[0])
        asked += [(raw, phases[0], about) for raw in facts["questions"]]
    for confirmation in facts.get("confirmations", ()):
        if confirmation["arms"]:
            about = conditional(facts_of(facts, confirmation["phase"]), confirmation)
            asked.append((confirmation_of(facts, confirmation), confirmation["phase"], about))
    if not asked:
        return None
    verdicts: dict[str, Verdict] = {}
    extras: dict[str, dict[str, Any]] = {}
    bases, pilot_runs = percent_bases(facts, runs), finished_pilots(facts, runs)
    for raw, phase, about in asked:
        verdicts[raw["id"]], extras[raw["id"]] = _answered(
            raw,
            runs,
            images,
            phase=phase,
            facts=facts,
            about=about,
            bases=bases,
            pilot_runs=pilot_runs,
        )
    for raw, _, _ in asked:
        if raw.get("agrees_with") in verdicts:
            both = {
                "fixed_levels": verdicts[raw["agrees_with"]],
                "fixed_coarsest": verdicts[raw["id"]],
            }
            extras[raw["id"]]["notes"] += in_both(**both)
            verdicts[raw["id"]] = agreed(**both)
    content = document(
        list(verdicts.values()),
        study=facts["study"],
        design_hash=facts["design_hash"],
        data={"label": facts["data_label"], "hash": facts["data_hash"], **facts["counts"]},
        generated_by=generated_by,
    )
    for question_content in content["questions"]:
        question_content.update(extras[question_content["id"]])
        for row in question_content["rows"]:
            row["by_block"] = _by_block(row, question_content)
    return content


def _answered(
    raw: Mapping[str, Any],
    runs: pd.DataFrame,
    images: pd.DataFrame,
    *,
    phase: str,
    facts: Mapping[str, Any],
    about: Facts,
    bases: Mapping[str, float],
    pilot_runs: pd.DataFrame,
) -> tuple[Verdict, dict[str, Any]]:
    """Return the verdict on one question and all that stands beside it."""
    question = registered(raw, metrics=facts["metrics"], percent_base=bases, looks=about.looks)
    of_phase, planned = runs[runs["phase"] == phase], facts["phases"][phase]
    points = points_of(raw, redraws.standing(planned, of_phase))
    about = stratified(about, points, facts.get("strata", ()))
    health = health_of(question, points_of(raw, redraws.registered(planned, of_phase)))
    limits = (*_pilot_limits(question, pilot_runs), *health.caveats, *redraws.told(planned))
    about = replace(about, caveats=(*about.caveats, *limits))
    some = images[images["run_id"].isin(points["run_id"])]
    selecting = facts["objective"].partition("/")[2]
    selected = select(points, some, metric=selecting, better=question.better)
    verdict = judge(question, selected, about)
    for budget in other_budgets(facts, phase):
        again = {**raw, "arms": [[value, budget.arms[arm]] for value, arm in raw["arms"]]}
        there = points_of(again, runs[runs["phase"] == budget.phase])
        scores = images[images["run_id"].isin(there["run_id"])]
        verdict = at_budget(
            verdict,
            question,
            registered=selected,
            budget=budget,
            data=about.data,
            there=select(there, scores, metric=selecting, better=question.better),
        )
    beside: dict[str, Any] = {
        "values": list(question.values),
        "baseline": question.baseline,
        "ordered": bool(raw["ordered"]),
        "weights": {contrast.name: list(contrast.weights) for contrast in question.contrasts},
        "cells": _cells(question, selected),
        "winners": _winners(selected, about),
        "selected_by": selecting,
        "notes": [],
        "health": health.to_json(),
        "redrawn": [{"block": block, "by": by} for block, by in planned.get("redrawn", ())],
        "reselected": [
            asdict(one)
            for one in sensitivity(
                points,
                some,
                question=question,
                facts=about,
                metrics=_selecting(points, facts["metrics"], first=selecting),
            )
        ],
        **_aggregates(question, selected, verdict),
    }
    if raw.get("crossed"):
        beside["agreement"] = agreement(question, raw["crossed"], selected.answers)
        beside["notes"] = [
            one["sentence"] for one in beside["agreement"] if one["metric"] in question.primary
        ]
    if raw["ordered"] and "sequence" in raw["contrasts"]:
        beside["plateau"] = plateau(question, selected.answers, verdict=verdict)
        beside["notes"] = [text for text in [beside["plateau"]["sentence"]] if text]
    return verdict, beside


def registered(
    raw: Mapping[str, Any],
    *,
    metrics: Sequence[str],
    percent_base: Mapping[str, float],
    looks: int = 1,
) -> RegisteredQuestion:
    """Return a published question as the verdict engine takes it.

    Metrics without a role are secondary: judged in a family of their own, never deciding. Declared
    looks share alpha evenly.
    """
    values: list[Value] = [value for value, _ in raw["arms"]]
    named = {*raw["primary"], *raw["secondary"], *raw["guardrails"]}
    return RegisteredQuestion(
        id=raw["id"],
        asks=raw["asks"],
        factor=raw["factor"],
        values=tuple(values),
        baseline=raw["baseline"],
        contrasts=_contrasts(raw, values),
        primary=tuple(raw["primary"]),
        secondary=(*raw["secondary"], *(metric for metric in metrics if metric not in named)),
        guardrails=tuple(raw["guardrails"]),
        smallest_effect=dict(raw["smallest_effect"]),
        percent_base=dict(percent_base),
        expects=raw["expects"],
        images=raw["images"],
        alpha=ALPHA / looks,
    )


def percent_bases(facts: Mapping[str, Any], runs: pd.DataFrame) -> dict[str, float]:
    """Return metric -> mean test score of the pilot's finished runs; empty without a pilot."""
    finished = finished_pilots(facts, runs)
    columns = {metric: f"test/{metric}" for metric in facts["metrics"]}
    means = {
        metric: finished[column].mean() for metric, column in columns.items() if column in finished
    }
    return {metric: float(mean) for metric, mean in means.items() if pd.notna(mean)}


def finished_pilots(facts: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the finished runs of the pilot."""
    pilots = [name for name, phase in facts["phases"].items() if phase["design"] == BASELINE_ONLY]
    return runs[runs["phase"].isin(pilots) & (runs["state"] == "finished")]


def _pilot_limits(question: RegisteredQuestion, pilot_runs: pd.DataFrame) -> Iterator[str]:
    """Yield a caveat per deciding metric whose pilot has runs far below its best, collapsed ones.

    Such runs stay in the mean that percentages refer to, which was registered as it is.
    """
    for metric in question.primary:
        column = f"test/{metric}"
        if column not in pilot_runs or metric not in question.percent_base:
            continue
        scores = pilot_runs[column].dropna()
        low = int((scores < scores.max() / 2).sum())
        if low and question.sign_of(metric) > 0 < scores.max():
            yield (
                f"{low} of {len(scores)} pilot runs score less than half of the best in "
                f"{metric_label(metric)}: percentages, and smallest effects in %, refer to the "
                f"mean of all, {question.percent_base[metric]:.3g} (median {scores.median():.3g})"
            )


def points_of(raw: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a question's arms with their value, nuisance under plain names."""
    values = {arm: value for value, arm in raw["arms"]}
    by = str(raw.get("by", "arm_id"))
    points = runs[runs[by].isin(values)].copy()
    points["value"] = points[by].map(values).astype(object)
    return points.rename(columns=lambda name: name.removeprefix("nuisance."))


def facts_of(facts: Mapping[str, Any], phase: str) -> Facts:
    """Return what guards and scope need of the study."""
    design = facts["phases"][phase]
    return Facts(
        data=facts["data_label"],
        network=network_of(facts["settings"]),
        budget=facts["budget"],
        points=int(design["points"]),
        preset=design["preset"] or "",
        may_claim=bool(design["claims"]),
        planned_blocks=int(design["blocks"]),
        looks=int(design.get("looks", 1)),
        nuisance=tuple(NuisanceRange(**entry) for entry in facts["nuisance"]),
        held=tuple(facts["held"]),
        caveats=tuple(_limits(facts, looks=int(design.get("looks", 1)))),
    )


def network_of(settings: Mapping[str, Any]) -> str:
    """Return what is trained, with its sizes: the network, or the task of another study."""
    if settings.get("model", {}).get("name") == PROBE:
        return "none (probe)"
    section = settings["model" if "model" in settings else "task"]
    sizes = ", ".join(
        f"{name} {value}"
        for name, value in section.items()
        if name != "name" and isinstance(value, int | float | str)
    )
    return f"{section['name']} ({sizes})" if sizes else str(section["name"])


def _limits(facts: Mapping[str, Any], *, looks: int) -> Iterator[str]:
    """Yield what limits every answer of a study."""
    if facts["data_name"] == "synthetic":
        yield "generated pairs: a method check, not evidence on any paper"
    if looks > 1:
        yield f"one of {looks} looks declared in advance, alpha {ALPHA / looks:.3g} each"


def _contrasts(raw: Mapping[str, Any], values: Sequence[Value]) -> tuple[Contrast, ...]:
    if raw.get("crossed"):
        return interactions(raw["crossed"], is_registered=raw["registered"])
    found: list[Contrast] = []
    written = raw["contrasts"]
    if all(isinstance(entry, str) for entry in written):
        if "baseline" in written:
            found += contrasts.against_baseline(values, baseline=raw["baseline"])
        if "sequence" in written:
            found += contrasts.but_for(contrasts.sequence(values), known=found)
    else:
        sums = {name: dict(terms) for name, terms in written}
        found += contrasts.named(values, sums)
    if raw["trend"]:
        found += contrasts.trends(values, factor=raw["factor"], spacing=raw["trend"])
    return tuple(found)


def _selecting(points: pd.DataFrame, metrics: Sequence[str], *, first: str) -> list[str]:
    """Return the metrics that have a val score, the registered one first."""
    return [first, *(m for m in metrics if m != first and f"val/{m}" in points)]


def _by_block(row: Mapping[str, Any], question: Mapping[str, Any]) -> list[float]:
    """Return the contrast of a row in every block, in the order of the blocks."""
    weights = question["weights"][row["contrast"]]
    places = {value: place for place, value in enumerate(question["values"])}
    blocks: dict[int, float] = {}
    for cell in question["cells"]:
        if cell["metric"] == row["metric"]:
            term = weights[places[cell["value"]]] * cell["score"]
            blocks[cell["block"]] = blocks.get(cell["block"], 0.0) + term
    return [blocks[block] for block in sorted(blocks)]


def _cells(question: RegisteredQuestion, selected: Selected) -> list[dict[str, Any]]:
    """Return the mean test score of every metric, block and value, over the images kept."""
    found = []
    for metric in question.metrics:
        cells = cells_of(question, selected.answers, metric)
        means = cells.scores.mean(axis=2) if cells.scores.size else cells.scores[:, :, 0:0]
        found += [
            {"metric": metric, "block": block, "value": value, "score": float(means[row, column])}
            for row, block in enumerate(cells.blocks)
            for column, value in enumerate(question.values)
            if means.size
        ]
    return found


def _winners(selected: Selected, about: Facts) -> list[dict[str, Any]]:
    """Return the tuning point that won in each block, with its place in the nuisance ranges."""
    names = [nuisance.name for nuisance in about.nuisance if nuisance.name in selected.winners]
    return [
        {
            "block": int(row["block"]),
            "value": row["value"],
            "run_id": row["run_id"],
            **{name: float(row[name]) for name in names if pd.notna(row[name])},
        }
        for row in selected.winners.to_dict("records")
    ]


def _aggregates(
    question: RegisteredQuestion, selected: Selected, verdict: Verdict
) -> dict[str, Any]:
    """Return counts, best sets and mean ranks; what cannot be computed is left empty."""
    found: dict[str, Any] = {
        "counts": [
            {
                "contrast": c.contrast,
                "wins": c.wins,
                "losses": c.losses,
                "ties": c.ties,
                "undecided": c.undecided,
            }
            for c in counts(verdict.rows, alpha=question.alpha)
        ],
        "best": {},
        "ranks": [],
    }
    try:
        found["best"] = {
            metric: list(best_values(question, selected.answers, metric))
            for metric in question.metrics
        }
        found["ranks"] = [
            {"value": r.value, "estimate": r.estimate, "low": r.low, "high": r.high, "p": r.p}
            for r in rank_differences(question, selected.answers)
        ]
    except DataError:  # fewer than two blocks with all values: the guards have said so
        pass
    return found
