"""The contract of a fusion network: any size, [0, 1], the same from the same seed."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ablate import models
from ablate.contracts.trying import check_settings, own_settings, pair
from ablate.models.contract import MODELS, parameter_count
from ablate.training.initialisation import initialise

SIZES = ((64, 64), (37, 50), (41, 33))  # height, width in pixels
HALF_LEVEL = 0.5 / 255
TOGETHER = 1e-4  # of a pair in a batch and alone: arithmetic may run in another order


def faults(name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield every broken part of the contract of one network.

    Args:
        name: The network.
        settings: Its own.

    Raises:
        MissingError: It has settings without defaults that are not given.
    """
    given = own_settings(settings)
    check_settings(MODELS.get(name), given)

    def made(seed: int = 0) -> nn.Module:
        model: nn.Module = models.build({"name": name, **given})
        initialise(model, seed=seed)
        return model

    model = made()
    if parameter_count(model) == 0:
        yield "has nothing to train; register its layers as attributes in __init__"
        return
    before = copy.deepcopy(model.state_dict())
    for height, width in SIZES:
        infrared, visible, _ = pair(batch=2, height_px=height, width_px=width)
        fused = _fused(model.eval(), infrared, visible)
        if not isinstance(fused, Tensor) or fused.shape != infrared.shape:
            shape = list(fused.shape) if isinstance(fused, Tensor) else type(fused).__name__
            yield (
                f"{height}x{width} images gave {shape}, not {list(infrared.shape)}; derive from "
                "FusionNetwork, write `fuse`, and set multiple_px"
            )
            return
        if not bool(torch.isfinite(fused).all()):
            yield "a fused image is not finite under fresh weights; fix where it divides"
            return
        if float(fused.min()) < -HALF_LEVEL or float(fused.max()) > 1 + HALF_LEVEL:
            yield (
                f"fused images reach from {float(fused.min()):.3g} to {float(fused.max()):.3g}, "
                "outside [0, 1]; end with torch.sigmoid or clamp"
            )
    after = model.state_dict()
    if moved := [name for name in before if not torch.equal(before[name], after[name])]:
        yield (
            f"in evaluation mode fusing changes {', '.join(moved[:3])}, so scores would depend on "
            "their order; change it only while self.training"
        )
    infrared, visible, _ = pair(batch=2)
    alone = [_fused(model, infrared[at], visible[at]) for at in (slice(1), slice(1, 2))]
    if not torch.allclose(
        _fused(model, infrared, visible), torch.cat(alone), rtol=0.0, atol=TOGETHER
    ):
        yield (
            "in evaluation mode a pair in a batch is fused differently than alone; scoring fuses "
            "several at once; take no statistics over the batch"
        )
    yield from _trains(model, *pair(batch=2)[:2])
    infrared, visible, _ = pair()
    if not torch.equal(
        _fused(made().eval(), infrared, visible), _fused(made().eval(), infrared, visible)
    ):
        yield (
            "two networks of one seed differ; draw nothing at random in __init__ but the weights "
            "of layers"
        )
    other = made(seed=1).eval()
    try:
        other.load_state_dict(made().state_dict(), strict=True)
    except (RuntimeError, TypeError, ValueError) as error:
        first = str(error).split("\n", 1)[0]
        yield f"its state cannot be loaded into a second one ({first}); keep state in parameters"
        return
    if not torch.equal(_fused(other, infrared, visible), _fused(made().eval(), infrared, visible)):
        yield "its state does not hold all that it learns; keep that in parameters or buffers"


def _trains(model: nn.Module, infrared: Tensor, visible: Tensor) -> Iterator[str]:
    fused = model.train()(infrared=infrared, visible=visible)
    if not fused.requires_grad:
        yield "its output carries no gradient; remove detach, no_grad or numpy from `fuse`"
        return
    (fused - infrared).square().mean().backward()
    unreached = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    if unreached:
        yield f"no gradient reaches {', '.join(unreached[:3])}; use it in `fuse`, or remove it"


def _fused(model: nn.Module, infrared: Tensor, visible: Tensor) -> Any:
    with torch.no_grad():
        return model(infrared=infrared, visible=visible)
