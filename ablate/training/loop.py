"""Train a network on random crops, watch it on val, score it on val and test."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from ablate.data.pairs import Pair, PairSet
from ablate.data.sampling import CropSampler
from ablate.errors import DivergedError
from ablate.losses.total import FusionLoss
from ablate.settings.train import TrainSettings
from ablate.stats.health import Health
from ablate.training.calibration import calibrate
from ablate.training.descent import descend
from ablate.training.determinism import laid_out, layout_of
from ablate.training.initialisation import start
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import (
    FEW,
    Row,
    Scored,
    fuse_all,
    health_of,
    means,
    save_png,
    score,
)
from ablate.training.watching import look, middle
from ablate.training.weights import write as write_weights

if TYPE_CHECKING:
    from ablate.training.tasks.run import Run


def fit(
    run: "Run", model: nn.Module, loss: FusionLoss
) -> tuple[list[Row], dict[str, float], dict[str, Any]]:
    """Return per-image rows, mean metrics and facts of a network trained as `run.spec` says."""
    settings, pairs, device = run.spec.settings, run.examples, run.device
    assert isinstance(pairs, PairSet)
    train, scoring = TrainSettings.of(settings["train"]), settings["metrics"]
    crop_px = settings["data"]["crop"]
    start(
        model,
        seed=run.seed("weights"),
        settings=settings["model"],
        initial=train.initial_weights,
        folder=run.folder,
    )
    layout = layout_of(train.layout, model)
    model.to(device, memory_format=layout)  # type: ignore[call-overload]  # torch's stub lacks it
    optimisation = Optimisation(
        model, train, is_captured=train.graph != "never" and device.type == "cuda"
    )
    sampler = CropSampler(
        pairs.pairs("train"),
        crop=crop_px,
        batch_size=train.batch_size,
        seed=run.seed("crops"),
        augment=train.augment,
    )

    def fused(some: Sequence[Pair]) -> list[Tensor]:
        return fuse_all(
            optimisation.scored,
            some,
            device=device,
            arithmetic=train.precision,
            layout=layout,
            tick=run.pulse.beat,
        )

    def batch(step: int) -> tuple[Tensor, Tensor]:
        infrared, visible = sampler.batch(step - 1)
        return laid_out(infrared, layout), laid_out(visible, layout)

    last: dict[str, list[Tensor]] = {}  # fused images to show, by split

    def scored(split: str) -> Scored:
        some = pairs.pairs(split)
        images = fused(some)
        last[split] = images[: train.gallery]
        rows = score(
            some,
            images,
            split=split,
            names=scoring["names"],
            protocol=scoring["protocol"],
            tick=run.pulse.beat,
            cache=pairs.cache,
        )
        return Scored(rows=rows, health=health_of(some, images))

    def examine_some() -> Health:
        some = pairs.pairs("val")[:FEW]
        return health_of(some, fused(some))

    shown_split = "test" if run.spec.scores_test else "val"
    shown = pairs.pairs(shown_split)[: train.gallery]

    def look_at(step: int) -> None:
        pair = middle(shown[0], side=crop_px)
        with contextlib.suppress(DivergedError):  # the loss, or the scoring, will say it
            look(run.recorder, pair, fused([pair])[0], step=step, folder=run.folder)

    seconds = descend(
        run,
        optimisation,
        loss,
        batch=batch,
        score_val=lambda: scored("val"),
        examine_some=examine_some,
        calibrate=lambda other: calibrate(other, pairs, crop_px=crop_px, device=device),
        look=look_at if shown else None,
    )

    of_val = scored("val")
    assert of_val.health is not None
    rows = of_val.rows + (scored("test").rows if run.spec.scores_test else [])
    values = means(rows)
    run.recorder.metrics({**values, **of_val.healthy}, step=optimisation.steps)
    if run.spec.scores_test:
        write_weights(optimisation.scored, run.folder)
    for pair, image in zip(shown, last[shown_split], strict=True):
        path = save_png(image, run.folder / "fused" / f"{pair.stem}.png")
        run.recorder.image(f"fused/{pair.stem}", path, step=optimisation.steps)
    facts = {
        "seconds_per_step": round(seconds, 5),
        "steps": optimisation.steps,
        "health": of_val.health.to_json(),
    }
    return rows, values, facts
