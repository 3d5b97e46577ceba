"""Gathers a study into one folder of tables and pictures: all that a report needs."""

import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ablate.config.schema import Phase, Question
from ablate.data.pairs import PairSet
from ablate.execution.worker import write_atomically
from ablate.metrics import protocol_hash
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, PlannedTrial
from ablate.study.trials import Trials
from ablate.tracking.journal import read_journal
from ablate.tracking.runs import code_revision
from ablate.training.determinism import device_of
from ablate.training.floors import floors
from ablate.training.scoring import image_tensor, save_png

LIBRARIES = ("torch", "optuna", "mlflow", "hydra-core", "kornia", "pandas", "numpy", "scipy")


def publish(
    plan: Plan, trials: Trials, ledger: Ledger, *,
    pairs: PairSet, tracking_uri: str, links: Mapping[str, str],
) -> Path:  # fmt: skip
    """Return the folder with facts.json, runs, images, curves, floors and gallery/."""
    folder = ledger.folder / "published"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config = plan.config
    known = [trials.known[number] for number in sorted(trials.known)]
    run_table(known, ledger).to_parquet(folder / "runs.parquet", index=False)
    image_table(known, ledger).to_parquet(folder / "images.parquet", index=False)
    curve_table(known, ledger).to_parquet(folder / "curves.parquet", index=False)
    rules = floors(pairs, config.base, seed=config.seed)
    pd.DataFrame(
        [(rule, *row) for rule, rows in rules.items() for row in rows],
        columns=["rule", "split", "image", "metric", "value"],
    ).to_parquet(folder / "floors.parquet", index=False)
    write_atomically(folder / "design.json", plan.rows())
    write_atomically(folder / "manifest.json", pairs.manifest.to_json())
    write_atomically(folder / "links.json", dict(links))
    write_atomically(folder / "facts.json", facts(plan, trials, pairs, tracking_uri=tracking_uri))
    _gallery(known, ledger, pairs, folder / "gallery")
    return folder


def facts(plan: Plan, trials: Trials, pairs: PairSet, *, tracking_uri: str) -> dict[str, Any]:
    """Return what the banner, the scope and the provenance of a report say."""
    config, train = plan.config, plan.config.base["train"]
    manifest = pairs.manifest
    designed = plan.trials
    return {
        "study": config.name,
        "title": config.title,
        "asks": [question.asks for question in config.questions.values()],
        "primary": [metric for q in config.questions.values() for metric in q.primary],
        "data_label": manifest.label,
        "data_name": config.base["data"]["name"],
        "counts": dict(manifest.counts),
        "data_hash": manifest.hash,
        "design_hash": plan.design_hash,
        "protocol": config.base["metrics"]["protocol"],
        "protocol_hash": protocol_hash(config.base["metrics"]["protocol"]),
        "metrics": list(config.base["metrics"]["names"]),
        "budget": f"{train['steps']} steps, batch {train['batch_size']}, "
        f"crop {config.base['data']['crop']}, {config.base['model']['name']}, "
        f"{train['precision']}, {train['device']}",
        "baseline_arm": designed[0].name if designed else "",
        "arms": list(dict.fromkeys(trial.name for trial in designed)),
        "phases": {p.name: _phase_facts(p) for p in config.phases.values()},
        "questions": [_question_facts(plan, question) for question in config.questions.values()],
        "nuisance": [
            {"name": d.name, "low": d.low, "high": d.high, "is_log": d.log}
            for d in config.nuisance.values()
            if d.low is not None
        ],
        "held": list(config.held),
        "objective": config.objective,
        "planned": plan.runs,
        "infeasible": plan.infeasible
        + sum(bool(trial.violations) for trial in trials.known.values()),
        "duplicates": len(trials.twin_of) + plan.duplicates,
        "revision": code_revision(),
        "versions": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "device": str(device_of(train["device"])),
        "tracking_uri": tracking_uri,
        "settings": config.base,
    }


def _phase_facts(phase: Phase) -> dict[str, Any]:
    options = phase.options
    return {
        "design": phase.design, "seeds": phase.seeds, "preset": phase.preset,
        "claims": phase.claims, "points": options.get("points"), "blocks": options.get("blocks"),
    }  # fmt: skip


def _question_facts(plan: Plan, question: Question) -> dict[str, Any]:
    """Return a question as it was registered, with the arm of each value."""
    factor = plan.config.factors[question.compare]
    contrasts = question.contrasts
    return {
        "id": question.id, "asks": question.asks, "factor": factor.name,
        "baseline": factor.baseline, "ordered": factor.ordered,
        "arms": [[value, arm] for value, arm in plan.arms_of(question).items()],
        "primary": list(question.primary), "secondary": list(question.secondary),
        "guardrails": list(question.guardrails),
        "smallest_effect": dict(question.smallest_effect), "expects": question.expects,
        "contrasts": list(contrasts) if isinstance(contrasts, tuple) else [
            [name, [[value, weight] for value, weight in weights.items()]]
            for name, weights in contrasts.items()
        ],
        "trend": question.trend, "images": question.images, "agrees_with": question.agrees_with,
    }  # fmt: skip


def run_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run; a factor that is not active is missing."""
    rows = []
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
                    "run_id": spec.run_id, "arm_id": trial.arm_id, "arm": trial.name,
                    "recipe_id": trial.recipe_id, "phase": trial.phase, "trial": trial.number,
                    "seed": spec.seed, "block": trial.block, "point": trial.point,
                    "split_seed": trial.split_seed, "dummy": trial.dummy,
                    "state": result.state, "reason": result.reason,
                    **{f"factor.{name}": str(value) for name, value in trial.values.items()},
                    **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
                    **result.metrics, **{f"facts.{k}": float(v) for k, v in kept.items()},
                }
            )  # fmt: skip
    return pd.DataFrame(rows).drop_duplicates("run_id")


def image_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run, split, image and metric."""
    rows = [
        (run_id, *row)
        for run_id in _run_ids(trials)
        if run_id in ledger.results
        for row in ledger.results[run_id].images
    ]
    return pd.DataFrame(rows, columns=["run_id", "split", "image", "metric", "value"])


def curve_table(trials: list[PlannedTrial], ledger: Ledger) -> pd.DataFrame:
    """Return one row per run, key and step."""
    rows = []
    for run_id in _run_ids(trials):
        for _, event in read_journal(ledger.run_folder(run_id) / "journal.jsonl"):
            if event["kind"] == "metrics":
                step = event["step"]
                rows += [(run_id, key, step, float(v)) for key, v in event["values"].items()]
    return pd.DataFrame(rows, columns=["run_id", "key", "step", "value"])


def _run_ids(trials: list[PlannedTrial]) -> list[str]:
    ids = [spec.run_id for trial in trials if not trial.violations for spec in trial.runs]
    return list(dict.fromkeys(ids))


def _gallery(trials: list[PlannedTrial], ledger: Ledger, pairs: PairSet, folder: Path) -> None:
    """Copy the pictures of the first run of every designed arm, and their sources."""
    shown: set[str] = set()
    seen: set[str] = set()
    for trial in trials:
        if not trial.runs or not trial.runs[0].scores_test or trial.arm_id in seen:
            continue
        seen.add(trial.arm_id)
        for path in sorted((ledger.run_folder(trial.runs[0].run_id) / "fused").glob("*.png")):
            target = folder / trial.arm_id / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            shown.add(path.stem)
    cpu = torch.device("cpu")
    for pair in pairs.pairs("test"):
        if pair.stem in shown:
            save_png(image_tensor(pair.infrared, cpu), folder / "infrared" / f"{pair.stem}.png")
            save_png(image_tensor(pair.visible, cpu), folder / "visible" / f"{pair.stem}.png")
