"""`train: {preset: NAME}`: how the networks of the literature are trained, as settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ablate.errors import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecipe:
    """A published way of training.

    Args:
        values: Settings of the section `train`.
        model: Settings of the section `model` that belong to it.
        loss: Settings of the section `loss` that belong to it.
        differs: What the settings do not say of the original.
        source: Repository, files and commit.
    """

    values: Mapping[str, Any]
    model: Mapping[str, Any]
    loss: Mapping[str, Any]
    differs: str
    source: str


RECIPES: Final[Mapping[str, TrainingRecipe]] = {
    "seafusion": TrainingRecipe(
        values={
            "epochs": 10,
            "batch_size": 16,
            "optimizer": "adam",
            "learning_rate": 0.001 / 0.75,
            "schedule": "step",
            "decay_every": 0.1,
            "decay_factor": 0.75,
            "final_share": 0.0,
            "augment": "none",
        },
        model={
            "name": "seafusion",
            "width": 16,
            "sobel": "trained",
            "output": "sigmoid",
            "last_layer": "drawn",
        },
        loss={"preset": "seafusion", "mix": "published"},
        differs="one of the four rounds, without the segmentation network; crops instead of whole "
        "images",
        source="train.py of Linfeng-Tang/SeAFusion at 31e6a50",
    ),
    "swinfusion": TrainingRecipe(
        values={
            "steps": 10_000,
            "batch_size": 12,
            "optimizer": "adam",
            "learning_rate": 2e-5,
            "schedule": "constant",
            "ema": 0.999,
            "augment": "flips_and_turns",
        },
        model={"output": "sigmoid", "last_layer": "drawn"},
        loss={"preset": "swinfusion", "mix": "published"},
        differs="the first 10,000 iterations, which the repository tests; its rate first falls at "
        "250,000",
        source="options/swinir/train_swinfusion_vif.json and models/model_base.py of "
        "Linfeng-Tang/SwinFusion at ceeec3f; crops of 128",
    ),
    "cddfuse": TrainingRecipe(
        values={
            "epochs": 120,
            "batch_size": 8,
            "optimizer": "adam",
            "learning_rate": 1e-4,
            "schedule": "step",
            "decay_every": 1 / 6,
            "decay_factor": 0.5,
            "final_share": 0.01,
            "clip_norm": 0.01,
            "clip_by": "part",
            "augment": "none",
            "stages": [
                {"share": 1 / 3, "parts": ["encoder", "decoder"], "objective": "reconstruction"},
                {"objective": "decomposition"},
            ],
        },
        model={
            "name": "cddfuse",
            "width": 64,
            "blocks": 4,
            "heads": 8,
            "couplings": 3,
            "form": "published",
            "output": "sigmoid",
            "last_layer": "drawn",
        },
        loss={"preset": "cddfuse_ii", "mix": "published"},
        differs="crops anywhere instead of on a grid of 200 px without those of low contrast",
        source="train.py of Zhaozixiang1228/MMIF-CDDFuse at fd8da1f; crops of 128",
    ),
    "emma": TrainingRecipe(
        values={
            "epochs": 120,
            "batch_size": 4,
            "optimizer": "adam",
            "learning_rate": 1e-4,
            "schedule": "step",
            "decay_every": 1 / 6,
            "decay_factor": 0.5,
            "final_share": 0.0,
            "augment": "none",
        },
        model={"output": "sigmoid", "last_layer": "drawn"},
        loss={"preset": "emma"},
        differs="without the learned sensing models and the equivariance loss",
        source="train_Fusion.py of Zhaozixiang1228/MMIF-EMMA at 9983ca2; crops of 128",
    ),
    "datfuse": TrainingRecipe(
        values={
            "epochs": 10,
            "batch_size": 128,
            "optimizer": "adam",
            "learning_rate": 0.001,
            "schedule": "constant",
            "augment": "none",
        },
        model={"output": "sigmoid", "last_layer": "drawn"},
        loss={"preset": "datfuse", "mix": "published"},
        differs="the gradient term per image instead of over the batch",
        source="Train.py of tthinking/DATFuse at 0cd93f1; crops of 120",
    ),
    "tc_moa": TrainingRecipe(
        values={
            "epochs": 20,
            "warmup_epochs": 2,
            "batch_size": 3,
            "optimizer": "adamw",
            "learning_rate": 3e-4,
            "beta2": 0.95,
            "weight_decay": 0.05,
            "decayed": "matrices",
            "schedule": "cosine",
            "final_share": 1 / 30,
            "augment": "mirror",
            "stages": [
                {
                    "share": 0.1,
                    "loss": {
                        "gradient_weight": 0.0,
                        "intensity": "mean",
                        "intensity_weight": 3.0,
                        "ssim_weight": 1.0,
                    },
                },
                {},
            ],
        },
        model={"output": "sigmoid", "last_layer": "drawn"},
        loss={"preset": "tc_moa", "mix": "published"},
        differs="networks trained from nothing instead of adapters on a frozen MAE; no prompt loss",
        source="config/base.yaml, util/lr_sched.py, main_train.py of YangSun22/TC-MoA at 48e4a54",
    ),
}


def recipe(name: Any) -> tuple[Mapping[str, Any], str | None]:
    """Return the settings of a preset and what is wrong with its name, None where it is fine."""
    if isinstance(name, str) and name in RECIPES:
        return RECIPES[name].values, None
    return {}, f"no such name as {name!r}; {nearest(str(name), RECIPES)}"
