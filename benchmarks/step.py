"""The training step: fp32 plane by plane against bf16 autocast with the channels together.

Run: python -m benchmarks.step [--repeats N] [--out FOLDER]
"""

import os
from collections.abc import Callable

import torch

from ablate import losses, models
from ablate.settings.train import TrainSettings
from ablate.training.determinism import laid_out, layout_of
from ablate.training.environment import cpu
from ablate.training.fusion import fusion_output
from ablate.training.optimisation import Optimisation
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate

ABOUT = (
    "One step of a training (network, the paper's loss with its targets, backward, Adam), batch "
    "16, crop 128 px, one CPU thread. The loss is in float32 on every side."
)
SHAPE = (16, 1, 128, 128)
NETWORKS = {"densefuse": 16, "unet": 16}  # and their width
SIDES = {
    "fp32, nchw": ("fp32", "nchw"),
    "fp32, channels_last": ("fp32", "channels_last"),
    "bf16, nchw": ("bf16", "nchw"),
    "bf16, channels_last": ("bf16", "channels_last"),
}
PLAIN, FAST = "fp32, nchw", "bf16, channels_last"
GOAL = 3.0  # where the processor has AMX


def step_of(
    name: str,
    *,
    width: int,
    arithmetic: str,
    layout: str,
    shape: tuple[int, ...] = SHAPE,
    device: str = "cpu",
) -> Callable[[], object]:
    """Return what takes one step, each time on what counts as another batch."""
    on, how = torch.device(device), layout_of(layout)
    torch.manual_seed(0)
    model = models.build({"name": name, "width": width})
    model.to(on, memory_format=how)
    drawn = torch.rand((2, *shape), generator=torch.Generator().manual_seed(0)).to(on)
    infrared, visible = (laid_out(image, how) for image in drawn)
    recipe = TrainSettings(steps=1, learning_rate=1e-4, schedule="constant", precision=arithmetic)
    optimisation = Optimisation(model, recipe)
    optimisation.begin(1)
    loss = losses.build({}).to(on)

    def step() -> None:
        optimisation.step(fusion_output(optimisation, loss, infrared[:], visible[:]).loss)

    return step


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    rows = []
    for name, width in NETWORKS.items():
        seconds = alternate(
            {
                side: step_of(name, width=width, arithmetic=arithmetic, layout=layout)
                for side, (arithmetic, layout) in SIDES.items()
            },
            repeats=given.repeats or 5,
        )
        rows += [
            row(
                f"{name}, width {width}, {side}",
                unit="step",
                ours=seconds[side],
                peer=seconds[PLAIN],
                peer_name=PLAIN,
                goal=GOAL if side == FAST else None,
            )
            for side in SIDES
            if side != PLAIN
        ]
    has_amx = any(flag.startswith("amx") for flag in cpu()["flags"])
    found = content(
        "step",
        about=ABOUT,
        rows=rows,
        load_before=load,
        notes=[
            "the goal is one for processors with AMX; this one has "
            + ("it" if has_amx else "none, its bf16 instructions are those of AVX-512"),
            "what bf16 does to final metrics stands under ranking",
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
