"""The contract of a part of the loss: a finite scalar whose gradient reaches the fused image."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ablate import losses
from ablate.contracts.trying import pair
from ablate.settings.terms import kinds

SIDE_PX = 64
ALONE = {"levels": 2, "intensity_weight": 0.0}  # the gradient term without its mix
NONE = {"gradient_weight": 0, "intensity_weight": 0}
NAMED = {  # what belongs to no step of the gradient term is tried in a named term
    "terms": lambda name: {"kind": name},
    "region": lambda name: {"kind": "intensity", "region": name},
}


def faults(setting: str, name: str) -> Iterator[str]:
    """Yield every broken part of the contract of one part of the loss, or of a published loss.

    Args:
        setting: Of the section loss, which the name is a value of: operator, penalty, ...; terms of
            a kind of term, region of a region.
        name: The member.
    """
    tried = _tried(setting, name)
    refused = [losses.check(settings, SIDE_PX) for settings in tried]
    if all(refused):
        yield f"cannot be used at all: {refused[0][0]}"
        return
    settings = tried[refused.index([])]
    loss = losses.build(settings)
    reads = kinds()[name].facts.get("reads", "").split() if setting == "terms" else []
    infrared, visible, start = pair(batch=2, height_px=SIDE_PX, width_px=SIDE_PX)

    def at(fused: Tensor, *, sources: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor | None]:
        image = fused.clone().requires_grad_()
        features = {feature: image.expand(-1, 3, -1, -1) for feature in reads}
        value: Tensor = loss(
            infrared=sources[0], visible=sources[1], fused=image, features=features
        )
        if value.requires_grad:
            value.backward()  # type: ignore[no-untyped-call]
        return value.detach(), image.grad

    value, gradient = at(start, sources=(infrared, visible))
    if value.shape != ():
        yield f"makes the loss {list(value.shape)}, not a scalar; keep the shape of what came in"
        return
    if not bool(torch.isfinite(value)):
        yield f"makes the loss {float(value)} on ordinary images; keep it finite"
    if gradient is None or not bool(gradient.any()):
        yield (
            "no gradient of it reaches the fused image; use torch operations that can be "
            "differentiated, and no detach, no rounding, no comparison alone"
        )
    elif not bool(torch.isfinite(gradient).all()):
        yield "its gradient is not finite on ordinary images; fix where it divides or takes roots"
    if not torch.equal(value, at(start, sources=(infrared, visible))[0]):
        yield "gives another value for the same images; draw nothing at random in it"
    flat = torch.full_like(start, 0.5)
    for what, fused, sources in (
        ("flat images", flat, (flat, flat)),
        ("a fused image that equals a source", infrared, (infrared, visible)),
    ):
        value, gradient = at(fused, sources=sources)
        if not bool(torch.isfinite(value)):
            yield f"makes the loss {float(value)} on {what}; keep it finite at 0"
        elif gradient is not None and not bool(torch.isfinite(gradient).all()):
            yield (
                f"its gradient is not finite on {what}; a root or a quotient needs a small "
                "constant inside, such as (x * x + 1e-12).sqrt()"
            )


def _tried(setting: str, name: str) -> list[dict[str, Any]]:
    """Return the losses in which a member is tried, until one may have it."""
    if setting in NAMED:
        return [{**NONE, "terms": {"tried": NAMED[setting](name)}}]
    return [
        {setting: name, **({} if setting == "preset" else ALONE), **more}
        for more in ({}, {"operator": "laplacian"})  # some components have one response only
        if setting not in more
    ]
