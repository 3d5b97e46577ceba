"""Gathers a study into one folder of tables and pictures: all that a report needs."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.config.schema import EVEN, Dimension, Factor, Phase, Question
from ablate.data.groups import across
from ablate.data.pairs import PairSet
from ablate.design_names import CONFIRM
from ablate.designs.components import COMPONENTS, table_rows
from ablate.designs.full_factorial import cell
from ablate.metrics.catalogue import ALL_NAMES, BETTER, LABELS, on_sets
from ablate.published import (
    Component,
    ConfirmationFacts,
    CrossedFactor,
    FrozenArm,
    LookFacts,
    MetricFacts,
    NuisanceRange,
    PhaseFacts,
    QuestionFacts,
    StudyDocument,
)
from ablate.rules import rules_of
from ablate.scoring import references
from ablate.settings.sources import sources_of
from ablate.stored import decode, encode
from ablate.study import damage, environments, gallery, interim, redrawing, test_sets
from ablate.study.confirming import is_untuned, named, recipe_ids
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.plan import Plan
from ablate.study.planned import Look, PlannedTrial, rows_of
from ablate.study.provenance import provenance
from ablate.study.published_tables import (
    compared_table,
    curve_table,
    image_table,
    run_table,
)
from ablate.study.questions import questions_of
from ablate.tracking.address import public
from ablate.training.spec import RunResult
from ablate.whole_files import record
from ablate.writing import write_json


def publish(study: OpenStudy, *, links: Mapping[str, str]) -> Path:
    """Return the folder with facts.json, runs, images, curves, trivial_baselines and gallery/.

    There is references.parquet where the study names references.

    Args:
        study: The study, with its ledger and data.
        links: Our run ids -> those of MLflow.
    """
    config, plan, ledger, examples = study.config, study.plan, study.ledger, study.examples
    folder = study.folder / "published"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    known = [trial for _, trial in sorted(study.trials.known.items())]
    results = _scored(study)
    runs, images = run_table(known, ledger, results), image_table(known, ledger, results)
    runs.to_parquet(folder / "runs.parquet", index=False)
    images.to_parquet(folder / "images.parquet", index=False)
    curve_table(known, ledger).to_parquet(folder / "curves.parquet", index=False)
    task = study.task
    trivial, compared = test_sets.compared(study, seeds=_seeds_of_answers(plan))
    table = compared_table(trivial)
    kinds = ["copy" if name in task.copies else "rule" for name in table["name"]]
    table.insert(0, "kind", kinds)
    table.to_parquet(folder / "trivial_baselines.parquet", index=False)
    if compared:
        compared_table(compared).to_parquet(folder / "references.parquet", index=False)
    spares = redrawing.run_ids(plan, ledger.redrawn)
    late = [
        trial
        for trial in known
        if trial.phase in ledger.frozen or any(run.run_id in spares for run in trial.runs)
    ]
    write_json(folder / "design.json", [*plan.rows(), *rows_of(late)])
    write_json(folder / "manifest.json", examples.manifest.to_json())
    write_json(folder / "links.json", dict(links))
    every = facts(study)
    every = replace(every, gallery=gallery.chosen(every, runs, images))
    write_json(folder / "facts.json", encode(every))
    kept = int(config.base["train"]["gallery"])
    if kept and every.gallery.runs and isinstance(examples, PairSet):
        gallery.copy(
            every.gallery,
            ledger,
            examples,
            most=max(kept, gallery.MOST),
            specs={spec.run_id: spec for trial in known for spec in trial.runs},
            folder=folder / "gallery",
        )
    record(folder, [path for path in folder.rglob("*") if path.is_file()])
    return folder


def _scored(study: OpenStudy) -> dict[str, RunResult]:
    """Return the results of the ledger with the scores on further test sets."""
    return {run_id: study.scored(result) for run_id, result in study.ledger.results.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLook:
    """A study at a look that is due, as it would be published: facts.json and two tables."""

    look: Look
    facts: StudyDocument
    runs: pd.DataFrame
    images: pd.DataFrame


def at_look(look: Look, study: OpenStudy) -> AtLook:
    """Return what a look is judged by: as if it had been taken, and had closed nothing."""
    ledger, trials = study.ledger, study.trials
    known = [trials.known[number] for number in sorted(trials.known)]
    found = facts(study)
    phase = found.phases[look.phase]
    taken = replace(phase, taken=(*phase.taken, _look(look)))
    results = _scored(study)
    runs, images = run_table(known, ledger, results), image_table(known, ledger, results)
    found = replace(found, phases={**found.phases, look.phase: taken})
    return AtLook(look=look, facts=found, runs=runs, images=images)


def _seeds_of_answers(plan: Plan) -> list[int]:
    """Return the seeds of the blocks, those of all designed runs where there are no blocks."""
    runs = [run for trial in plan.trials for run in trial.runs]
    of_blocks = [run for run in runs if run.block is not None]
    return sorted({run.seed for run in of_blocks or runs})


def facts(study: OpenStudy) -> StudyDocument:
    """Return what the banner, the scope and the provenance of a report say; no gallery yet."""
    plan, config, ledger, task = study.plan, study.config, study.ledger, study.task
    manifest, train = study.examples.manifest, plan.recipes.base["train"]  # epochs as steps
    names = test_sets.names_of(study)
    protocol, rules_hash = task.protocol()
    made_in, groups = environments.of_results(ledger), manifest.groups
    shared = across(manifest.splits, groups) if groups else {}
    return StudyDocument(
        study=config.name,
        title=config.title,
        asks=tuple(question.asks for question in config.questions.values()),
        primary=tuple(metric for q in config.questions.values() for metric in q.primary),
        data_label=manifest.label,
        data_name=config.base["data" if "data" in config.base else "task"]["name"],
        counts=manifest.counts,
        data_hash=manifest.hash,
        design_hash=plan.design_hash,
        protocol=protocol,
        protocol_hash=rules_hash,
        items=task.items,
        sources=sources_of(config.base.get("data")),
        groups={stem: groups[stem] for stem in manifest.splits["test"]} if groups else {},
        shared_groups=sum("test" in parts for parts in shared.values()),
        metrics=names,
        declared={  # metrics of plug-ins: a report may be made where these are not
            name: MetricFacts(label=LABELS[name], better=BETTER[name])
            for name in names
            if name not in ALL_NAMES
        },
        budget=task.budget(train),
        baseline_arm=plan.trials[0].name if plan.trials else "",
        arms=tuple(dict.fromkeys(one.name for one in _arms(study) if one.budget in (None, 1))),
        phases={name: _phase(plan, phase, ledger) for name, phase in config.phases.items()},
        registered=tuple(question_facts(plan, question) for question in questions_of(config)),
        confirmations=tuple(
            _confirmation(plan, phase, ledger.frozen.get(phase.name))
            for phase in config.phases.values()
            if phase.design == CONFIRM
        ),
        nuisance=_ranges({one.name: one for one in config.nuisance.values()}),
        ranges=_ranges(config.dimensions),
        baselines={factor.dimension: factor.baseline for factor in config.factors.values()},
        held=tuple(config.held),
        objective=config.objective,
        objectives=tuple(config.objectives),
        planned=plan.runs
        + len(redrawing.run_ids(plan, ledger.redrawn))
        - len(interim.dropped(plan, ledger.looks, ledger.redrawn)),
        infeasible=study.trials.infeasible,
        duplicates=study.trials.duplicates,
        tracking_uri=public(study.tracking_uri),
        settings=config.base,
        rules=rules_of(config.defaults),
        provenance=provenance(
            config,
            study.examples,
            overrides=ledger.header.get("overrides", ()),
            tracking_uri=study.tracking_uri,
        ),
        references=references.facts(config, study.examples),
        references_left_out=references.left_out(config),
        environments=made_in if len(made_in) > 1 else (),
        tests=test_sets.facts_of(study),
        drift=environments.sentence(made_in),
        damage=damage.in_words(ledger),
    )


def _arms(study: OpenStudy) -> list[PlannedTrial]:
    """Return the designed trials, and those of confirmations that no question asks for."""
    if study.config.questions:
        return list(study.plan.trials)
    confirming = [one.phase.name for one in study.plan.confirmations]
    known = [trial for _, trial in sorted(study.trials.known.items())]
    return [*study.plan.trials, *(trial for trial in known if trial.phase in confirming)]


def _ranges(dimensions: Mapping[str, Dimension]) -> tuple[NuisanceRange, ...]:
    """Return the ranges of dimensions by name; those with a list of choices have none."""
    return tuple(
        NuisanceRange(name=name, low=one.low, high=one.high, is_log=one.log)
        for name, one in dimensions.items()
        if one.low is not None and one.high is not None
    )


def _phase(plan: Plan, phase: Phase, ledger: Ledger) -> PhaseFacts:
    """Return a phase with its planned runs, whose blocks it trains again, and what was redrawn."""
    redrawn = [one for one in ledger.redrawn if one.phase == phase.name]
    redraws = int(phase.options.get("redraws") or 0)
    may_be_dead = redraws and not phase.of
    return PhaseFacts(
        design=phase.design,
        seeds=phase.seeds,
        preset=phase.preset,
        claims=phase.claims,
        looks=phase.looks,
        spending=phase.spending if phase.has_interims else EVEN,
        futility=phase.futility if phase.has_interims else 0.0,
        taken=tuple(_look(one) for one in ledger.looks if one.phase == phase.name),
        blocks=phase.options.get("blocks"),
        points=phase.options.get("points", 1 if phase.design == CONFIRM else None),
        planned=_planned(plan, phase.name, ledger),
        of=phase.of,
        times=phase.times,
        steps=_steps(plan, phase) if phase.of else 0,
        arms=_arms_of_budget(plan, phase) if phase.of else {},
        redraws=redraws,
        redrawn=tuple((one.block, one.by) for one in redrawn) if redraws else (),
        dead=tuple(redrawing.dead(plan, phase, ledger.results, redrawn)) if may_be_dead else (),
    )


def _steps(plan: Plan, phase: Phase) -> int:
    first = next(trial.runs[0] for trial in plan.trials if trial.phase == phase.name)
    return int(first.settings["train"]["steps"])


def _arms_of_budget(plan: Plan, phase: Phase) -> dict[str, str]:
    """Return the id of each arm at the budget of a phase -> its id at the registered budget."""
    arms: dict[str, str] = {}
    for question in questions_of(plan.config):
        here = plan.arms_of(question, times=phase.times)
        arms |= {arm: here[value] for value, arm in plan.arms_of(question).items()}
    return arms


def _look(look: Look) -> LookFacts:
    return LookFacts(number=look.number, blocks=look.blocks, closed=dict(look.closed))


def _planned(plan: Plan, phase: str, ledger: Ledger) -> int:
    """Return the planned runs of a phase, with spare blocks in use, without what looks dropped."""
    redrawn = [one for one in ledger.redrawn if one.phase == phase]
    dropped = interim.dropped(plan, ledger.looks, ledger.redrawn)
    designed = {run.run_id for t in plan.trials if t.phase == phase for run in t.runs}
    return len(redrawing.run_ids(plan, redrawn)) + sum(
        [
            len(designed - dropped),
            *(one.trials * one.phase.seeds for one in plan.searches if one.phase.name == phase),
            *(one.runs for one in plan.confirmations if one.phase.name == phase),
        ]
    )


def _confirmation(plan: Plan, phase: Phase, frozen: Mapping[str, Any] | None) -> ConfirmationFacts:
    """Return what a confirmation compared; no arms where nothing was frozen."""
    entry = named(plan, phase.name) if frozen is None else frozen
    return ConfirmationFacts(
        phase=phase.name,
        question=str(phase.options.get("question", next(iter(plan.config.questions), ""))),
        of=entry["of"],
        arms=decode(tuple[FrozenArm, ...], entry["arms"], where=f"confirmation {phase.name}"),
        recipes=tuple(recipe_ids(plan, entry)),
        is_untuned=is_untuned(entry),
        hash=str(entry["hash"]),
    )


def _dimension(plan: Plan, factor: Factor) -> str | None:
    """Return where a search varies a factor, None where its values set more than one dimension."""
    tied = {one.tied_to for one in plan.config.factors.values()}
    return None if factor.name in tied or factor.tied_to else factor.dimension


def question_facts(plan: Plan, question: Question) -> QuestionFacts:
    """Return a question as it was registered, with the arm of each value."""
    factor = plan.config.factors[question.compare]
    contrasts = question.contrasts
    alone = QuestionFacts(
        id=question.id,
        asks=question.asks,
        factor=factor.name,
        dimension=_dimension(plan, factor),
        baseline=factor.baseline,
        ordered=factor.ordered,
        arms=tuple(plan.arms_of(question).items()),
        primary=on_sets(question.primary, question.tests),
        secondary=on_sets(question.secondary, question.tests),
        guardrails=on_sets(question.guardrails, question.tests),
        smallest_effect={
            one: effect
            for metric, effect in question.smallest_effect.items()
            for one in on_sets((metric,), question.tests)
        },
        expects=question.expects,
        contrasts=contrasts
        if isinstance(contrasts, tuple)
        else tuple((name, tuple(weights.items())) for name, weights in contrasts.items()),
        trend=question.trend,
        images="fixed" if question.images == "fixed" else "random",
        agrees_with=question.agrees_with,
    )
    if question.components:
        return _as_table(plan, question, alone)
    if question.crossed_with is None:
        return alone
    other = plan.config.factors[question.crossed_with]
    return replace(
        alone,
        factor=f"{factor.name} x {other.name}",
        dimension="",
        baseline=cell(factor.baseline, other.baseline),
        ordered=False,
        arms=tuple((cell(*pair), arm) for pair, arm in plan.arms_of(question).items()),
        crossed=tuple(
            CrossedFactor(factor=one.name, values=tuple(one.values), baseline=one.baseline)
            for one in (factor, other)
        ),
        registered=question.registered,
    )


def _as_table(plan: Plan, question: Question, alone: QuestionFacts) -> QuestionFacts:
    """Return a question with the rows of its table as values, and its components in each row."""
    factors = [plan.config.factors[name] for name in question.components]
    rows = table_rows(factors)
    return replace(
        alone,
        factor=COMPONENTS,
        dimension=None,
        baseline=next(iter(rows)),
        ordered=False,
        components=tuple(
            Component(
                factor=factor.name,
                values=tuple(chosen.get(factor.name, factor.baseline) for chosen in rows.values()),
                off=factor.off,
            )
            for factor in factors
        ),
    )
