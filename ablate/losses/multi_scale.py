"""The multi-scale gradient loss: operator, components, selection and penalty at each level."""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.low_pass import low_pass
from ablate.imaging.resample import pyramid, resize
from ablate.losses import fused as fused_level
from ablate.losses.components import COMPONENTS
from ablate.losses.kept import KeptForBatch
from ablate.losses.names import takes
from ablate.losses.penalty import PENALTIES
from ablate.losses.pyramid import level_scales, level_side, scale_weights
from ablate.losses.selection import SELECTIONS, TIE, blend

T = TypeVar("T")
Sides = Sequence[tuple[int, int]]


class MultiScaleGradient(nn.Module):
    """Distance of the fused image's gradients to those of the sources, over a pyramid.

    With its defaults it is the proposed loss of the paper: per level s (resized from full size,
    then Sobel), mean|gx_f - tx| + mean|gy_f - ty|, where t is per pixel and axis the source
    gradient of larger absolute value with its sign; levels are averaged.

    Args:
        operator: Name of a gradient operator or a Laplacian.
        gain: "raw" taps or "unit" gain.
        y_axis: "down" (rows grow) or "up", as repositories with the kernel [1 2 1; 0 0 0;
            -1 -2 -1] have it; matters where axes are added or signed values compared.
        components: What of the gradient is compared; a Laplacian is "scalar".
        sign: "kept" or "free" (absolute responses are compared); axis_wise and scalar only.
        selection: Which source is the target.
        gate_slope: Of the selection "soft".
        compared: Of the sources, their responses "as_is", or those after a 3x3 "low_pass" (SDNet).
        ties: What counts as equally large: "tolerant", what float32 cannot tell apart; "exact",
            equal floats.
        tied_target: The target where both are equally large, "visible" or "infrared".
        selected: "per_level", or "once": chosen at full size, the share of the infrared resized.
        target_exponent: The target t becomes sign(t) |t|^target_exponent (MURF: .7); above 0.
        penalty: How a difference counts.
        knee: Of the penalties "charbonnier" and "huber", in units of the operator.
        levels: Number of levels.
        scales: "powers" of the ratio, the first at full size, or one scale per level.
        ratio: Side of a level over the side of the next finer one, in (0, 1).
        resampler: How a level is made.
        resampled_from: "full_size", or "finer_level" (recursive).
        weights: "equal", "geometric" or one number per level, finest first; normalised to sum 1.
        weight_growth: Weight of a level over the next finer one; "geometric" only.
        padding: "zeros", "replicate", "reflect" or "valid".
        norm: "none", or what `calibrate` divides a level by: its "value", or its "grad", the
            `gradient_size`.

    Source:
        arXiv 2510.13067; magnitude and sign-free forms as in SeAFusion and Text-IF, signed sum as
        in TC-MoA; `ablate/losses/catalogue` has them by name.
    """

    def __init__(
        self,
        *,
        operator: str = "sobel",
        gain: str = "raw",
        y_axis: str = "down",
        components: str = "axis_wise",
        sign: str = "kept",
        selection: str = "per_axis_max",
        gate_slope: float = 4.0,
        compared: str = "as_is",
        ties: str = "tolerant",
        tied_target: str = "visible",
        selected: str = "per_level",
        target_exponent: float = 1.0,
        penalty: str = "l1",
        knee: float = 0.1,
        levels: int = 3,
        scales: str | Sequence[float] = "powers",
        ratio: float = 0.5,
        resampler: str = "bilinear",
        resampled_from: str = "full_size",
        weights: str | Sequence[float] = "equal",
        weight_growth: float = 1.0,
        padding: str = "zeros",
        norm: str = "none",
    ) -> None:
        super().__init__()
        is_scalar = operator in LAPLACIANS
        apply = (LAPLACIANS if is_scalar else OPERATORS).get(operator, where="loss.operator")
        self._operator = _given(apply, padding=padding, gain=gain)
        tolerance = 0.0 if ties == "exact" else TIE * _scale(apply, gain)
        component = "scalar" if is_scalar else components
        self._components = COMPONENTS.get(component, where="loss.components")
        select = SELECTIONS.get(selection, where="loss.selection")
        self._select = _given(select, gate_slope=gate_slope, tolerance=tolerance)
        self._is_smoothed, self._padding = compared == "low_pass", padding
        self._exponent = target_exponent
        self._is_tied_infrared = tied_target == "infrared" and takes(
            "selection", selection, "tolerance"
        )
        self._penalty = _given(PENALTIES.get(penalty, where="loss.penalty"), knee=knee)
        self._is_sign_free = sign == "free" and component in ("axis_wise", "scalar")
        self._points_up = y_axis == "up" and not is_scalar
        self._is_selected_once = selected == "once"
        self._resampler, self._is_recursive = resampler, resampled_from == "finer_level"
        self._scales = level_scales(scales, levels=levels, ratio=ratio)
        self._form = fused_level.form_of(
            operator=operator,
            gain=gain,
            y_axis=y_axis,
            components=component,
            sign=sign,
            selection=selection,
            compared=compared,
            selected=selected,
            tolerance=tolerance,
            tied_target=tied_target,
            target_exponent=target_exponent,
            penalty=penalty,
            padding=padding,
        )
        self._norm = norm
        self._constants = (1.0,) * len(self._scales) if norm == "none" else ()
        self.weights = scale_weights(weights, levels=len(self._scales), growth=weight_growth)
        self.last_levels: tuple[Tensor, ...] = ()
        self._kept = KeptForBatch()

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the loss, a scalar of at least 0.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.

        Raises:
            ConfigError: A norm was asked for and `calibrate` was not called.
        """
        values = self._by_kernel(infrared=infrared, visible=visible, fused=fused)
        if values is None:
            maps = self.maps(infrared=infrared, visible=visible, fused=fused)
            values = [level_value(each) for each in maps]
        self.last_levels = tuple(value.detach() for value in values)
        return self.total(values)

    def total(self, values: Sequence[Tensor]) -> Tensor:
        """Return the weighted sum of the values of the levels."""
        together = torch.stack(list(values))
        return (together * _weights(self.weights, together.dtype, together.device)).sum()

    def maps(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Iterator[Tensor]:
        """Yield per level what every pixel and channel costs, (batch, 1 or 2, height, width)."""
        if not self._constants:
            raise ConfigError(
                f"loss.norm: {self._norm!r} needs constants; call calibrate(infrared=, visible=)"
            )
        sides = self._sides(fused)
        targets = self._kept.of(
            lambda one, other: self._fresh_targets(one, other, sides),
            infrared,
            visible,
            name="targets",
        )
        levels = self._pyramid(fused, sides)
        for small, target, constant in zip(levels, targets, self._constants, strict=True):
            cost = self._penalty(self._response(small) - target)
            yield cost if constant == 1.0 else cost / constant

    def calibrate(self, *, infrared: Tensor, visible: Tensor) -> tuple[float, ...]:
        """Measure and return what each level is divided by, at the mean of the sources.

        Raises:
            ConfigError: A level is flat on these images, so nothing can be divided by it.
        """
        if self._norm == "none":
            return self._constants
        self._constants = (1.0,) * len(self._scales)
        infrared, visible = infrared.double(), visible.double()
        fused = ((infrared + visible) / 2).requires_grad_()
        with torch.enable_grad():
            maps = self.maps(infrared=infrared, visible=visible, fused=fused)
            values = [level_value(each) for each in maps]
            found = tuple(
                float(gradient_size(value, fused) if self._norm == "grad" else value.detach())
                for value in values
            )
        for level, constant in enumerate(found, start=1):
            if not constant > 0:
                raise ConfigError(
                    f"loss.norm: level {level} has {self._norm} {constant:g} on the calibration "
                    "images, which cannot be divided by; use norm: none or other images"
                )
        self._constants = found
        return found

    def forget(self) -> None:
        """Let go of what is held of the last sources: the next call computes it anew."""
        self._kept.forget()

    def _by_kernel(
        self, *, infrared: Tensor, visible: Tensor, fused: Tensor
    ) -> list[Tensor] | None:
        """Return the values of the levels by `ablate.losses.fused`, None where it has them not."""
        sides = self._sides(fused)
        if self._form is None or not self._constants:
            return None
        if not fused_level.is_usable(fused, smallest_px=min(map(min, sides))):
            return None
        sources = self._kept.of(
            lambda *both: [tuple(self._pyramid(image, sides)) for image in both],
            infrared,
            visible,
            name="levels",
        )
        levels = zip(*sources, self._pyramid(fused, sides), strict=True)
        values = [
            fused_level.level_value(infrared=one, visible=other, fused=small, form=self._form)
            for one, other, small in levels
        ]
        return [
            value if constant == 1.0 else value / constant
            for value, constant in zip(values, self._constants, strict=True)
        ]

    def _sides(self, image: Tensor) -> list[tuple[int, int]]:
        return [
            (level_side(image.shape[-2], scale=scale), level_side(image.shape[-1], scale=scale))
            for scale in self._scales
        ]

    def _fresh_targets(self, infrared: Tensor, visible: Tensor, sides: Sides) -> tuple[Tensor, ...]:
        once = self._share(infrared, visible) if self._is_selected_once else None
        both = (self._pyramid(image, sides) for image in (infrared, visible))
        return tuple(self._target(one, other, once) for one, other in zip(*both, strict=True))

    def _pyramid(self, image: Tensor, sides: Sides) -> Iterator[Tensor]:
        return pyramid(image, sides, method=self._resampler, is_recursive=self._is_recursive)

    @torch.no_grad()
    def _target(self, infrared: Tensor, visible: Tensor, once: Tensor | None) -> Tensor:
        of_infrared, of_visible = self._response(infrared), self._response(visible)
        if once is not None:
            height, width = of_visible.shape[-2:]
            share = resize(once.to(of_visible.dtype), (height, width), method=self._resampler)
        elif self._is_smoothed:
            share = self._share(infrared, visible)
        else:
            share = self._chosen(of_infrared, of_visible)
        target = blend(share, of_infrared, of_visible)
        return target if self._exponent == 1 else target.sign() * target.abs() ** self._exponent

    @torch.no_grad()
    def _share(self, infrared: Tensor, visible: Tensor) -> Tensor:
        if self._is_smoothed:
            infrared, visible = (
                low_pass(image, padding=self._padding) for image in (infrared, visible)
            )
        return self._chosen(self._response(infrared), self._response(visible))

    def _chosen(self, of_infrared: Tensor, of_visible: Tensor) -> Tensor:
        if self._is_tied_infrared:
            return self._select(of_visible, of_infrared).logical_not()
        return self._select(of_infrared, of_visible)

    def _response(self, image: Tensor) -> Tensor:
        responses: tuple[Tensor, ...] = self._operator(image)
        if self._points_up:
            grad_x, grad_y = responses
            responses = (grad_x, -grad_y)
        response = self._components(*responses)
        return response.abs() if self._is_sign_free else response


@functools.lru_cache(maxsize=64)
def _weights(weights: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(weights, dtype=dtype, device=device)


def level_value(cost: Tensor) -> Tensor:
    """Return the mean per channel, channels added: mean over x plus mean over y."""
    return cost.mean(dim=(0, 2, 3)).sum()


def gradient_size(value: Tensor, fused: Tensor) -> Tensor:
    """Return the RMS over the pixels of the value's gradient, times their number.

    So it does not depend on crop or batch, and an L1 intensity term has 1.
    """
    (param_grad,) = torch.autograd.grad(value, fused, retain_graph=True)
    return param_grad.square().mean().sqrt() * param_grad.numel()


def _scale(apply: Callable[..., tuple[Tensor, ...]], gain: str) -> float:
    """Return by what a gain multiplies the raw responses of an operator."""
    if gain == "raw" or "gain" not in inspect.signature(apply).parameters:
        return 1.0
    impulse = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    impulse[..., 1, 1] = 1
    scaled, raw = (
        sum(float(response.abs().sum()) for response in apply(impulse, gain=each))
        for each in (gain, "raw")
    )
    return scaled / raw


def _given(function: Callable[..., T], **options: object) -> Callable[..., T]:
    """Return the function with those of the options that it takes."""
    takes = inspect.signature(function).parameters
    taken = {name: value for name, value in options.items() if name in takes}
    return functools.partial(function, **taken)
