"""A base and a detail branch on shared features, in the manner of CDDFuse; small."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.models.contract import MODELS, FusionNetwork, Original
from ablate.models.settings import check_at_least, check_name
from ablate.models.transformer import TransformerBlock

FORMS = ("light", "published")


@MODELS.register("cddfuse")
class CDDFuse(FusionNetwork):
    """CDDFuse-like two-branch network: long-range base by attention, detail by coupling layers.

    Both sources pass one encoder; base and detail features are added over the sources, each fused
    by a layer of its own, and decoded together with the visible image.

    Differs from the original: trained in one stage by the study's loss (the original has two
    stages, the first an auto-encoder, with a correlation loss between the branches); fewer channels
    and blocks. With `form: light` the base branch uses Restormer's depth-wise attention block, the
    scale of a coupling layer is bounded to [1/e, e], and its convolutions pad with zeros. The
    original is `{width: 64, blocks: 4, heads: 8, couplings: 3, form: published}`.

    Args:
        width: Channels of the features, even; 64 in the original. At least 2.
        blocks: Transformer blocks of encoder and decoder, each; 4 in the original. At least 1.
        heads: Attention heads; 8 in the original. Divides `width`.
        couplings: Coupling layers of a detail branch; 3 in the original. At least 1.
        form: `light`, or `published` for the layers of the original: 3x3 convolutions over all
            channels in the attention of the base branch, unbounded scales, reflection at borders.

    Source:
        Zhao et al., CVPR 2023, arXiv 2211.14461; net.py and train.py of
        Zhaozixiang1228/MMIF-CDDFuse at fd8da1f.
    """

    source = "Zhao et al., CVPR 2023, arXiv 2211.14461 (CDDFuse)"
    published = Original(
        settings={"width": 64, "blocks": 4, "heads": 8, "couplings": 3, "form": "published"},
        parameters=1_188_272,
    )

    def __init__(
        self,
        *,
        width: int = 16,
        blocks: int = 1,
        heads: int = 2,
        couplings: int = 2,
        form: str = "light",
    ) -> None:
        super().__init__()
        check_at_least(1, blocks=blocks, heads=heads, couplings=couplings)
        check_name("form", form, FORMS)
        is_published = form == "published"
        self.smallest_px = 2 if is_published else 1  # reflection needs a neighbour
        if width < 2 or width % 2:
            raise ConfigError(f"model.width: must be even and at least 2, got {width}")

        def stage() -> nn.Sequential:
            return nn.Sequential(
                *(TransformerBlock(width, heads=heads, expansion=2.0) for _ in range(blocks))
            )

        def base_block() -> TransformerBlock:
            return TransformerBlock(width, heads=heads, expansion=1.0, is_full=is_published)

        self.encoder = nn.Sequential(nn.Conv2d(1, width, 3, padding=1, bias=False), stage())
        self.base = base_block()
        self.detail = nn.Sequential(
            *(Coupling(width, is_published=is_published) for _ in range(couplings))
        )
        self.fused_base = base_block()
        self.fused_detail = Coupling(width, is_published=is_published)
        self.decoder = nn.Sequential(nn.Conv2d(2 * width, width, 1, bias=False), stage())
        self.last = nn.Sequential(
            nn.Conv2d(width, width // 2, 3, padding=1, bias=False),
            nn.LeakyReLU(),
            nn.Conv2d(width // 2, 1, 3, padding=1, bias=False),
        )

    def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance in [0, 1]."""
        hot, lit = self.encoder(infrared), self.encoder(visible)
        base = self.fused_base(self.base(hot) + self.base(lit))
        detail = self.fused_detail(self.detail(hot) + self.detail(lit))
        fused: Tensor = self.last(self.decoder(torch.cat([base, detail], dim=1)))
        return torch.sigmoid(fused + visible)


class Coupling(nn.Module):
    """Affine coupling: each half of the mixed channels is changed by what the other says."""

    def __init__(self, channels: int, *, is_published: bool = False) -> None:
        super().__init__()
        half = channels // 2
        self.is_bounded = not is_published
        self.mix = nn.Conv2d(channels, channels, 1)
        self.shift_second, self.scale_first, self.shift_first = (
            Bottleneck(half, padding="reflect" if is_published else "zeros") for _ in range(3)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        first, second = self.mix(features).chunk(2, dim=1)
        second = second + self.shift_second(first)
        exponent = self.scale_first(second)
        scale = (torch.tanh(exponent) if self.is_bounded else exponent).exp()
        return torch.cat([first * scale + self.shift_first(second), second], dim=1)


class Bottleneck(nn.Module):
    """Inverted residual block of MobileNetV2 without norm: widen, filter per channel, narrow."""

    def __init__(self, channels: int, *, padding: str = "zeros") -> None:
        super().__init__()
        wide = 2 * channels
        self.widen = nn.Conv2d(channels, wide, 1, bias=False)
        self.filter = nn.Conv2d(
            wide, wide, 3, padding=1, groups=wide, bias=False, padding_mode=padding
        )
        self.narrow = nn.Conv2d(wide, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        out: Tensor = self.narrow(F.relu6(self.filter(F.relu6(self.widen(features)))))
        return out
