"""The network-free probe: the pixels of the fused image are the parameters."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.models.contract import MODELS
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """Settings of `probe`."""

    noise: float = field(
        "float",
        0.05,
        low=0,
        meaning="Standard deviation of the noise that the pixels start with, in grey levels from 0 "
        "to 1.",
    )


@MODELS.register("probe", settings=ProbeSettings)
class Probe(nn.Module):
    """Fused images that are optimised directly; a proxy, not evidence about networks.

    Starts from the mean of the sources plus noise, so that a seed means something.

    Source:
        ours; the measured values are in the loss catalogue of the design notes.
    """

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__()
        self.noise = settings.noise
        self.pixels = nn.Parameter(torch.empty(0))

    def start(self, *, infrared: Tensor, visible: Tensor, generator: torch.Generator) -> None:
        """Set the pixels to the mean of the sources plus noise, kept in [0, 1]."""
        mean = (infrared + visible) / 2
        noise = torch.randn(mean.shape, generator=generator).to(mean) * self.noise
        self.pixels = nn.Parameter((mean + noise).clamp(0, 1))

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the pixels, whatever the sources.

        During training the values may leave [0, 1] (a clamp would stop their gradient); clamp
        before scoring.
        """
        del infrared, visible
        return self.pixels
