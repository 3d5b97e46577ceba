"""What the published gradient terms are worth on some images, at the mean of the sources."""

import torch
from torch import Tensor

from ablate.losses import build
from ablate.losses.catalogue.contract import CATALOGUE


def catalogue_table(*, infrared: Tensor, visible: Tensor) -> list[dict[str, float | str]]:
    """Return a row per published loss: its gradient term with weight 1, nothing beside it.

    At the mean image several terms have one value by identity (sign kept or free, signed maximum):
    the table compares sizes, not variants.

    Args:
        infrared: (batch, 1, height, width) in [0, 1].
        visible: Same shape.

    Returns:
        Rows with name, value, size (`gradient_size`: 1 is that of an L1 intensity term),
        frame_share, and value and size of each level as level1, level1_size, ...

    Example:
        >>> pair = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        >>> rows = catalogue_table(infrared=pair[0], visible=pair[1])
        >>> {str(row["name"]): round(float(row["value"]), 2) for row in rows}["seafusion"]
        0.96
    """
    rows = []
    for name in CATALOGUE:
        loss = build({"preset": name, "gradient_weight": 1.0, "intensity_weight": 0.0})
        fused = ((infrared + visible) / 2).requires_grad_()
        value = loss(infrared=infrared, visible=visible, fused=fused)
        loss.diagnose(infrared=infrared, visible=visible, fused=fused)
        (param_grad,) = torch.autograd.grad(value, fused)
        row: dict[str, float | str] = {"name": name, "value": float(value.detach())}
        row["size"] = float(param_grad.square().mean().sqrt()) * param_grad.numel()
        row |= {
            key.removeprefix("gradient/"): float(term)
            for key, term in loss.last_terms.items()
            if key.startswith("gradient/") and key != "gradient/grad_share"
        }
        rows.append(row)
    return rows
