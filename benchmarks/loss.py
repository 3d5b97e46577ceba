"""The multi-scale gradient loss, forward and backward, against plain forms of it.

Run: python -m benchmarks.loss [--repeats N] [--out FOLDER]
"""

import os
from collections.abc import Callable

import torch
from torch import Tensor

from ablate import losses
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate
from tests.reference.losses import by_convolution, by_kornia

ABOUT = (
    "The paper's loss and its gradient by the fused image, batch 16x1x128x128, float32, one CPU "
    "thread. Targets are computed once per batch: the first call of a batch computes them, calls "
    "with the same sources (a probe's steps, the diagnosis) are given them."
)
SHAPE = (16, 1, 128, 128)
LEVELS = (3, 5)
GOALS = {"computed": 2.5, "given": 4.0}  # against kornia
Loss = Callable[[Tensor], Tensor]


def with_gradient(loss: Loss, fused: Tensor) -> tuple[Tensor, Tensor]:
    """Return value and gradient at a fused image."""
    leaf = fused.detach().requires_grad_()
    value = loss(leaf)
    (slope,) = torch.autograd.grad(value, leaf)
    return value.detach(), slope


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    drawn = torch.rand((3, *SHAPE), generator=torch.Generator().manual_seed(0))
    infrared, visible, fused = drawn
    rows = []
    for levels in LEVELS:
        ours = losses.build({"levels": levels, "gradient_weight": 1, "intensity_weight": 0})

        def computed(image: Tensor, ours: Loss = ours) -> Tensor:
            return ours(infrared=infrared[:], visible=visible[:], fused=image)  # other tensors

        def kept(image: Tensor, ours: Loss = ours) -> Tensor:
            return ours(infrared=infrared, visible=visible, fused=image)

        def kornia(image: Tensor, levels: int = levels) -> Tensor:
            return by_kornia(infrared=infrared, visible=visible, fused=image, levels=levels)

        def convolved(image: Tensor, levels: int = levels) -> Tensor:
            return by_convolution(infrared=infrared, visible=visible, fused=image, levels=levels)

        # one after the other, not in one round: `computed` would take the place of what is kept
        sides: dict[str, Loss] = {"kornia": kornia, "two convolutions": convolved}
        error = _largest_error(ours, levels=levels)
        for name, side in (("computed", computed), ("given", kept)):
            seconds = alternate(
                {
                    label: lambda loss=loss: [with_gradient(loss, fused) for _ in range(3)]  # type: ignore[misc]
                    for label, loss in {name: side, **sides}.items()
                },
                repeats=given.repeats or 15, warm_up=2,
            )  # fmt: skip
            rows += [
                row(
                    f"{levels} levels, targets {name}, against {peer}", unit="call", per=3,
                    ours=seconds[name], peer=seconds[peer],
                    peer_name=f"{peer}, a call per modality",
                    goal=GOALS[name] if peer == "kornia" else None,
                    largest_error=error if peer != "kornia" else None,
                )
                for peer in sides
            ]  # fmt: skip
    found = content(
        "loss", about=ABOUT, rows=rows, load_before=load,
        notes=[
            "kornia repeats the frame, so that its value differs; two convolutions are the "
            "definition, and largest_error is that of the float64 gradient against them",
            "the CUDA paths (a fused kernel, and one convolution per image and level) are timed by "
            "benchmarks/gpu.py",
        ],
    )  # fmt: skip
    show(found, write(found, folder=given.out))


def _largest_error(ours: Loss, *, levels: int) -> float:
    """Return the largest difference of the float64 gradient to that of the two convolutions."""
    generator = torch.Generator().manual_seed(1)
    one, other, fused = torch.rand((3, 2, 1, 64, 64), generator=generator, dtype=torch.float64)

    def plain(image: Tensor) -> Tensor:
        return by_convolution(infrared=one, visible=other, fused=image, levels=levels)

    mine = with_gradient(lambda image: ours(infrared=one, visible=other, fused=image), fused)
    return float((mine[1] - with_gradient(plain, fused)[1]).abs().max())


if __name__ == "__main__":
    main()
