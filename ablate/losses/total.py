"""The mix that is trained on: intensity, gradient and SSIM terms with their weights."""

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, ShapeError
from ablate.losses.diagnosis import frame_share
from ablate.losses.multi_scale import MultiScaleGradient, gradient_size, level_value
from ablate.losses.structure import StructuralDistance
from ablate.settings.loss import LossSettings


class FusionLoss(nn.Module):
    """intensity_weight * L_int + lambda * L_grad + ssim_weight * L_ssim.

    L_int is mean|fused - max(infrared, visible)|, or against their mean, or the mean squared
    difference to each source, added. lambda is gradient_weight;
    with the policy "norm_matched" it is scaled so that the gradient term pulls at the mean of the
    sources as hard as the paper's would with that weight; "tuned" says that the study searches
    gradient_weight for every arm and computes as "shared". Terms of weight 0 are not computed.
    Half-precision inputs are computed in float32.

    Args:
        settings: The section `loss`, without a preset: `ablate.losses.typed` writes one out.
    """

    def __init__(self, settings: LossSettings) -> None:
        super().__init__()
        self._intensity = settings.intensity
        self._intensity_weight = float(settings.intensity_weight)
        self._gradient_weight = float(settings.gradient_weight)
        self._ssim_weight = float(settings.ssim_weight)
        self._warmup_steps = settings.warmup_steps
        self._is_matched = settings.lambda_policy == "norm_matched"
        self._is_warming_up = False
        self._lambda = 0.0 if self._is_matched else self._gradient_weight
        self._ties = settings.ties
        self.gradient = MultiScaleGradient(settings)
        self.structure = StructuralDistance(to=settings.ssim_to, padding=settings.ssim_padding)
        self.needs_calibration = self._is_matched or settings.norm != "none"
        self._is_calibrated = not self.needs_calibration
        self.last_terms: dict[str, Tensor] = {}

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the loss; `last_terms` then has the unweighted terms.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.

        Raises:
            ShapeError: The three shapes differ, or are not one-channel batches of floats.
            ConfigError: norm or lambda_policy need constants and `calibrate` was not called.
        """
        images = checked_images(infrared=infrared, visible=visible, fused=fused)
        total, terms = self._others(**images)
        if self._gradient_weight and not self._is_warming_up:
            self._require_calibration()
            terms["gradient"] = self.gradient(**images)
            total = total + self._lambda * terms["gradient"]
            for level, value in enumerate(self.gradient.last_levels, start=1):
                terms[f"gradient/level{level}"] = value
        self.last_terms = {name: term.detach() for name, term in terms.items()}
        return total

    def at_step(self, step: int) -> None:
        """Tell which step of the training follows, counted from 1; warm-up ends by it."""
        self._is_warming_up = step <= self._warmup_steps

    @property
    def is_warming_up(self) -> bool:
        """Return whether the gradient term is left out now."""
        return self._is_warming_up

    def forget(self) -> None:
        """Release what is cached of the last batch; later values are the same."""
        self.gradient.forget()
        self.structure.forget()

    def calibrate(self, *, infrared: Tensor, visible: Tensor) -> dict[str, float]:
        """Measure what norm and lambda policy need, once; return it, empty where they need nothing.

        Args:
            infrared: Frozen calibration images, (batch, 1, height, width) in [0, 1].
            visible: Same shape.

        Raises:
            ConfigError: The images are flat at a level, so that nothing can be divided by it.
        """
        if not self.needs_calibration:
            return {}
        found = {
            f"level{level}": constant
            for level, constant in enumerate(
                self.gradient.calibrate(infrared=infrared, visible=visible), start=1
            )
        }
        if self._is_matched:
            own, papers = (
                _size_at_the_mean(term, infrared=infrared, visible=visible)
                for term in (self.gradient, MultiScaleGradient(LossSettings(ties=self._ties)))
            )
            if not own > 0:
                raise ConfigError(
                    "loss.lambda_policy: the gradient term is flat on the calibration images, so "
                    "it cannot be matched; use lambda_policy: shared or other images"
                )
            self._lambda = self._gradient_weight * papers / own
            found["lambda"] = self._lambda
        self._is_calibrated = True
        return found

    def diagnose(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> None:
        """Add to `last_terms` what the gradient term does at this fused image.

        Per level, beside its value: the size of its gradient (`gradient_size`), and its share in
        the frame of one pixel. Over all: the frame's share, and grad_share = |lambda dL_grad| /
        |dL|, both derivatives by the fused image. Costs one backward pass through a level's image
        operators per level, none through the network. What is not finite (a loss of 0 has no
        shares) is left out.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape; its graph is not used.
        """
        if not self._gradient_weight or self._is_warming_up:
            return
        self._require_calibration()
        images = checked_images(infrared=infrared, visible=visible, fused=fused.detach())
        images["fused"].requires_grad_()
        with torch.enable_grad():
            maps = list(self.gradient.maps(**images))
            values = [level_value(each) for each in maps]
            term = self.gradient.total(values)
            whole = self._lambda * term + self._others(**images)[0]
            found = {
                f"gradient/level{level}_size": gradient_size(value, images["fused"])
                for level, value in enumerate(values, start=1)
            }
            sizes = [gradient_size(value, images["fused"]) for value in (term, whole)]
        found["gradient/grad_share"] = self._lambda * sizes[0] / sizes[1]
        shares = [frame_share(each.detach()) for each in maps]
        weighted = [w * v.detach() for w, v in zip(self.gradient.weights, values, strict=True)]
        for level, share in enumerate(shares, start=1):
            found[f"gradient/level{level}_frame_share"] = share
        found["gradient/frame_share"] = (
            torch.stack(
                [share * value for share, value in zip(shares, weighted, strict=True)]
            ).sum()
            / torch.stack(weighted).sum()
        )
        self.last_terms.update({k: v for k, v in found.items() if bool(torch.isfinite(v))})

    def _others(
        self, *, infrared: Tensor, visible: Tensor, fused: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the weighted sum of the terms beside the gradient term, and each of them."""
        total, terms = fused.new_zeros(()), {}
        if self._intensity_weight:
            terms["intensity"] = self._intensity_term(
                infrared=infrared, visible=visible, fused=fused
            )
            total = total + self._intensity_weight * terms["intensity"]
        if self._ssim_weight:
            terms["ssim"] = self.structure(infrared=infrared, visible=visible, fused=fused)
            total = total + self._ssim_weight * terms["ssim"]
        return total, terms

    def _require_calibration(self) -> None:
        if not self._is_calibrated:
            raise ConfigError(
                "loss: norm and lambda_policy: norm_matched need constants; call "
                "calibrate(infrared=, visible=) with the calibration images first"
            )

    def _intensity_term(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        if self._intensity == "squares":
            return (fused - infrared).square().mean() + (fused - visible).square().mean()
        target = (
            torch.maximum(infrared, visible)
            if self._intensity == "max"
            else (infrared + visible) / 2
        )
        return (fused - target).abs().mean()


def _size_at_the_mean(term: MultiScaleGradient, *, infrared: Tensor, visible: Tensor) -> float:
    infrared, visible = infrared.double(), visible.double()
    fused = ((infrared + visible) / 2).requires_grad_()
    with torch.enable_grad():
        value = term(infrared=infrared, visible=visible, fused=fused)
        return float(gradient_size(value, fused))


def checked_images(*, infrared: Tensor, visible: Tensor, fused: Tensor) -> dict[str, Tensor]:
    """Return the images in float32 or float64, or refuse them."""
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
    return {
        name: image if image.dtype is torch.float64 else image.float()
        for name, image in (("infrared", infrared), ("visible", visible), ("fused", fused))
    }
