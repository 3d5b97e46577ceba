"""Adversarial: a critic tells fused images from a source, and learns while the network does."""

from dataclasses import dataclass
from typing import Any

import torch
from kornia.filters import sobel
from torch import Tensor, nn

from ablate.losses.regions import SalientSettings, salient
from ablate.losses.terms.contract import TERMS, Images, Opponent, target_of
from ablate.settings.setting import field

LAYERS = 4  # each halves the image and doubles the channels
BETAS = (0.5, 0.999)  # of its optimiser, Adam
WASSERSTEIN = ("wasserstein", "wasserstein_divergence")
POWER = 6  # of the slopes, in the divergence


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialSettings:
    """What the critic compares, by which game, and how it learns."""

    real: str = field(
        "name",
        "visible",
        choices=("visible", "infrared", "max", "mean"),
        meaning="What the critic takes for real: a source, or their maximum or mean.",
    )
    sees: str = field(
        "name",
        "image",
        choices=("image", "edges", "salient"),
        meaning="What of both images the critic sees: all, the Sobel magnitude, or the image times "
        "the salient region.",
        source="TarDAL (edges of the visible, salient infrared)",
    )
    game: str = field(
        "name",
        "least_squares",
        choices=("least_squares", *WASSERSTEIN),
        meaning="least_squares: real is 1, fused is 0, squared errors; wasserstein: difference of "
        "mean outputs, slopes are pulled to 1; wasserstein_divergence: the same, the sixth power "
        "of slopes is minimised.",
        source="Mao et al., ICCV 2017; Gulrajani et al., NeurIPS 2017; Wu et al., ECCV 2018",
    )
    critic_steps: int = field(
        "int", 1, low=1, high=100, meaning="Steps of the critic at each step of the network."
    )
    critic_rate: float = field(
        "float", 2e-4, above=0, high=1, meaning="Learning rate of the critic (Adam, constant)."
    )
    critic_width: int = field(
        "int", 16, low=1, high=512, meaning="Channels of the critic's first layer of four."
    )
    slope_weight: float = field(
        "float",
        10.0,
        low=0,
        only_with={"game": WASSERSTEIN},
        meaning="Weight of what the slopes of the critic cost; TarDAL has 2.",
    )


@TERMS.register("adversarial", settings=AdversarialSettings, gives="scalar")
class Adversarial(Opponent):
    """What the fused images lose to a critic; 0 where it takes them for real (least squares).

    The critic has four convolutions of stride 2, the mean over places and one linear output, so it
    takes images of every size.

    Source:
        FusionGAN (Ma et al., Information Fusion 2019): least squares, real is the visible.
        TarDAL (Liu et al., CVPR 2022): two of them, wasserstein_divergence, of the salient infrared
        and of the edges of the visible.
    """

    def __init__(self, settings: AdversarialSettings) -> None:
        super().__init__()
        self._settings = settings
        self._critic = _critic(settings.critic_width).requires_grad_(False)
        self._optimizer = torch.optim.Adam(
            self._critic.parameters(), lr=settings.critic_rate, betas=BETAS
        )

    def forward(self, images: Images) -> Tensor:
        """Return the loss of the network against the critic as it is."""
        found = self._output(self._seen(images.fused, images))
        return -found.mean() if self._is_wasserstein else (found - 1).square().mean()

    def improve(self, images: Images) -> None:
        """Take the critic's steps against a batch; the network does not move."""
        with torch.no_grad():
            real = target_of(images.infrared, images.visible, self._settings.real)
            real = self._seen(real, images)
            made = self._seen(images.fused, images)
        self._critic.requires_grad_(True)
        for _ in range(self._settings.critic_steps):
            self._optimizer.zero_grad(set_to_none=True)
            self._loss(real, made).backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
        self._critic.requires_grad_(False)

    def state(self) -> dict[str, Any]:
        """Return the critic and its optimiser, for a checkpoint."""
        return {"weights": self._critic.state_dict(), "optimizer": self._optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._critic.load_state_dict(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])

    @property
    def _is_wasserstein(self) -> bool:
        return self._settings.game in WASSERSTEIN

    def _loss(self, real: Tensor, made: Tensor) -> Tensor:
        if not self._is_wasserstein:
            return (self._output(real) - 1).square().mean() + self._output(made).square().mean()
        between = torch.lerp(real, made, torch.rand_like(real[:, :1, :1, :1])).requires_grad_()
        (slope,) = torch.autograd.grad(self._output(between).sum(), between, create_graph=True)
        steepness: Tensor = slope.flatten(1).norm(dim=1)
        is_divergence = self._settings.game == "wasserstein_divergence"
        cost = steepness.pow(POWER) if is_divergence else (steepness - 1).square()
        distance = self._output(made).mean() - self._output(real).mean()
        return distance + self._settings.slope_weight * cost.mean()

    def _seen(self, image: Tensor, images: Images) -> Tensor:
        if self._settings.sees == "edges":
            edges: Tensor = sobel(image)
            return edges
        if self._settings.sees == "salient":
            mask: Tensor = salient(images.infrared, images.visible, settings=SalientSettings())
            return image * mask
        return image

    def _output(self, image: Tensor) -> Tensor:
        found: Tensor = self._critic(image.to(next(self._critic.parameters()).dtype))
        return found


def _critic(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(LAYERS):
        before, after = (1 if number == 0 else width << number - 1), width << number
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width << LAYERS - 1, 1)
    )
