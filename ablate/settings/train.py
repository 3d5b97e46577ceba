"""The section `train`: how a network is trained, one field per setting."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ablate.settings.recipes import RECIPES
from ablate.settings.setting import absent_of, field, settings_of
from ablate.settings.stages import fault_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How a network is trained.

    A field's metadata has its `Setting`: default, range, meaning, and what a study meant that was
    recorded before the setting existed.
    """

    preset: str | None = field(
        "name",
        choices=tuple(RECIPES),
        meaning="A published recipe, whose settings replace the defaults; what a study writes "
        "beside it wins.",
    )
    steps: int | None = field(
        "int", 1000, low=1, high=10**9, unit="steps", meaning="Optimiser steps of one training."
    )
    epochs: float | None = field(
        "float",
        above=0,
        high=10**6,
        meaning="Length in passes over the training pairs, instead of `train.steps`; written out "
        "as steps, rounded up.",
    )
    batch_size: int = field("int", 4, low=1, high=4096, meaning="Crops of one step.")
    learning_rate: float = field(
        "float", 0.01, above=0, meaning="Largest step size; the schedule lowers it."
    )
    schedule: str = field(
        "name",
        "cosine",
        choices=("constant", "cosine", "step"),
        absent="constant",
        meaning="How the learning rate falls. cosine: along half a cosine to `final_share`; step: "
        "times `decay_factor` after every `decay_every`, not below `final_share`.",
        source="Loshchilov and Hutter, ICLR 2017 (cosine)",
    )
    final_share: float = field(
        "float",
        0.01,
        low=0,
        high=1,
        absent=0.01,
        matters=lambda train: train["schedule"] != "constant",
        meaning="Least learning rate of a schedule, as a share of `learning_rate`.",
    )
    decay_every: float = field(
        "float",
        0.25,
        above=0,
        high=1,
        absent=0.25,
        matters=lambda train: train["schedule"] == "step",
        meaning="Share of the training between two drops of the schedule step.",
    )
    decay_factor: float = field(
        "float",
        0.5,
        above=0,
        high=1,
        absent=0.5,
        matters=lambda train: train["schedule"] == "step",
        meaning="Factor of the learning rate at a drop of the schedule step.",
    )
    warmup_steps: int = field(
        "int",
        0,
        low=0,
        high=10**9,
        absent=0,
        unit="steps",
        meaning="First steps, in which the learning rate grows linearly from 0; the schedule "
        "follows over the rest.",
    )
    warmup_epochs: float | None = field(
        "float",
        above=0,
        high=10**6,
        meaning="Warm-up in passes over the training pairs, instead of `train.warmup_steps`.",
    )
    optimizer: str = field(
        "name", "adam", choices=("adam", "adamw", "sgd"), absent="adam", meaning="The optimiser."
    )
    momentum: float = field(
        "float",
        0.9,
        low=0,
        below=1,
        absent=0.9,
        meaning="Momentum of sgd, beta 1 of adam and adamw.",
    )
    beta2: float = field(
        "float",
        0.999,
        low=0,
        below=1,
        absent=0.999,
        matters=lambda train: train["optimizer"] != "sgd",
        meaning="Decay of the squared gradients of adam and adamw.",
    )
    weight_decay: float = field(
        "float",
        0.0,
        low=0,
        high=1e3,
        absent=0,
        meaning="Weight decay: decoupled from the gradient with adamw, added to it otherwise.",
    )
    decayed: str = field(
        "name",
        "all",
        choices=("all", "matrices"),
        absent="all",
        matters=lambda train: train["weight_decay"] != 0,
        meaning="Which parameters decay: all, or those of at least two dimensions (no biases, no "
        "norms).",
    )
    clip_norm: float = field(
        "float",
        0.0,
        low=0,
        high=1e9,
        absent=0,
        meaning="Largest Euclidean norm of the gradient, which is scaled down to it; 0: none.",
    )
    clip_by: str = field(
        "name",
        "network",
        choices=("network", "part"),
        absent="network",
        matters=lambda train: train["clip_norm"] != 0,
        meaning="Whose norm is clipped: that of all parameters, or that of each part of the "
        "network.",
    )
    ema: float = field(
        "float",
        0.0,
        low=0,
        below=1,
        absent=0,
        meaning="Decay of an exponential moving average of the weights, which is scored and kept "
        "instead of the last ones; 0: none.",
    )
    augment: str = field(
        "name",
        "mirror",
        choices=("none", "mirror", "flips", "flips_and_turns"),
        absent="mirror",
        meaning="How a crop is changed at random: mirror: left-right; flips: both axes; "
        "flips_and_turns: the 8 symmetries of a square.",
    )
    initial_weights: str | None = field(
        "text",
        may_be_null=True,
        meaning="Weights to start from instead of drawn ones: a safetensors file, the folder of a "
        "run, or run:ID of the same store.",
    )
    stages: Sequence[Mapping[str, Any]] | None = field(
        "checked",
        check=fault_of,
        meaning="Parts of the training, each with `share` (of the steps), `parts` (of the network "
        "that move; all by default), `objective` and `loss` (settings of the loss that differ).",
    )
    precision: str = field(
        "name",
        "fp32",
        choices=("fp32", "bf16"),
        meaning="Arithmetic of the network; losses are computed in fp32.",
    )
    layout: str = field(
        "name",
        "auto",
        choices=("auto", "nchw", "channels_last"),
        absent="nchw",
        meaning="How weights and images lie in memory; auto: as the network is faster, "
        "channels_last for the convolutional ones.",
    )
    graph: str = field(
        "name",
        "never",
        choices=("never", "auto", "always"),
        absent="never",
        meaning="Whether whole steps are replayed as a CUDA graph; auto: on CUDA.",
    )
    device: str = field("name", "cpu", choices=("cpu", "cuda"), meaning="Where a run is trained.")
    gallery: int = field(
        "int", 4, low=0, high=10**6, meaning="Fused test images kept as pictures of a run."
    )

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Return the typed settings of a recorded section `train`.

        What the section lacks is what studies meant that were recorded before the setting existed.
        """
        known = settings_of(cls)
        given = {name: value for name, value in section.items() if name in known}
        return cls(**{"steps": None, **absent_of(cls), **given})


def faults_of(full: TrainSettings) -> list[str]:
    """Return the settings of a section `train` that cannot be combined, one line each.

    Args:
        full: The section, each value right by itself.
    """
    faults = []
    if full.steps is not None and full.epochs is not None:
        faults.append(
            f"train.epochs: {full.epochs:g} epochs and {full.steps} steps are both given; "
            "remove one of the two"
        )
    if full.epochs is not None and (full.warmup_epochs or 0) >= full.epochs:
        faults.append(
            f"train.warmup_epochs: {full.warmup_epochs:g} epochs of warm-up leave none of the "
            f"{full.epochs:g} of train.epochs; lower it"
        )
    if full.steps is not None and full.warmup_steps >= full.steps:
        faults.append(
            f"train.warmup_steps: {full.warmup_steps} steps of warm-up leave none of the "
            f"{full.steps} of train.steps; lower it"
        )
    if full.graph == "always" and full.device != "cuda":
        faults.append(
            f"train.graph: always needs train.device=cuda, got {full.device}; use auto or never"
        )
    if full.stages and full.graph == "always":
        faults.append("train.graph: always cannot hold several stages; use auto or never")
    return faults


def in_steps(train: Mapping[str, Any], *, items: int) -> dict[str, Any]:
    """Return the section with epochs written out as steps.

    Args:
        train: The section.
        items: Number of training pairs.

    Example:
        >>> in_steps({"epochs": 10, "batch_size": 16}, items=100)
        {'batch_size': 16, 'steps': 63}
    """
    written = dict(train)
    for name, target in (("epochs", "steps"), ("warmup_epochs", "warmup_steps")):
        epochs = written.pop(name, None)
        if epochs is not None:
            written[target] = max(1, math.ceil(epochs * items / train["batch_size"]))
    return written


def over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with another laid over it; a length in epochs replaces one in steps."""
    kept = dict(lower)
    for one, other in (("epochs", "steps"), ("warmup_epochs", "warmup_steps")):
        if one in upper and other not in upper:
            kept.pop(other, None)
        if other in upper and one not in upper:
            kept.pop(one, None)
    return {**kept, **upper}
