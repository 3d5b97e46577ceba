"""The multi-scale gradient loss: operator, components, selection and penalty at each level."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ablate.imaging.gradients import OPERATORS
from ablate.imaging.resample import resize
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.pyramid import level_side, scale_weights
from ablate.losses.selection import SELECTIONS


class MultiScaleGradient(nn.Module):
    """Distance of the fused image's gradients to those of the sources, over a pyramid.

    With its defaults it is the proposed loss of the paper: per level s (resized from full size,
    then Sobel), mean|gx_f - tx| + mean|gy_f - ty|, where t is per pixel and axis the source
    gradient of larger absolute value with its sign; levels are averaged.

    Args:
        operator: Name of the gradient operator.
        components: "axis_wise", "magnitude_l1" or "signed_sum".
        sign: "kept" or "free" (absolute responses are compared); axis_wise only.
        selection: Which source is the target.
        penalty: How a difference counts.
        levels: Number of levels, the first at full size.
        ratio: Side of a level over the side of the next finer one, in (0, 1).
        resampler: "bilinear", "antialias" or "area".
        weights: "equal", "geometric" or one number per level, finest first; normalised to sum 1.
        weight_growth: Weight of a level over the next finer one; "geometric" only.
        padding: "zeros" or "replicate".

    Source:
        arXiv 2510.13067; magnitude and sign-free forms as in SeAFusion and Text-IF, signed sum as
        in TC-MoA.
    """

    def __init__(
        self,
        *,
        operator: str = "sobel",
        components: str = "axis_wise",
        sign: str = "kept",
        selection: str = "per_axis_max",
        penalty: str = "l1",
        levels: int = 3,
        ratio: float = 0.5,
        resampler: str = "bilinear",
        weights: str | Sequence[float] = "equal",
        weight_growth: float = 1.0,
        padding: str = "zeros",
    ) -> None:
        super().__init__()
        self._operator = OPERATORS.get(operator, where="loss.operator")
        self._components = COMPONENTS.get(components, where="loss.components")
        self._select = SELECTIONS.get(selection, where="loss.selection")
        self._penalty = PENALTIES.get(penalty, where="loss.penalty")
        self._is_sign_free = sign == "free" and components == "axis_wise"
        self._ratio, self._resampler, self._padding = ratio, resampler, padding
        self.weights = scale_weights(weights, levels=levels, growth=weight_growth)
        self.last_levels: tuple[Tensor, ...] = ()

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the loss, a scalar of at least 0.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.
        """
        values = []
        for level in range(len(self.weights)):
            with torch.no_grad():
                target = self._select(
                    self._response(infrared, level), self._response(visible, level)
                )
            difference = self._response(fused, level) - target
            # mean per axis, axes added: the channels are averaged apart
            values.append(self._penalty(difference).mean(dim=(0, 2, 3)).sum())
        self.last_levels = tuple(value.detach() for value in values)
        return torch.stack(
            [weight * value for weight, value in zip(self.weights, values, strict=True)]
        ).sum()

    def _response(self, image: Tensor, level: int) -> Tensor:
        height, width = (
            level_side(side, level=level, ratio=self._ratio) for side in image.shape[-2:]
        )
        small = resize(image, (height, width), method=self._resampler)
        response = self._components(*self._operator(small, padding=self._padding))
        return response.abs() if self._is_sign_free else response
