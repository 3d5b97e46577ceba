"""Distance of gradients over a pyramid: the gradient term of the loss, as a term among others."""

from torch import Tensor, nn

from ablate.losses.multi_scale import MultiScaleGradient
from ablate.losses.terms.contract import TERMS, Cost, Images
from ablate.settings.loss import LossSettings


@TERMS.register("gradient")
class GradientTerm(nn.Module):
    """Distance of the gradients of the fused image to those of its sources, over a pyramid.

    Its settings are those of the gradient term: operator, components, sign, selection, levels, ...
    """

    def __init__(self, settings: LossSettings) -> None:
        super().__init__()
        self.gradient = MultiScaleGradient(settings)

    def forward(self, images: Images) -> Cost:
        """Return what every pixel costs, a map per level."""
        of = {"infrared": images.infrared, "visible": images.visible, "fused": images.fused}
        maps = self.gradient.maps(**of)
        weighted = zip(self.gradient.weights, maps, strict=True)
        return [weight * each.sum(dim=1, keepdim=True) for weight, each in weighted]

    def value(self, images: Images) -> Tensor:
        """Return the mean of the maps, added; by one kernel where there is one."""
        value: Tensor = self.gradient(
            infrared=images.infrared, visible=images.visible, fused=images.fused
        )
        return value

    def forget(self) -> None:
        """Release what is cached of the last sources."""
        self.gradient.forget()
