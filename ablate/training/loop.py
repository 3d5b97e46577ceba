"""Train a network on random crops, watch it on val, score it on val and test."""

import contextlib
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ablate.data.pairs import Pair, PairSet
from ablate.data.sampling import CropSampler
from ablate.errors import DivergedError
from ablate.identity import derive_seed
from ablate.losses.total import FusionLoss
from ablate.training.checkpoints import Checkpoints
from ablate.training.descent import descend
from ablate.training.determinism import laid_out, layout_of, precision
from ablate.training.pulse import Pulse
from ablate.training.recorder import Recorder
from ablate.training.scoring import Row, evaluating, image_tensor, means, save_png, score
from ablate.training.spec import RunSpec
from ablate.training.watching import look, middle
from ablate.training.weights import write as write_weights


def fit(
    *,
    spec: RunSpec,
    model: nn.Module,
    loss: FusionLoss,
    pairs: PairSet,
    recorder: Recorder,
    folder: Path,
    checkpoints: Checkpoints,
    device: torch.device,
    pulse: Pulse,
) -> tuple[list[Row], dict[str, float], dict[str, Any]]:
    """Return per-image rows, mean metrics and facts of a network trained as `spec` says."""
    train, scoring = spec.settings["train"], spec.settings["metrics"]
    initialise(model, seed=derive_seed(spec.seed, "weights"))
    layout = layout_of(train.get("layout", "nchw"))
    model.to(device, memory_format=layout)  # type: ignore[call-overload]  # torch's stub lacks it
    sampler = CropSampler(
        pairs.pairs("train"),
        crop=spec.settings["data"]["crop"],
        batch_size=train["batch_size"],
        seed=derive_seed(spec.seed, "crops"),
    )

    def fuse(pair: Pair) -> Tensor:
        with evaluating(model), precision(train["precision"], device):
            fused: Tensor = model(
                infrared=laid_out(image_tensor(pair.infrared, device), layout),
                visible=laid_out(image_tensor(pair.visible, device), layout),
            )
        fused = fused.float()
        if not bool(torch.isfinite(fused).all()):
            raise DivergedError(f"the fused image of {pair.stem} is not finite")
        pulse.beat()
        return fused

    def batch(step: int) -> tuple[Tensor, Tensor]:
        infrared, visible = sampler.batch(step - 1)
        return laid_out(infrared, layout), laid_out(visible, layout)

    def rows_of(split: str) -> list[Row]:
        some = pairs.pairs(split)
        return score(
            some, [fuse(pair) for pair in some],
            split=split, names=scoring["names"], protocol=scoring["protocol"], tick=pulse.beat,
            cache=pairs.cache,
        )  # fmt: skip

    shown = pairs.pairs("test" if spec.scores_test else "val")[: train["gallery"]]

    def look_at(step: int) -> None:
        pair = middle(shown[0], side=spec.settings["data"]["crop"])
        with contextlib.suppress(DivergedError):  # the loss, or the scoring, will say it
            look(recorder, pair, fuse(pair), step=step, folder=folder)

    seconds = descend(
        spec=spec, model=model, loss=loss, batch=batch,
        score_val=lambda: rows_of("val"), recorder=recorder, checkpoints=checkpoints, device=device,
        pulse=pulse, look=look_at if shown else None,
    )  # fmt: skip

    rows = rows_of("val") + (rows_of("test") if spec.scores_test else [])
    values = means(rows)
    recorder.metrics(values, step=train["steps"])
    if spec.scores_test:
        write_weights(model, folder)
    for pair in shown:
        path = save_png(fuse(pair), folder / "fused" / f"{pair.stem}.png")
        recorder.image(f"fused/{pair.stem}", path, step=train["steps"])
    return rows, values, {"seconds_per_step": round(seconds, 5), "steps": train["steps"]}


def initialise(model: nn.Module, *, seed: int) -> None:
    """Draw all weights from a generator of their own (Kaiming uniform, torch's own default)."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
            if module.bias is not None:
                bound = 1 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
