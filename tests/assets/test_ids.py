"""Every packaged study keeps the ids of its design, arms, recipes and runs, whatever is rebuilt.

Run `python -m tests.assets.test_ids` to write the list anew: only where an id may change.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ablate.config.loading import load
from ablate.errors import ConfigError
from ablate.identity import digest
from ablate.study.plan import make

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("ids.json")
OTHERS = [  # studies with words behind them: settings of networks, recipes, losses, executors
    ("q4_variant", "model=densefuse"),
    ("q4_variant", "model=seafusion"),
    ("q4_variant", "model=cddfuse"),
    ("q4_variant", "model=restormer"),
    ("q4_variant", "model=probe"),
    ("q4_variant", "train.preset=seafusion"),
    ("q4_variant_answer", "train.optimizer=adamw train.weight_decay=.01 train.warmup_steps=20"),
    ("q4_variant_answer", "train.ema=.9 train.clip_norm=1 train.schedule=step"),
    ("q4_variant", "executor=processes"),
    ("q2_levels", "loss.ties=exact loss.selection=joint_max loss.components=axis_wise"),
    ("q2_levels", "loss.norm=value loss.lambda_policy=norm_matched"),
    ("q3_scale_weights", "loss.resampler=area loss.resampled_from=finer_level"),
    ("q5_lambda", "loss.ssim_weight=1 loss.ssim_padding=valid loss.ssim_to=max"),
    ("q7_selection", "loss.operator=scharr loss.padding=replicate loss.y_axis=up"),
    ("quickstart", "data.limit.train=4 metrics.names=[qabf,vif]"),
    ("q1_scale_ratio", "model.output=sigmoid model.last_layer=drawn model.width=4 model.depth=3"),
]


def wanted() -> dict[str, tuple[str, list[str], int]]:
    names = sorted(path.stem for path in (ROOT / "studies").glob("*.yaml"))
    now: dict[str, tuple[str, list[str], int]] = {
        f"{name}, defaults {version}": (name, [], version)
        for name in names
        for version in (2, 3, 4)
    }
    earlier: dict[str, tuple[str, list[str], int]] = {
        f"{name}, defaults 1": (name, ["train.learning_rate=.01"], 1) for name in names
    }
    return now | earlier | {f"{name} {words}": (name, words.split(), 2) for name, words in OTHERS}


def ids_of(name: str, words: list[str], version: int) -> dict[str, Any]:
    try:
        plan = make(load(name, words, ROOT, defaults=version))
    except ConfigError:  # a study of today that the defaults of earlier do not fit
        return {"refused": True}
    runs = [run for trial in (*plan.trials, *plan.spares) for run in trial.runs]
    return {
        "design": plan.design_hash,
        "baseline": plan.baseline_arm_id,
        "arms": dict(
            sorted({run.arm_id: trial.name for trial in plan.trials for run in trial.runs}.items())
        ),
        "recipes": digest(sorted({run.recipe_id for run in runs})),
        "runs": [len(runs), digest([run.run_id for run in runs])],
    }


@pytest.mark.parametrize("key", wanted())
def test_ids_are_those_that_were_recorded(key: str) -> None:
    recorded = json.loads(LIST.read_text(encoding="utf-8"))
    assert ids_of(*wanted()[key]) == recorded[key]


if __name__ == "__main__":
    found = {key: ids_of(*each) for key, each in wanted().items()}
    LIST.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
