"""What one fused image costs in arithmetic."""

import torch
from torch import nn


def flops(model: nn.Module, *, height_px: int, width_px: int) -> int:
    """Return the floating-point operations that fusing one pair of this size takes.

    A multiply-add counts as two; halve the number for MACs. Only convolutions, matrix products and
    attention are counted, not norms, activations or padding, as `torch.utils.flop_counter` does.
    The model is left as it was.

    Example:
        >>> from ablate.models import build
        >>> flops(build({"name": "densefuse", "width": 1}), height_px=2, width_px=2)
        2952
    """
    from torch.utils.flop_counter import FlopCounterMode

    first = next(model.parameters(), torch.empty(0))
    image = torch.zeros(1, 1, height_px, width_px, device=first.device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(infrared=image, visible=image)
    finally:
        model.train(was_training)
    return int(counter.get_total_flops())
