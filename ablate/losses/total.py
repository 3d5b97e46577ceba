"""The loss that is trained on: a sum of weighted terms, three of them by settings of their own."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, ShapeError
from ablate.losses.diagnosis import frame_share
from ablate.losses.multi_scale import MultiScaleGradient, gradient_size, level_value
from ablate.losses.named import counts
from ablate.losses.structure import StructuralDistance
from ablate.losses.term import Term
from ablate.losses.terms.contract import Images, Opponent, target_of
from ablate.settings.loss import LossSettings


class FusionLoss(nn.Module):
    """intensity_weight * L_int + lambda * L_grad + ssim_weight * L_ssim + the named terms.

    L_int is mean|fused - max(infrared, visible)|, or against their mean, or the mean squared
    difference to each source, added. lambda is gradient_weight;
    with the policy "norm_matched" it is scaled so that the gradient term pulls at the mean of the
    sources as hard as the paper's would with that weight; "tuned" says that the study searches
    gradient_weight for every arm and computes as "shared". Terms of weight 0 are not computed.
    `ablate.losses.term` has the terms of `loss.terms`.
    Half-precision inputs are computed in float32.

    Args:
        settings: The section `loss`, without a preset: `ablate.losses.typed` writes one out.
    """

    _changing: Tensor

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
        self.named = nn.ModuleDict(
            {
                name: Term(term)
                for name, term in (settings.terms or {}).items()
                if term is not None and counts(term)
            }
        )
        found = [self._term(name).weight_at(None) for name in self.named]
        self._now = dict(zip(self.named, found, strict=True))  # weights at this step
        self.register_buffer(  # where a captured step reads those that change
            "_changing", torch.tensor(found, dtype=torch.float64), persistent=False
        )
        self._opponents_wait = False  # for the images of a step
        self.last_terms: dict[str, Tensor] = {}

    def forward(
        self,
        *,
        infrared: Tensor,
        visible: Tensor,
        fused: Tensor,
        features: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """Return the loss; `last_terms` then has the unweighted terms.

        The first call after `at_step` lets `opponents` improve before.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.
            features: What the network handed out beside its image, by name.

        Raises:
            ShapeError: The three shapes differ, or are not one-channel batches of floats.
            ConfigError: norm or lambda_policy need constants and `calibrate` was not called.
        """
        images = checked_images(infrared=infrared, visible=visible, fused=fused)
        if self._opponents_wait:
            self._improve(images)
        total, terms = self._others(**images)
        if self._gradient_weight and not self._is_warming_up:
            self._require_calibration()
            terms["gradient"] = self.gradient(**images)
            total = total + self._lambda * terms["gradient"]
            for level, value in enumerate(self.gradient.last_levels, start=1):
                terms[f"gradient/level{level}"] = value
        for name, weight, value in self._named(images, features):
            terms[name] = value
            total = total + weight * value
            if self._term(name).is_learned:
                total = total + self._term(name).log_variance
        self.last_terms = {name: term.detach() for name, term in terms.items()}
        return total

    def at_step(self, step: int) -> None:
        """Tell which step of the training follows, counted from 1; schedules go by it."""
        self._is_warming_up = step <= self._warmup_steps
        self._opponents_wait = bool(self.opponents)
        if self.named:
            self._now = {name: self._term(name).weight_at(step) for name in self.named}
            self._changing.copy_(torch.tensor(list(self._now.values()), dtype=torch.float64))

    @property
    def is_warming_up(self) -> bool:
        """Return whether the gradient term is left out now."""
        return self._is_warming_up

    @property
    def computed(self) -> tuple[bool, ...]:
        """Return which of the terms that may be left out are computed now."""
        return (not self._is_warming_up, *(weight != 0 for weight in self._now.values()))

    @property
    def learned(self) -> list[nn.Parameter]:
        """Return what is trained with the network: the log-variances of learned weights."""
        every = [self._term(name) for name in self.named]
        return [term.log_variance for term in every if term.is_learned]

    @property
    def opponents(self) -> dict[str, Opponent]:
        """Return name -> what has weights of its own and learns against the network."""
        every = {name: self._term(name).opponent for name in self.named}
        return {name: one for name, one in every.items() if one is not None}

    def forget(self) -> None:
        """Release what is cached of the last batch; later values are the same."""
        self.gradient.forget()
        self.structure.forget()
        for name in self.named:
            self._term(name).forget()

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

    def diagnose(
        self,
        *,
        infrared: Tensor,
        visible: Tensor,
        fused: Tensor,
        features: Any = None,
    ) -> None:
        """Add to `last_terms` what each term does at this fused image.

        Of each term: its weight now, and its share |weight dL_term| / |dL|, both derivatives by the
        fused image. Of the gradient term also, per level, the size of its gradient
        (`gradient_size`) and its share in the frame of one pixel, and the frame's share over all.
        Costs one backward pass through a term's image operators per term and level, none through
        the network. What is not finite (a loss of 0 has no shares) is left out.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape; its graph is not used.
            features: See `forward`; theirs is not used either.
        """
        images = checked_images(infrared=infrared, visible=visible, fused=fused.detach())
        images["fused"].requires_grad_()
        has_gradient = bool(self._gradient_weight) and not self._is_warming_up
        found: dict[str, Tensor] = {}
        with torch.enable_grad():
            weighted = self._weighted(images, features)
            if has_gradient:
                self._require_calibration()
                maps = list(self.gradient.maps(**images))
                values = [level_value(each) for each in maps]
                weighted["gradient"] = self._lambda, self.gradient.total(values)
                for level, value in enumerate(values, start=1):
                    found[f"gradient/level{level}_size"] = gradient_size(value, images["fused"])
            moving = {name: one for name, one in weighted.items() if one[1].requires_grad}
            whole = sum(weight * value for weight, value in moving.values())
            if isinstance(whole, Tensor):
                of_all = gradient_size(whole, images["fused"])
                for name, (weight, value) in moving.items():
                    size = gradient_size(value, images["fused"])
                    found[f"{name}/grad_share"] = weight * size / of_all
        for name, (weight, value) in weighted.items():
            found[f"{name}/weight"] = value.new_tensor(float(weight))
        if has_gradient:
            found |= self._frame_shares([each.detach() for each in maps])
        self.last_terms.update({k: v for k, v in found.items() if bool(torch.isfinite(v))})

    def _weighted(
        self, images: Mapping[str, Tensor], features: Mapping[str, Tensor] | None
    ) -> dict[str, tuple[Tensor | float, Tensor]]:
        """Return name -> weight and value of every term but the gradient term."""
        of_short = {"intensity": self._intensity_weight, "ssim": self._ssim_weight}
        found: dict[str, tuple[Tensor | float, Tensor]] = {
            name: (of_short[name], value) for name, value in self._others(**images)[1].items()
        }
        detached = {name: value.detach() for name, value in (features or {}).items()}
        for name, weight, value in self._named(images, detached):
            found[name] = weight.detach() if isinstance(weight, Tensor) else weight, value
        return found

    def _frame_shares(self, maps: list[Tensor]) -> dict[str, Tensor]:
        shares = [frame_share(each) for each in maps]
        found = {f"gradient/level{n}_frame_share": one for n, one in enumerate(shares, start=1)}
        weighted = [w * level_value(m) for w, m in zip(self.gradient.weights, maps, strict=True)]
        parts = [share * value for share, value in zip(shares, weighted, strict=True)]
        found["gradient/frame_share"] = torch.stack(parts).sum() / torch.stack(weighted).sum()
        return found

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

    def _term(self, name: str) -> Term:
        term = self.named[name]
        assert isinstance(term, Term)
        return term

    def _named(
        self, images: Mapping[str, Tensor], features: Mapping[str, Tensor] | None
    ) -> Iterator[tuple[str, Tensor | float, Tensor]]:
        """Yield name, weight now and value of every named term that has a weight now."""
        every = Images(**images, features=features or {})
        for at, (name, weight) in enumerate(self._now.items()):
            if weight:
                term = self._term(name)
                value = term(every)
                if term.is_learned:
                    yield name, torch.exp(-term.log_variance), value
                else:
                    at_step = self._changing[at].to(value.dtype) if term.changes else weight
                    yield name, at_step, value

    def _improve(self, images: Mapping[str, Tensor]) -> None:
        self._opponents_wait = False
        of_step = {name: image.detach() for name, image in images.items()}
        for name, opponent in self.opponents.items():
            if self._now[name]:
                opponent.improve(Images(**of_step, features={}))

    def _require_calibration(self) -> None:
        if not self._is_calibrated:
            raise ConfigError(
                "loss: norm and lambda_policy: norm_matched need constants; call "
                "calibrate(infrared=, visible=) with the calibration images first"
            )

    def _intensity_term(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        if self._intensity == "squares":
            return (fused - infrared).square().mean() + (fused - visible).square().mean()
        target = target_of(infrared, visible, self._intensity)
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
