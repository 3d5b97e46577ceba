"""Train a network on random crops, watch it on val, score it on val and test."""

import contextlib
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from ablate.data.pairs import Pair, PairSet
from ablate.data.sampling import CropSampler
from ablate.errors import DivergedError
from ablate.losses.total import FusionLoss
from ablate.settings.train import TrainSettings
from ablate.training.calibration import calibrate
from ablate.training.descent import descend
from ablate.training.determinism import laid_out, layout_of, precision
from ablate.training.initialisation import start
from ablate.training.optimisation import Optimisation
from ablate.training.scoring import Row, evaluating, image_tensor, means, save_png, score
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
    layout = layout_of(train.layout)
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

    def fuse(pair: Pair) -> Tensor:
        scored = optimisation.scored
        with evaluating(scored), precision(train.precision, device):
            fused: Tensor = scored(
                infrared=laid_out(image_tensor(pair.infrared, device), layout),
                visible=laid_out(image_tensor(pair.visible, device), layout),
            )
        fused = fused.float()
        if not bool(fused.isfinite().all()):
            raise DivergedError(f"the fused image of {pair.stem} is not finite")
        run.pulse.beat()
        return fused

    def batch(step: int) -> tuple[Tensor, Tensor]:
        infrared, visible = sampler.batch(step - 1)
        return laid_out(infrared, layout), laid_out(visible, layout)

    def rows_of(split: str) -> list[Row]:
        some = pairs.pairs(split)
        return score(
            some,
            [fuse(pair) for pair in some],
            split=split,
            names=scoring["names"],
            protocol=scoring["protocol"],
            tick=run.pulse.beat,
            cache=pairs.cache,
        )

    shown = pairs.pairs("test" if run.spec.scores_test else "val")[: train.gallery]

    def look_at(step: int) -> None:
        pair = middle(shown[0], side=crop_px)
        with contextlib.suppress(DivergedError):  # the loss, or the scoring, will say it
            look(run.recorder, pair, fuse(pair), step=step, folder=run.folder)

    seconds = descend(
        run,
        optimisation,
        loss,
        batch=batch,
        score_val=lambda: rows_of("val"),
        calibrate=lambda other: calibrate(other, pairs, crop_px=crop_px, device=device),
        look=look_at if shown else None,
    )

    rows = rows_of("val") + (rows_of("test") if run.spec.scores_test else [])
    values = means(rows)
    run.recorder.metrics(values, step=optimisation.steps)
    if run.spec.scores_test:
        write_weights(optimisation.scored, run.folder)
    for pair in shown:
        path = save_png(fuse(pair), run.folder / "fused" / f"{pair.stem}.png")
        run.recorder.image(f"fused/{pair.stem}", path, step=optimisation.steps)
    return rows, values, {"seconds_per_step": round(seconds, 5), "steps": optimisation.steps}
