"""The mix that is trained on: intensity, gradient and SSIM terms with their weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ablate.errors import ShapeError
from ablate.losses.multi_scale import MultiScaleGradient
from ablate.losses.settings import OF_THE_GRADIENT, canonical
from ablate.losses.structure import ssim_distance


class FusionLoss(nn.Module):
    """intensity_weight * L_int + gradient_weight * L_grad + ssim_weight * L_ssim.

    L_int is mean|fused - max(infrared, visible)|, or against their mean. Terms of weight 0 are not
    computed. Half-precision inputs are computed in float32.

    Args:
        settings: The loss section in any form that `check` accepts.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        kept = canonical(settings)
        self._intensity = kept.get("intensity", "max")
        self._intensity_weight = float(kept["intensity_weight"])
        self._gradient_weight = float(kept["gradient_weight"])
        self._ssim_weight = float(kept["ssim_weight"])
        self.gradient = MultiScaleGradient(
            **{name: kept[name] for name in OF_THE_GRADIENT if name in kept}
        )
        self.last_terms: dict[str, Tensor] = {}

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the loss; `last_terms` then has the unweighted terms.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.

        Raises:
            ShapeError: The three shapes differ, or are not one-channel batches of floats.
        """
        if not infrared.shape == visible.shape == fused.shape:
            raise ShapeError(
                f"loss: infrared {tuple(infrared.shape)}, visible {tuple(visible.shape)} and fused "
                f"{tuple(fused.shape)} must have one shape"
            )
        if fused.ndim != 4 or fused.shape[1] != 1:
            raise ShapeError(
                f"loss: needs images (batch, 1, height, width), got {tuple(fused.shape)}; "
                "pass Y of a colour image"
            )
        for image in (infrared, visible, fused):
            if not image.is_floating_point():
                raise ShapeError(f"loss: needs floats in [0, 1], got {image.dtype}; divide by 255")
        images = {
            name: image if image.dtype is torch.float64 else image.float()
            for name, image in (("infrared", infrared), ("visible", visible), ("fused", fused))
        }
        total = images["fused"].new_zeros(())
        terms: dict[str, Tensor] = {}
        if self._intensity_weight:
            terms["intensity"] = self._intensity_term(**images)
            total = total + self._intensity_weight * terms["intensity"]
        if self._gradient_weight:
            terms["gradient"] = self.gradient(**images)
            total = total + self._gradient_weight * terms["gradient"]
        if self._ssim_weight:
            terms["ssim"] = ssim_distance(**images)
            total = total + self._ssim_weight * terms["ssim"]
        self.last_terms = {name: term.detach() for name, term in terms.items()}
        if self._gradient_weight:
            for level, value in enumerate(self.gradient.last_levels, start=1):
                self.last_terms[f"gradient/level{level}"] = value
        return total

    def _intensity_term(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        target = (
            torch.maximum(infrared, visible)
            if self._intensity == "max"
            else (infrared + visible) / 2
        )
        return (fused - target).abs().mean()
