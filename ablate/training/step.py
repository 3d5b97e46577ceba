"""One training step: the same function, launched kernel by kernel or captured in a graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.losses.total import FusionLoss
from ablate.training.determinism import precision
from ablate.training.optimisation import Optimisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a step leaves to be looked at; nothing of it can be differentiated."""

    value: Tensor  # of the loss, a scalar
    terms: Mapping[str, Tensor]  # of the loss, by name
    fused: Tensor  # (batch, 1, height, width), before the weights moved


Step = Callable[[Tensor, Tensor], Taken]  # of infrared and visible, (batch, 1, height, width)


def fusion_step(
    optimisation: Optimisation, loss: FusionLoss, *, device: torch.device, scale: float = 1.0
) -> Step:
    """Return the function that fuses a batch, descends its loss once, and returns what it saw.

    Args:
        optimisation: Moves the weights of its model, which is called with infrared= and visible=.
        loss: Called with infrared=, visible= and fused=, always in float32.
        device: Where the model lies.
        scale: Factor of the loss that is descended; the returned value is without it.
    """
    model, arithmetic = optimisation.model, optimisation.train.precision

    def take(infrared: Tensor, visible: Tensor) -> Taken:
        with precision(arithmetic, device):
            fused = model(infrared=infrared, visible=visible)
        value = loss(infrared=infrared, visible=visible, fused=_at_least_float32(fused))
        optimisation.descend(value * scale)
        return Taken(
            value=value.detach(), terms=dict(loss.last_terms), fused=fused.detach().float()
        )

    return take


def objective_step(
    optimisation: Optimisation,
    objective: Callable[..., Mapping[str, Tensor]],
    loss: FusionLoss,
    *,
    device: torch.device,
) -> Step:
    """Return the step of a stage with an objective of the network's own.

    Args:
        optimisation: Moves the weights.
        objective: Takes infrared=, visible= and loss= and returns weighted terms, whose sum is
            descended.
        loss: The study's, for objectives that have it among their terms.
        device: Where the model lies.
    """

    def in_float32(**images: Tensor) -> Tensor:
        with torch.autocast(device.type, enabled=False):
            value: Tensor = loss(**{k: _at_least_float32(v) for k, v in images.items()})
        return value

    def take(infrared: Tensor, visible: Tensor) -> Taken:
        with precision(optimisation.train.precision, device):
            terms = objective(infrared=infrared, visible=visible, loss=in_float32)
        value = torch.stack([_at_least_float32(term) for term in terms.values()]).sum()
        optimisation.descend(value)
        return Taken(
            value=value.detach(),
            terms={name: term.detach() for name, term in terms.items()},
            fused=visible.detach(),
        )

    return take


def _at_least_float32(values: Tensor) -> Tensor:
    """Return half-precision values in float32, others as they are."""
    return values if values.dtype is torch.float64 else values.float()
