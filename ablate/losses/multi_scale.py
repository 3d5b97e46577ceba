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
from ablate.losses.penalty import PENALTIES
from ablate.losses.pyramid import level_scales, level_side, scale_weights
from ablate.losses.selection import SELECTIONS, TIE, blend
from ablate.settings.loss import LossSettings, takes

T = TypeVar("T")
Sides = Sequence[tuple[int, int]]


class MultiScaleGradient(nn.Module):
    """Distance of the fused image's gradients to those of the sources, over a pyramid.

    With its defaults it is the proposed loss of the paper: per level s (resized from full size,
    then Sobel), mean|gx_f - tx| + mean|gy_f - ty|, where t is per pixel and axis the source
    gradient of larger absolute value with its sign; levels are averaged.

    Args:
        settings: The gradient term and its norm; what weighs it beside other terms is not read.

    Source:
        arXiv 2510.13067; magnitude and sign-free forms as in SeAFusion and Text-IF, signed sum as
        in TC-MoA; `ablate/losses/catalogue` has them by name.

    Example:
        >>> image = torch.zeros(1, 1, 16, 16)
        >>> term = MultiScaleGradient(LossSettings(levels=2))
        >>> float(term(infrared=image, visible=image, fused=image))
        0.0
    """

    def __init__(self, settings: LossSettings | None = None) -> None:
        super().__init__()
        asked = LossSettings() if settings is None else settings
        is_scalar = asked.operator in LAPLACIANS
        operators = LAPLACIANS if is_scalar else OPERATORS
        apply = operators.get(asked.operator, where="loss.operator")
        component = "scalar" if is_scalar else asked.components
        compare = COMPONENTS.get(component, where="loss.components")
        select = SELECTIONS.get(asked.selection, where="loss.selection")
        penalty = PENALTIES.get(asked.penalty, where="loss.penalty")
        tolerance = 0.0 if asked.ties == "exact" else TIE * _scale(apply, asked.gain)
        self._operator = _given(
            apply, padding=asked.padding, gain=asked.gain, **asked.options("operator")
        )
        self._components = _given(compare, **asked.options("components"))
        self._select = _given(select, tolerance=tolerance, **asked.options("selection"))
        self._penalty = _given(penalty, **asked.options("penalty"))
        self._is_smoothed, self._padding = asked.compared == "low_pass", asked.padding
        self._exponent = asked.target_exponent
        self._is_tied_infrared = asked.tied_target == "infrared" and takes(
            "selection", asked.selection, "tolerance"
        )
        self._is_sign_free = asked.sign == "free" and component in ("axis_wise", "scalar")
        self._points_up = asked.y_axis == "up" and not is_scalar
        self._is_selected_once = asked.selected == "once"
        self._resampler = asked.resampler
        self._is_recursive = asked.resampled_from == "finer_level"
        self._scales = level_scales(asked.scales, levels=asked.levels, ratio=asked.ratio)
        self._form = fused_level.form_of(asked, tolerance=tolerance)
        self._norm = asked.norm
        self._constants = (1.0,) * len(self._scales) if asked.norm == "none" else ()
        self.weights = scale_weights(
            asked.weights, levels=len(self._scales), growth=asked.weight_growth
        )
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
        """Release what is cached of the last sources; the next call computes it again."""
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
