"""Whether four trials in lock-step on one worker pay: they share crops, pyramids and targets.

Run: python -m benchmarks.packs [--repeats N] [--out FOLDER]
"""

import functools
import os
from collections.abc import Callable

import torch
from torch import Tensor

from ablate import losses, models
from ablate.data.items import Examples
from ablate.data.pairs import PairSet
from ablate.data.sampling import CropSampler
from ablate.losses.total import FusionLoss
from ablate.settings.train import TrainSettings
from ablate.training.fusion import fusion_output
from ablate.training.graph import Step
from ablate.training.optimisation import Optimisation
from ablate.training.tasks import task_of
from ablate.training.trainable import StepOutput
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate

ABOUT = (
    "Four trials that differ in the weight of the gradient term alone, the best case: a pack draws "
    "each batch once and computes its targets once, separate trials do so four times. One CPU "
    "thread, fp32, values bit-equal."
)
WEIGHTS = (5.0, 10.0, 20.0, 40.0)
CASES = {
    "densefuse, width 16, batch 4, crop 128": (16, 4, 128),
    "densefuse, width 4, batch 4, crop 64": (4, 4, 64),
    "densefuse, width 1, batch 16, crop 64": (1, 16, 64),
}
STEPS = 3  # per round
GOAL = 1.15  # below, the code would not pay


def trials(width: int, *, is_pack: bool) -> list[Step]:
    """Return the step of each trial; those of a pack share what depends on the sources alone."""
    steps: list[Step] = []
    shared = losses.build({}).gradient
    for weight in WEIGHTS:
        torch.manual_seed(0)
        model, loss = (
            models.build({"name": "densefuse", "width": width}),
            losses.build({"gradient_weight": weight}),
        )
        if is_pack:
            loss.gradient = shared  # keeps the targets of the tensors that it saw last
        recipe = TrainSettings(steps=1, learning_rate=1e-3, schedule="constant")
        optimisation = Optimisation(model, recipe)
        optimisation.begin(1)
        steps.append(functools.partial(_step, optimisation, loss))
    return steps


def _step(
    optimisation: Optimisation, loss: FusionLoss, infrared: Tensor, visible: Tensor
) -> StepOutput:
    output = fusion_output(optimisation, loss, infrared, visible)
    optimisation.step(output.loss)
    return output


def curves(steps: list[Step], sampler: CropSampler, *, is_pack: bool) -> list[float]:
    """Take some steps of all trials and return their losses, trial by trial."""
    found: list[list[float]] = [[] for _ in steps]
    for number in range(STEPS):
        batch = sampler.batch(number)
        for take, values in zip(steps, found, strict=True):
            values.append(float(take(*(batch if is_pack else sampler.batch(number))).value))
    return [value for values in found for value in values]


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    data = {
        "name": "synthetic",
        "crop": 64,
        "pairs": {"train": 16, "val": 1, "test": 1},
        "size": [480, 640],
        "seed": 0,
    }
    examples: Examples = task_of({"data": data}).examples()
    assert isinstance(examples, PairSet)
    rows = []
    for name, (width, batch_size, crop) in CASES.items():
        sampler = CropSampler(examples.pairs("train"), crop=crop, batch_size=batch_size, seed=0)
        both = {kind: trials(width, is_pack=kind == "pack") for kind in ("pack", "separate")}

        sides: dict[str, Callable[[], list[float]]] = {
            kind: functools.partial(curves, steps, sampler, is_pack=kind == "pack")
            for kind, steps in both.items()
        }
        if sides["pack"]() != sides["separate"]():
            raise SystemExit(f"{name}: the curves of a pack are not those of separate trials")
        seconds = alternate(sides, repeats=given.repeats or 9)
        rows.append(
            row(
                name,
                unit="step of four",
                ours=seconds["pack"],
                peer=seconds["separate"],
                peer_name="four trials one by one",
                per=STEPS,
                goal=GOAL,
                largest_error=0.0,
            )
        )
    found = content(
        "packs",
        about=ABOUT,
        rows=rows,
        load_before=load,
        notes=["ablate runs trials one by one; see docs/decisions/0010-no-packs.md"],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
