"""The gradient loss of one level in one kernel each way, on CUDA where there is Triton.

`multi_scale` has the same in torch: what computes elsewhere, and what the kernels are tested
against. Other settings than those claimed here are computed there.
"""

import functools
import importlib.util
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ablate.settings.loss import LossSettings, loss_settings
from ablate.settings.setting import Setting, settings_of

PADDINGS = ("zeros", "replicate", "reflect", "valid")
COMPONENTS = ("axis_wise", "magnitude_l1", "signed_sum")
SELECTIONS = ("per_axis_max", "joint_max")
SMALLEST_PX = 3  # below, some padding or "valid" has nothing to read
TAPS = {"sobel": (1.0, 2.0), "taps": (0.2, 1.0), "scharr": (3.0, 10.0), "prewitt": (1.0, 1.0)}
# Settings that may differ from their default, and the values that the kernels have; None: any.
SUPPORTED: Final[Mapping[str, Collection[Any] | None]] = {
    "operator": tuple(TAPS),
    "gain": ("raw", "unit"),
    "y_axis": ("down", "up"),
    "components": COMPONENTS,
    "sign": ("kept", "free"),
    "selection": SELECTIONS,
    "ties": ("exact", "tolerant"),
    "padding": PADDINGS,
    # beside the value of a level: made before it, or done with it
    **dict.fromkeys(("levels", "scales", "ratio", "resampler", "resampled_from")),
    **dict.fromkeys(("weights", "weight_growth", "norm")),
    **dict.fromkeys(("preset", "mix", "lambda_policy", "warmup_steps", "gradient_weight")),
    **dict.fromkeys(("intensity", "intensity_weight", "ssim_weight", "ssim_to", "ssim_padding")),
    "terms": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the kernels are compiled for."""

    padding: int  # index in PADDINGS
    components: int  # index in COMPONENTS
    is_sign_free: bool
    is_joint: bool
    points_up: bool
    tolerance: float  # by how much the infrared must be larger, in units of the response
    edge: float
    centre: float


def form_of(settings: LossSettings, *, tolerance: float) -> Form | None:
    """Return what the kernels need to know of a loss, None where they do not have it.

    A setting that is not at its default and not in `SUPPORTED` is one that they would ignore: the
    loss is not theirs then, whether or not this file knows the setting.

    Args:
        settings: Those of `MultiScaleGradient`.
        tolerance: By how much the response of the infrared must be larger to be the target, in
            units of the response; a joint choice with one needs float64, which the kernels lack.
    """
    known = {**settings_of(type(settings)), **loss_settings()}
    values = {name: getattr(settings, name) for name in settings_of(type(settings))}
    values |= settings.of_steps
    is_known = all(_is_supported(name, value, known.get(name)) for name, value in values.items())
    is_joint = settings.selection == "joint_max"
    if not is_known or (is_joint and (tolerance != 0 or settings.components != "axis_wise")):
        return None
    edge, centre = TAPS[settings.operator]
    ramp = 1.0 if settings.gain == "raw" else 2 * (2 * edge + centre)
    return Form(
        padding=PADDINGS.index(settings.padding),
        components=COMPONENTS.index(settings.components),
        is_sign_free=settings.sign == "free",
        is_joint=is_joint,
        points_up=settings.y_axis == "up",
        tolerance=tolerance,
        edge=edge / ramp,
        centre=centre / ramp,
    )


def _is_supported(name: str, value: Any, setting: Setting | None) -> bool:
    if name in SUPPORTED:
        claimed = SUPPORTED[name]
        return claimed is None or value in claimed
    return setting is not None and value == setting.default


def is_usable(image: Tensor, *, smallest_px: int) -> bool:
    """Return whether the kernels can compute on images like this one.

    Args:
        image: The fused one.
        smallest_px: Smallest side of a level.
    """
    is_fit = image.is_cuda and image.dtype is torch.float32 and smallest_px >= SMALLEST_PX
    return is_fit and has_triton()


@functools.cache
def has_triton() -> bool:
    """Return whether Triton is installed; CUDA builds of torch bring it."""
    return importlib.util.find_spec("triton") is not None


def level_value(*, infrared: Tensor, visible: Tensor, fused: Tensor, form: Form) -> Tensor:
    """Return the mean over x plus the mean over y of a level, a scalar.

    It can be differentiated once, by the fused image.

    Args:
        infrared: (batch, 1, height, width), float32, at the size of the level.
        visible: Same shape.
        fused: Same shape.
        form: See `form_of`.
    """
    value: Tensor = _Level.apply(infrared, visible, fused, form)  # type: ignore[no-untyped-call]  # torch's
    return value


class _Level(torch.autograd.Function):
    # enable_fp_fusion=False: rounded as in torch, so that equal images stay equal and ties ties
    @staticmethod
    def forward(ctx: Any, infrared: Tensor, visible: Tensor, fused: Tensor, form: Form) -> Tensor:
        from ablate.losses import kernels

        images = [image.contiguous() for image in (infrared, visible, fused)]
        batch, _, height, width = fused.shape
        margin = 2 * (PADDINGS[form.padding] == "valid")
        pixels = batch * (height - margin) * (width - margin)
        blocks = -(-pixels // kernels.BLOCK)
        sums = fused.new_empty(blocks)
        slopes = torch.empty((2, pixels), dtype=torch.int8, device=fused.device)
        with _on(fused.device):
            kernels.forward[(blocks,)](
                *images,
                sums,
                slopes,
                pixels,
                height,
                width,
                1 / pixels,
                PADDING=form.padding,
                COMPONENTS=form.components,
                SIGN_FREE=form.is_sign_free,
                JOINT=form.is_joint,
                UP=form.points_up,
                TOLERANCE=form.tolerance,
                EDGE=form.edge,
                CENTRE=form.centre,
                BLOCK=kernels.BLOCK,
                enable_fp_fusion=False,
            )
        ctx.save_for_backward(slopes)
        ctx.form, ctx.shape = form, fused.shape
        return sums.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[None, None, Tensor, None]:
        from ablate.losses import kernels

        (slopes,) = ctx.saved_tensors
        _, _, height, width = ctx.shape
        grad = torch.empty(ctx.shape, dtype=upstream.dtype, device=upstream.device)
        pixels = slopes.shape[1]
        with _on(upstream.device):
            kernels.backward[(-(-grad.numel() // kernels.BLOCK),)](
                slopes,
                upstream,
                grad,
                pixels,
                grad.numel(),
                height,
                width,
                1 / pixels,
                PADDING=ctx.form.padding,
                EDGE=ctx.form.edge,
                CENTRE=ctx.form.centre,
                BLOCK=kernels.BLOCK,
                enable_fp_fusion=False,
            )
        return None, None, grad, None


def _on(device: torch.device) -> torch.cuda.device:
    """Return a context in which the GPU is current, as Triton needs it; without effect on a CPU."""
    return torch.cuda.device(device if device.type == "cuda" else -1)
