"""A small simulated study as a report reads it: what figures are tried on."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.answers import answer
from ablate.analysis.published import read_facts
from ablate.design_names import BASELINE_ONLY, BLOCKED, ONE_FACTOR
from ablate.report.contents import Contents

METRICS = {"qabf": 0.6, "vif": 0.5, "en": 6.8}
VALUES = {"signed": 0.0, "magnitude": -0.05}  # share of the base by which a value differs
BLOCKS, POINTS, SEEDS, IMAGES = 6, 2, 3, 4


def sample(*, is_answered: bool = True) -> Contents:
    """Return a study with an answer phase, or with a comparison over seeds alone."""
    random = np.random.default_rng(0)
    runs: list[dict[str, Any]] = []
    rows: list[tuple[Any, ...]] = []
    curves: list[tuple[Any, ...]] = []

    def add(phase: str, value: str, **place: Any) -> None:
        run_id = f"r{len(runs):03d}"
        run = {
            "run_id": run_id,
            "arm_id": f"id-{value}",
            "arm": value,
            "recipe_id": run_id,
            "phase": phase,
            "trial": len(runs),
            "state": "finished",
            "reason": "",
            "factor.variant": value,
            "facts.seconds_per_step": 0.05,
            "facts.steps": 40.0,
            "facts.seconds": 2.5,
            "facts.parameters": 1000.0,
            "facts.peak_memory_mib": 300.0,
            "nuisance.learning_rate": 10 ** random.uniform(-3, -1),
            **place,
        }
        for split, count in (("val", IMAGES // 2), ("test", IMAGES)):
            for metric, base in METRICS.items():
                scores = base * (1 + VALUES[value] + random.normal(0, 0.02, count))
                run[f"{split}/{metric}"] = scores.mean()
                curves.append((run_id, f"{split}/{metric}", 40, scores.mean()))
                rows.extend((run_id, split, f"{split}{i}", metric, s) for i, s in enumerate(scores))
        curves.extend((run_id, "train/loss", step, 1 + 1 / step) for step in (1, 10, 20, 40))
        runs.append(run)

    if is_answered:
        for seed in range(SEEDS):
            add("pilot", "signed", seed=seed)
        for block in range(1, BLOCKS + 1):
            for point in range(1, POINTS + 1):
                for value in VALUES:
                    add("answer", value, seed=block, split_seed=block, block=block, point=point)
    else:
        for value in VALUES:
            for seed in range(SEEDS):
                add("compare", value, seed=seed)
    facts = read_facts(_facts(len(runs), is_answered=is_answered))
    table = pd.DataFrame(runs)
    images = pd.DataFrame(rows, columns=["run_id", "split", "image", "metric", "value"])
    baselines = [
        (kind, name, "test", f"test{i}", metric, base * share)
        for kind, name, share in (("copy", "visible", 0.7), ("rule", "mean", 0.8))
        for i in range(IMAGES)
        for metric, base in METRICS.items()
    ]
    return Contents(
        facts=facts,
        runs=table,
        images=images,
        curves=pd.DataFrame(curves, columns=["run_id", "key", "step", "value"]),
        trivial_baselines=pd.DataFrame(
            baselines, columns=["kind", "name", "split", "image", "metric", "value"]
        ),
        gallery={},
        verdicts=answer(facts, table, images, generated_by="sample") if is_answered else None,
    )


def _facts(planned: int, *, is_answered: bool) -> dict[str, Any]:
    phase = {"preset": None, "claims": False, "looks": 1, "points": None, "blocks": None}
    phases = (
        {
            "pilot": {**phase, "design": BASELINE_ONLY, "seeds": SEEDS},
            "answer": {
                **phase,
                "design": BLOCKED,
                "seeds": 1,
                "claims": True,
                "points": POINTS,
                "blocks": BLOCKS,
            },
        }
        if is_answered
        else {"compare": {**phase, "design": ONE_FACTOR, "seeds": SEEDS}}
    )
    question = {
        "id": "variant",
        "asks": "Does the sign help?",
        "factor": "variant",
        "baseline": "signed",
        "ordered": False,
        "arms": [[value, f"id-{value}"] for value in VALUES],
        "primary": ["qabf", "vif"],
        "secondary": [],
        "guardrails": ["en"],
        "smallest_effect": {"qabf": "1%", "vif": "1%", "en": "1%"},
        "expects": "differs",
        "contrasts": ["baseline"],
        "trend": None,
        "images": "random",
        "agrees_with": None,
    }
    return {
        "study": "sample",
        "title": "A sample",
        "asks": [question["asks"]],
        "primary": ["qabf", "vif"],
        "data_label": "generated pairs",
        "data_name": "synthetic",
        "data_hash": "d",
        "counts": {"train": 8, "val": IMAGES // 2, "test": IMAGES},
        "design_hash": "h",
        "protocol": "cddfuse-py",
        "protocol_hash": "p",
        "metrics": list(METRICS),
        "budget": "40 steps",
        "baseline_arm": "signed",
        "arms": list(VALUES),
        "phases": phases,
        "questions": [question],
        "confirmations": [],
        "nuisance": [{"name": "learning_rate", "low": 0.001, "high": 0.1, "is_log": True}],
        "ranges": [],
        "held": [],
        "objective": "val/qabf",
        "objectives": ["val/qabf"],
        "planned": planned,
        "infeasible": 0,
        "duplicates": 0,
        "tracking_uri": "",
        "settings": {
            "model": {"name": "probe"},
            "train": {"learning_rate": 0.01, "steps": 40},
            "loss": {"gradient_weight": 10.0},
            "data": {"name": "synthetic"},
        },
    }
