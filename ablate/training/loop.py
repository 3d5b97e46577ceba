"""Train a network on random crops, watch it on val, score it on val and test."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ablate.data.pairs import Pair, PairSet
from ablate.data.sampling import CropSampler
from ablate.errors import ConfigError, DivergedError
from ablate.identity import derive_seed
from ablate.losses.total import FusionLoss
from ablate.training.determinism import precision
from ablate.training.recorder import Recorder
from ablate.training.scoring import Row, image_tensor, means, save_png, score
from ablate.training.spec import RunSpec

RARER = 10  # of so many recorded steps one has the loss diagnosed


class PrunedError(Exception):
    """The recorder said stop; the text says at which step."""


def fit(
    *,
    spec: RunSpec,
    model: nn.Module,
    loss: FusionLoss,
    pairs: PairSet,
    recorder: Recorder,
    folder: Path,
    device: torch.device,
) -> tuple[list[Row], dict[str, float], dict[str, Any]]:
    """Return per-image rows, mean metrics and facts of a network trained as `spec` says."""
    train, scoring = spec.settings["train"], spec.settings["metrics"]
    initialise(model, seed=derive_seed(spec.seed, "weights"))
    model.to(device)
    sampler = CropSampler(
        pairs.pairs("train"),
        crop=spec.settings["data"]["crop"],
        batch_size=train["batch_size"],
        seed=derive_seed(spec.seed, "crops"),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=train["learning_rate"])

    def fuse(pair: Pair) -> Tensor:
        with torch.no_grad(), precision(train["precision"], device):
            fused: Tensor = model(
                infrared=image_tensor(pair.infrared, device),
                visible=image_tensor(pair.visible, device),
            )
        fused = fused.float()
        if not bool(torch.isfinite(fused).all()):
            raise DivergedError(f"the fused image of {pair.stem} is not finite")
        return fused

    def rows_of(split: str) -> list[Row]:
        some = pairs.pairs(split)
        return score(
            some, [fuse(pair) for pair in some],
            split=split, names=scoring["names"], protocol=scoring["protocol"],
        )  # fmt: skip

    step_seconds = time.monotonic()
    every = max(1, train["steps"] // 100)
    for step in range(1, train["steps"] + 1):
        loss.at_step(step)
        infrared, visible = (image.to(device) for image in sampler.batch(step - 1))
        with precision(train["precision"], device):
            fused = model(infrared=infrared, visible=visible)
        value = loss(infrared=infrared, visible=visible, fused=fused.float())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        if step % every == 0 or step == train["steps"]:
            if step % (every * RARER) == 0 or step == train["steps"]:
                loss.diagnose(infrared=infrared, visible=visible, fused=fused.float())
            record_loss(recorder, value, loss, step=step)
        if step in spec.rungs and step < train["steps"]:
            values = means(rows_of("val"))
            recorder.metrics(values, step=step)
            report(recorder, values, spec, step=step)
    step_seconds = (time.monotonic() - step_seconds) / train["steps"]

    rows = rows_of("val") + (rows_of("test") if spec.scores_test else [])
    values = means(rows)
    recorder.metrics(values, step=train["steps"])
    for pair in pairs.pairs("test" if spec.scores_test else "val")[: train["gallery"]]:
        path = save_png(fuse(pair), folder / "fused" / f"{pair.stem}.png")
        recorder.image(f"fused/{pair.stem}", path, step=train["steps"])
    return rows, values, {"seconds_per_step": round(step_seconds, 5), "steps": train["steps"]}


def record_loss(recorder: Recorder, value: Tensor, loss: FusionLoss, *, step: int) -> None:
    """Record the loss and its terms; raise DivergedError when it is not finite."""
    number = float(value.detach())
    if not math.isfinite(number):
        raise DivergedError(f"the loss became {number} at or before step {step}")
    terms = {f"train/{name}": float(term) for name, term in loss.last_terms.items()}
    recorder.metrics({"train/loss": number, **terms}, step=step)


def report(recorder: Recorder, values: dict[str, float], spec: RunSpec, *, step: int) -> None:
    """Report the objective at a rung; raise PrunedError when the answer is stop."""
    if spec.objective not in values:
        raise ConfigError(
            f"objective {spec.objective!r}: not among the computed {', '.join(sorted(values))}"
        )
    if recorder.report(values[spec.objective], step=step):
        raise PrunedError(f"pruned at step {step}")


def initialise(model: nn.Module, *, seed: int) -> None:
    """Draw all weights from a generator of their own (Kaiming uniform, torch's own default)."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
            if module.bias is not None:
                bound = 1 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
