"""Gathers a study into one folder of tables and pictures: all that a report needs."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.config.schema import Factor, Phase, Question
from ablate.data.groups import across
from ablate.data.manifest import Manifest
from ablate.data.pairs import PairSet
from ablate.design_names import CONFIRM
from ablate.designs.full_factorial import cell
from ablate.metrics.catalogue import ALL_NAMES, BETTER, LABELS
from ablate.scoring import references
from ablate.study import environments, gallery, redrawing
from ablate.study.confirming import is_untuned, named, recipe_ids
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.plan import Plan
from ablate.study.planned import PlannedTrial, rows_of
from ablate.study.provenance import provenance
from ablate.study.questions import questions_of
from ablate.study.recipes import canonical
from ablate.tracking.address import public
from ablate.tracking.journal import read_journal
from ablate.tracking.system import PREFIX
from ablate.training.scoring import Row
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
    runs, images = run_table(known, ledger), image_table(known, ledger)
    runs.to_parquet(folder / "runs.parquet", index=False)
    images.to_parquet(folder / "images.parquet", index=False)
    curve_table(known, ledger).to_parquet(folder / "curves.parquet", index=False)
    task = study.task
    trivial = task.trivial_baselines(examples, seeds=_seeds_of_answers(plan))
    table = compared_table(trivial)
    kinds = ["copy" if name in task.copies else "rule" for name in table["name"]]
    table.insert(0, "kind", kinds)
    table.to_parquet(folder / "trivial_baselines.parquet", index=False)
    if compared := references.score(config, examples):
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
    every["provenance"] = provenance(
        config,
        examples,
        overrides=ledger.header.get("overrides", ()),
        tracking_uri=study.tracking_uri,
    )
    if config.references:
        reason = references.left_out(config)
        every["references"] = references.facts(config, examples)
        every |= {"references_left_out": reason} if reason else {}
    made_in = [asdict(one) for one in environments.of_results(ledger)]
    if len(made_in) > 1:
        every |= {"strata": made_in, "drift": environments.sentence(made_in)}
    every["gallery"] = gallery.chosen(every, runs, images)
    write_json(folder / "facts.json", every)
    kept = int(config.base["train"]["gallery"])
    if kept and every["gallery"] and isinstance(examples, PairSet):
        gallery.copy(
            every["gallery"],
            ledger,
            examples,
            most=max(kept, gallery.MOST),
            specs={spec.run_id: spec for trial in known for spec in trial.runs},
            folder=folder / "gallery",
        )
    return folder


def _group_facts(manifest: Manifest) -> dict[str, Any]:
    """Return the scenes of the test part, and how many of them stand in another part too."""
    if not manifest.groups:
        return {}
    return {
        "groups": {stem: manifest.groups[stem] for stem in manifest.splits["test"]},
        "shared_groups": sum(
            "test" in parts for parts in across(manifest.splits, manifest.groups).values()
        ),
    }


def _seeds_of_answers(plan: Plan) -> list[int]:
    """Return the seeds of the blocks, those of all designed runs where there are no blocks."""
    runs = [run for trial in plan.trials for run in trial.runs]
    of_blocks = [run for run in runs if run.block is not None]
    return sorted({run.seed for run in of_blocks or runs})


def facts(study: OpenStudy) -> dict[str, Any]:
    """Return what the banner, the scope and the provenance of a report say."""
    plan, config, ledger, task = study.plan, study.config, study.ledger, study.task
    manifest, train = study.examples.manifest, canonical(config.base)["train"]  # epochs as steps
    names = list(config.base["metrics"]["names"])
    (protocol, rules_hash), scope = task.protocol(), task.scope()
    designed = plan.trials
    arithmetic = [
        train["precision"],
        *(train[k] for k in ("layout", "graph") if train.get(k, "auto") != "auto"),
    ]
    return {
        "study": config.name,
        "title": config.title,
        "asks": [question.asks for question in config.questions.values()],
        "primary": [metric for q in config.questions.values() for metric in q.primary],
        "data_label": manifest.label,
        "data_name": config.base["data" if "data" in config.base else "task"]["name"],
        "counts": dict(manifest.counts),
        "data_hash": manifest.hash,
        "design_hash": plan.design_hash,
        "protocol": protocol,
        "protocol_hash": rules_hash,
        "items": task.items,
        **_group_facts(manifest),
        "metrics": names,
        "declared": {  # metrics of plug-ins: a report may be made where these are not
            name: {"label": LABELS[name], "better": BETTER[name]}
            for name in names
            if name not in ALL_NAMES
        },
        "budget": f"{train['steps']} steps, batch {train['batch_size']}, "
        f"{scope}, {', '.join(arithmetic)}, {train['device']}",
        "baseline_arm": designed[0].name if designed else "",
        "arms": list(dict.fromkeys(trial.name for trial in designed if trial.budget in (None, 1))),
        "phases": {
            p.name: {
                **_phase_facts(p),
                "planned": _planned(plan, p.name, ledger),
                **_budget_facts(plan, p),
                **_redraw_facts(plan, p, ledger),
            }
            for p in config.phases.values()
        },
        "questions": [_question_facts(plan, question) for question in questions_of(config)],
        "confirmations": [
            _confirmation_facts(plan, phase, ledger.frozen.get(phase.name))
            for phase in config.phases.values()
            if phase.design == CONFIRM
        ],
        "nuisance": [
            {"name": d.name, "low": d.low, "high": d.high, "is_log": d.log}
            for d in config.nuisance.values()
            if d.low is not None
        ],
        "ranges": [
            {"name": factor.dimension, "low": d.low, "high": d.high, "is_log": d.log}
            for factor in config.factors.values()
            if (d := config.varied[factor.dimension]).low is not None
        ],
        "baselines": {factor.dimension: factor.baseline for factor in config.factors.values()},
        "held": list(config.held),
        "objective": config.objective,
        "objectives": list(config.objectives),
        "planned": plan.runs + len(redrawing.run_ids(plan, ledger.redrawn)),
        "infeasible": study.trials.infeasible,
        "duplicates": study.trials.duplicates,
        "tracking_uri": public(study.tracking_uri),
        "settings": config.base,
    }


def _phase_facts(phase: Phase) -> dict[str, Any]:
    options = phase.options
    return {
        "design": phase.design,
        "seeds": phase.seeds,
        "preset": phase.preset,
        "claims": phase.claims,
        "looks": phase.looks,
        "blocks": options.get("blocks"),
        "points": options.get("points", 1 if phase.design == CONFIRM else None),
    }


def _budget_facts(plan: Plan, phase: Phase) -> dict[str, Any]:
    """Return whose blocks a phase trains at another budget, and arm there -> arm here."""
    if phase.of is None:
        return {}
    arms: dict[str, str] = {}
    for question in questions_of(plan.config):
        here = plan.arms_of(question, times=phase.times)
        arms |= {arm: here[value] for value, arm in plan.arms_of(question).items()}
    first = next(trial.runs[0] for trial in plan.trials if trial.phase == phase.name)
    return {
        "of": phase.of,
        "times": phase.times,
        "arms": arms,
        "steps": int(first.settings["train"]["steps"]),
    }


def _redraw_facts(plan: Plan, phase: Phase, ledger: Ledger) -> dict[str, Any]:
    """Return spare blocks, what was redrawn and what stayed dead; nothing without spare blocks."""
    if not phase.options.get("redraws"):
        return {}
    redrawn = [one for one in ledger.redrawn if one.phase == phase.name]
    return {
        "redraws": phase.options["redraws"],
        "redrawn": [[one.block, one.by] for one in redrawn],
        "dead": [] if phase.of else redrawing.dead(plan, phase, ledger.results, redrawn),
    }


def _planned(plan: Plan, phase: str, ledger: Ledger) -> int:
    """Return the planned runs of a phase, those of spare blocks that stand for others included."""
    redrawn = [one for one in ledger.redrawn if one.phase == phase]
    return len(redrawing.run_ids(plan, redrawn)) + sum(
        [
            *(len(trial.runs) for trial in plan.trials if trial.phase == phase),
            *(one.trials * one.phase.seeds for one in plan.searches if one.phase.name == phase),
            *(one.runs for one in plan.confirmations if one.phase.name == phase),
        ]
    )


def _confirmation_facts(
    plan: Plan, phase: Phase, entry: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what a confirmation compared; no arms where nothing was frozen."""
    if entry is None:
        entry = named(plan, phase.name)
    questions = plan.config.questions
    return {
        **entry,
        "question": str(phase.options.get("question", next(iter(questions), ""))),
        "recipes": [list(pair) for pair in recipe_ids(plan, entry)],
        "is_untuned": is_untuned(entry),
    }


def _dimension(plan: Plan, factor: Factor) -> str | None:
    """Return where a search varies a factor, None where its values set more than one dimension."""
    tied = {one.tied_to for one in plan.config.factors.values()}
    return None if factor.name in tied or factor.tied_to else factor.dimension


def _question_facts(plan: Plan, question: Question) -> dict[str, Any]:
    """Return a question as it was registered, with the arm of each value."""
    factor = plan.config.factors[question.compare]
    contrasts = question.contrasts
    compared: dict[str, Any] = {
        "factor": factor.name,
        "dimension": _dimension(plan, factor),
        "baseline": factor.baseline,
        "ordered": factor.ordered,
        "arms": [[value, arm] for value, arm in plan.arms_of(question).items()],
    }
    if question.crossed_with is not None:
        other = plan.config.factors[question.crossed_with]
        compared = {
            "factor": f"{factor.name} x {other.name}",
            "ordered": False,
            "baseline": cell(factor.baseline, other.baseline),
            "arms": [[cell(*pair), arm] for pair, arm in plan.arms_of(question).items()],
            "crossed": [
                {"factor": one.name, "values": list(one.values), "baseline": one.baseline}
                for one in (factor, other)
            ],
            "registered": question.registered,
        }
    return {
        "id": question.id,
        "asks": question.asks,
        **compared,
        "primary": list(question.primary),
        "secondary": list(question.secondary),
        "guardrails": list(question.guardrails),
        "smallest_effect": dict(question.smallest_effect),
        "expects": question.expects,
        "contrasts": list(contrasts)
        if isinstance(contrasts, tuple)
        else [
            [name, [[value, weight] for value, weight in weights.items()]]
            for name, weights in contrasts.items()
        ],
        "trend": question.trend,
        "images": question.images,
        "agrees_with": question.agrees_with,
    }


RUN_COLUMNS = (
    "run_id",
    "arm_id",
    "arm",
    "recipe_id",
    "phase",
    "trial",
    "seed",
    "block",
    "point",
    "split_seed",
    "dummy",
    "state",
    "reason",
    "health",
)


def run_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run; a factor that is not active is missing.

    There is a column "stratum" only where runs were made in several environments, and a column
    budget only where a phase is run at several: the multiple of train.steps, missing elsewhere.
    """
    rows = []
    has_budgets = any(trial.budget is not None for trial in trials)
    is_drifted = len(environments.of_results(ledger)) > 1
    for trial in trials:
        for spec in trial.runs:
            result = ledger.results.get(spec.run_id)
            if result is None or trial.violations:
                continue
            kept = {
                key: value for key, value in result.facts.items() if isinstance(value, int | float)
            }
            rows.append(
                {
                    "run_id": spec.run_id,
                    "arm_id": trial.arm_id,
                    "arm": trial.name,
                    "recipe_id": trial.recipe_id,
                    "phase": trial.phase,
                    "trial": trial.number,
                    "seed": spec.seed,
                    "block": trial.block,
                    "point": trial.point,
                    "split_seed": trial.split_seed,
                    "dummy": trial.dummy,
                    "state": result.state,
                    "reason": result.reason,
                    "health": result.known_health,
                    **({"budget": trial.budget} if has_budgets else {}),
                    **({"stratum": result.facts.get("stratum", "")} if is_drifted else {}),
                    **{f"factor.{name}": str(value) for name, value in trial.factors.items()},
                    **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
                    **result.metrics,
                    **{f"facts.{k}": float(v) for k, v in kept.items()},
                }
            )
    columns = None if rows else list(RUN_COLUMNS)  # no suggestion of a search could be run
    return pd.DataFrame(rows, columns=columns).drop_duplicates("run_id")


def image_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run, split, image and metric."""
    rows = [
        (run_id, *row)
        for run_id in _run_ids(trials)
        if run_id in ledger.results
        for row in ledger.results[run_id].images
    ]
    return pd.DataFrame(rows, columns=["run_id", "split", "image", "metric", "value"])


def compared_table(rows: Mapping[str, Sequence[Row]]) -> pd.DataFrame:
    """Return one row per name, split, image and metric of what stands beside the arms."""
    listed = [(name, *row) for name, some in rows.items() for row in some]
    return pd.DataFrame(listed, columns=["name", "split", "image", "metric", "value"])


def curve_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run, key and step."""
    rows = []
    for run_id in _run_ids(trials):
        for _, event in read_journal(ledger.run_folder(run_id) / "journal.jsonl"):
            if event["kind"] == "metrics":
                step = event["step"]
                rows += [
                    (run_id, key, step, float(value))
                    for key, value in event["values"].items()
                    if not key.startswith(PREFIX)  # of the machine, not of the run
                ]
    return pd.DataFrame(rows, columns=["run_id", "key", "step", "value"])


def _run_ids(trials: list[PlannedTrial]) -> list[str]:
    ids = [spec.run_id for trial in trials if not trial.violations for spec in trial.runs]
    return list(dict.fromkeys(ids))
