"""The multi-scale gradient loss, forward and backward, against plain forms of it.

Run: python -m benchmarks.loss [--repeats N] [--out FOLDER]
"""

import os
from collections.abc import Callable
from typing import cast

import torch
from kornia.losses import ssim_loss
from torch import Tensor, nn

from ablate import losses, models
from ablate.losses.structure import StructuralDistance
from ablate.losses.total import FusionLoss
from benchmarks.results import content, options, row, show, write
from benchmarks.timing import alternate
from tests.reference.losses import by_convolution, by_kornia

ABOUT = (
    "The paper's loss and its gradient by the fused image, batch 16x1x128x128, float32, one CPU "
    "thread. Targets are computed once per batch: the first call of a batch computes them, calls "
    "with the same sources (a probe's steps, the diagnosis) are given them. With SSIM: a step of "
    "the U-Net of width 8 and depth 1 (network, the paper's loss, SSIM of weight 1, backward, "
    "Adam) on a new batch of 4 crops of 64 px."
)
SHAPE = (16, 1, 128, 128)
LEVELS = (3, 5)
OF_A_STEP = (4, 1, 64, 64)
GOALS = {"computed": 2.5, "given": 4.0}  # against kornia
Loss = Callable[[Tensor], Tensor]


def with_gradient(loss: Loss, fused: Tensor) -> tuple[Tensor, Tensor]:
    """Return value and gradient at a fused image."""
    leaf = fused.detach().requires_grad_()
    value = loss(leaf)
    (slope,) = torch.autograd.grad(value, leaf)
    return value.detach(), slope


class KorniasSsim(nn.Module):
    """What stands for the structural term of a loss: kornia's, all of it at every call."""

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return 1 minus the mean SSIM to the two sources."""
        distance: Tensor = ssim_loss(fused, infrared, 11) + ssim_loss(fused, visible, 11)
        return distance


def step_with(ssim: nn.Module | None) -> Callable[[], object]:
    """Return what takes one step, each time on what counts as another batch.

    Args:
        ssim: The structural term; None: without one.
    """
    torch.manual_seed(0)
    model = models.build({"name": "unet", "width": 8, "depth": 1})
    loss = losses.build({"ssim_weight": 0.0 if ssim is None else 1.0})
    if ssim is not None:
        loss.structure = cast(StructuralDistance, ssim)  # called as one
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    infrared, visible = torch.rand((2, *OF_A_STEP), generator=torch.Generator().manual_seed(0))

    def step() -> None:
        batch = {"infrared": infrared[:], "visible": visible[:]}
        optimizer.zero_grad()
        loss(**batch, fused=model(**batch)).backward()
        optimizer.step()

    return step


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    torch.set_num_threads(1)
    drawn = torch.rand((3, *SHAPE), generator=torch.Generator().manual_seed(0))
    infrared, visible, fused = drawn
    rows = []
    for levels in LEVELS:
        term = {"levels": levels, "gradient_weight": 1, "intensity_weight": 0}
        ours = losses.build(term)

        def computed(image: Tensor, ours: FusionLoss = ours) -> Tensor:
            value: Tensor = ours(infrared=infrared[:], visible=visible[:], fused=image)
            return value  # of other tensors

        def kept(image: Tensor, ours: FusionLoss = ours) -> Tensor:
            value: Tensor = ours(infrared=infrared, visible=visible, fused=image)
            return value

        def kornia(image: Tensor, levels: int = levels) -> Tensor:
            return by_kornia(infrared=infrared, visible=visible, fused=image, levels=levels)

        def convolved(image: Tensor, levels: int = levels) -> Tensor:
            return by_convolution(infrared=infrared, visible=visible, fused=image, levels=levels)

        # one after the other, not in one round: `computed` would take the place of what is kept
        sides: dict[str, Loss] = {"kornia": kornia, "two convolutions": convolved}
        exact = losses.build({**term, "ties": "exact"})  # as the two convolutions choose
        error = _largest_error(exact, levels=levels)
        for name, side in (("computed", computed), ("given", kept)):
            seconds = alternate(
                {
                    label: lambda loss=loss: [with_gradient(loss, fused) for _ in range(3)]  # type: ignore[misc]
                    for label, loss in {name: side, **sides}.items()
                },
                repeats=given.repeats or 15,
                warm_up=2,
            )
            rows += [
                row(
                    f"{levels} levels, targets {name}, against {peer}",
                    unit="call",
                    per=3,
                    ours=seconds[name],
                    peer=seconds[peer],
                    peer_name=f"{peer}, a call per modality",
                    goal=GOALS[name] if peer == "kornia" else None,
                    largest_error=error if peer != "kornia" else None,
                )
                for peer in sides
            ]
    steps = alternate(
        {
            "without SSIM": step_with(None),
            "with SSIM": step_with(StructuralDistance()),
            "with kornia's SSIM": step_with(KorniasSsim()),
        },
        repeats=4 * (given.repeats or 15),
        warm_up=3,
    )
    rows += [
        row(
            f"with SSIM, against a step {peer}",
            unit="step",
            ours=steps["with SSIM"],
            peer=steps[peer],
            peer_name=f"the same step {peer}",
            goal=goal,
        )
        for peer, goal in (("with kornia's SSIM", None), ("without SSIM", 0.8))
    ]
    found = content(
        "loss",
        about=ABOUT,
        rows=rows,
        load_before=load,
        notes=[
            "kornia repeats the frame, so that its value differs; two convolutions are the "
            "definition, and largest_error is that of the float64 gradient against them",
            "the CUDA paths (a fused kernel, and one convolution per image and level) are timed by "
            "benchmarks/gpu.py",
        ],
    )
    show(found, write(found, folder=given.out))


def _largest_error(ours: FusionLoss, *, levels: int) -> float:
    """Return the largest difference of the float64 gradient to that of the two convolutions."""
    generator = torch.Generator().manual_seed(1)
    one, other, fused = torch.rand((3, 2, 1, 64, 64), generator=generator, dtype=torch.float64)

    def plain(image: Tensor) -> Tensor:
        return by_convolution(infrared=one, visible=other, fused=image, levels=levels)

    mine = with_gradient(lambda image: ours(infrared=one, visible=other, fused=image), fused)
    return float((mine[1] - with_gradient(plain, fused)[1]).abs().max())


if __name__ == "__main__":
    main()
