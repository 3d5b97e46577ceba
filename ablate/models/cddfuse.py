"""A base and a detail branch on shared features, in the manner of CDDFuse; small."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.models.contract import MODELS, FusionNetwork
from ablate.models.settings import check_at_least
from ablate.models.transformer import TransformerBlock


@MODELS.register("cddfuse")
class CDDFuse(FusionNetwork):
    """CDDFuse-like two-branch network: long-range base by attention, detail by coupling layers.

    Both sources pass one encoder; base and detail features are added over the sources, each fused
    by a layer of its own, and decoded together with the visible image.

    Differs from the original: trained in one stage by the study's loss (the original has two
    stages, the first an auto-encoder, with a correlation loss between the branches); the base
    branch uses Restormer's depth-wise attention block; the scale of a coupling layer is bounded to
    [1/e, e]; a coupling layer pads with zeros; fewer channels and blocks.

    Args:
        width: Channels of the features, even; 64 in the original. At least 2.
        blocks: Transformer blocks of encoder and decoder, each; 4 in the original. At least 1.
        heads: Attention heads; 8 in the original. Divides `width`.
        couplings: Coupling layers of a detail branch; 3 in the original. At least 1.

    Source:
        Zhao et al., CVPR 2023, arXiv 2211.14461; net.py and train.py of
        Zhaozixiang1228/MMIF-CDDFuse at 40de058.
    """

    source = "Zhao et al., CVPR 2023, arXiv 2211.14461 (CDDFuse)"

    def __init__(
        self, *, width: int = 16, blocks: int = 1, heads: int = 2, couplings: int = 2
    ) -> None:
        super().__init__()
        check_at_least(1, blocks=blocks, heads=heads, couplings=couplings)
        if width < 2 or width % 2:
            raise ConfigError(f"model.width: must be even and at least 2, got {width}")

        def stage() -> nn.Sequential:
            return nn.Sequential(
                *(TransformerBlock(width, heads=heads, expansion=2.0) for _ in range(blocks))
            )

        self.encoder = nn.Sequential(nn.Conv2d(1, width, 3, padding=1, bias=False), stage())
        self.base = TransformerBlock(width, heads=heads, expansion=1.0)
        self.detail = nn.Sequential(*(Coupling(width) for _ in range(couplings)))
        self.fused_base = TransformerBlock(width, heads=heads, expansion=1.0)
        self.fused_detail = Coupling(width)
        self.decoder = nn.Sequential(nn.Conv2d(2 * width, width, 1, bias=False), stage())
        self.last = nn.Sequential(
            nn.Conv2d(width, width // 2, 3, padding=1, bias=False),
            nn.LeakyReLU(),
            nn.Conv2d(width // 2, 1, 3, padding=1, bias=False),
        )

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        hot, lit = self.encoder(infrared), self.encoder(visible)
        base = self.fused_base(self.base(hot) + self.base(lit))
        detail = self.fused_detail(self.detail(hot) + self.detail(lit))
        predicted: Tensor = self.last(self.decoder(torch.cat([base, detail], dim=1)))
        return predicted

    def bounded(self, predicted: Tensor, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return sigmoid(p + visible), as the repository has it."""
        del infrared
        return torch.sigmoid(predicted + visible)


class Coupling(nn.Module):
    """Affine coupling: each half of the mixed channels is changed by what the other says."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.mix = nn.Conv2d(channels, channels, 1)
        self.shift_second, self.scale_first, self.shift_first = (Bottleneck(half) for _ in range(3))

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        first, second = self.mix(features).chunk(2, dim=1)
        second = second + self.shift_second(first)
        scale = torch.tanh(self.scale_first(second)).exp()
        return torch.cat([first * scale + self.shift_first(second), second], dim=1)


class Bottleneck(nn.Module):
    """Inverted residual block of MobileNetV2 without norm: widen, filter per channel, narrow."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.widen = nn.Conv2d(channels, wide, 1, bias=False)
        self.filter = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False)
        self.narrow = nn.Conv2d(wide, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        out: Tensor = self.narrow(F.relu6(self.filter(F.relu6(self.widen(features)))))
        return out
