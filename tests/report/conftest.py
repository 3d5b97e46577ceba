from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ablate.analysis.published import read_facts
from ablate.report.contents import Contents
from tests.report.answered import answered_contents

ARMS = ("signed", "magnitude")
METRICS = ("qabf", "mi")


@pytest.fixture(scope="session")
def answered() -> Contents:
    """Return a simulated study with pilot, exploration, hunt and answers; shared, never change it.

    Other shapes come from `tests.report.answered.answered_contents`.
    """
    return answered_contents()


@pytest.fixture
def contents(tmp_path: Path) -> Callable[..., Contents]:
    """Return a maker of small contents: two arms, two seeds, three images; facts can be changed."""

    def make(**facts: Any) -> Contents:
        random = np.random.default_rng(0)
        runs, images, curves = [], [], []
        for arm in ARMS:
            for seed in (0, 1):
                run_id = f"{arm}{seed}"
                values = random.random((3, 2))
                runs.append(
                    {
                        "run_id": run_id,
                        "arm_id": f"id-{arm}",
                        "arm": arm,
                        "phase": "compare",
                        "trial": ARMS.index(arm),
                        "seed": seed,
                        "state": "finished",
                        "reason": "",
                        **{f"test/{m}": values[:, k].mean() for k, m in enumerate(METRICS)},
                        "val/qabf": 0.1,
                    }
                )
                images += [
                    (run_id, "test", f"p{i}", metric, values[i, k])
                    for i in range(3)
                    for k, metric in enumerate(METRICS)
                ]
                curves += [
                    (run_id, key, step, 1.0 / step)
                    for key in ("train/loss", "train/gradient")
                    for step in (1, 2, 3)
                ]
        gallery: dict[str, dict[str, Path]] = {}
        for name in ("infrared", "visible", *ARMS):
            gallery[name] = {}
            for image in ("p0", "p1", "p2"):
                path = tmp_path / "gallery" / name / f"{image}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(random.integers(0, 255, (20, 30), dtype=np.uint8)).save(path)
                gallery[name][image] = path
        known = {
            "study": "s",
            "title": "T",
            "asks": ["Does it?"],
            "primary": ["qabf"],
            "data_label": "generated pairs",
            "data_name": "synthetic",
            "counts": {"train": 2, "val": 1, "test": 3},
            "data_hash": "d",
            "design_hash": "h",
            "protocol": "cddfuse-py",
            "protocol_hash": "p",
            "metrics": list(METRICS),
            "budget": "3 steps",
            "arms": list(ARMS),
            "objective": "val/qabf",
            "phases": {"compare": {"design": "one_factor", "seeds": 2}},
            "infeasible": 0,
            "questions": [],
            "nuisance": [],
            "duplicates": 0,
            "revision": "r",
            "versions": {"torch": "2"},
            "python": "3.11",
            "machine": "x",
            "device": "cpu",
        }
        rules = [
            ("rule", rule, "test", f"p{i}", metric, value)
            for rule, value in (("mean", 0.4), ("max", 0.6))
            for i in range(3)
            for metric in METRICS
        ]
        return Contents(
            facts=read_facts({**known, **facts}),
            runs=pd.DataFrame(runs),
            images=pd.DataFrame(images, columns=["run_id", "split", "image", "metric", "value"]),
            curves=pd.DataFrame(curves, columns=["run_id", "key", "step", "value"]),
            trivial_baselines=pd.DataFrame(
                rules, columns=["kind", "name", "split", "image", "metric", "value"]
            ),
            gallery=gallery,
        )

    return make
