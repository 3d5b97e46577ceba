"""A base and a detail branch on shared features, in the manner of CDDFuse; small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.imaging.correlation import correlation
from ablate.models.contract import MODELS, Fused, FusionNetwork
from ablate.models.transformer import TransformerBlock
from ablate.settings.network import NetworkSettings
from ablate.settings.setting import field

Padding = Literal["zeros", "reflect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CDDFuseSettings(NetworkSettings):
    """Settings of `cddfuse`; the original has 64 channels, 4 blocks, 8 heads and 3 couplings."""

    width: int = field(
        "int", 16, low=2, high=4096, unit="channels", meaning="Channels of the features; even."
    )
    blocks: int = field(
        "int", 1, low=1, high=64, meaning="Transformer blocks of encoder and decoder, each."
    )
    heads: int = field("int", 2, low=1, high=4096, meaning="Attention heads; divides the width.")
    couplings: int = field("int", 2, low=1, high=64, meaning="Coupling layers of a detail branch.")
    form: str = field(
        "name",
        "light",
        written=False,
        choices=("light", "published"),
        absent="light",
        meaning="Layers of the base and the detail branch: light: few parameters; published: those "
        "of the original, whose released weights fit: 3x3 convolutions over all channels in the "
        "attention of the base branch, unbounded scales, reflection at borders.",
    )


@MODELS.register("cddfuse", settings=CDDFuseSettings)
class CDDFuse(FusionNetwork):
    """CDDFuse-like two-branch network: long-range base by attention, detail by coupling layers.

    Both sources pass one encoder; base and detail features are added over the sources, each fused
    by a layer of its own, and decoded together with the visible image.

    The stages of `train.stages` may have two objectives of the original: `reconstruction` (phase I,
    an auto-encoder of each source) and `decomposition` (phase II, the study's loss and the
    correlation of the branches); `train: {preset: cddfuse}` has both.

    Differs from the original: fewer channels and blocks. With `form: light` the base branch uses
    Restormer's depth-wise attention block, the scale of a coupling layer is bounded to [1/e, e],
    and its convolutions pad with zeros. The original is `{width: 64, blocks: 4, heads: 8,
    couplings: 3, form: published, output: sigmoid}`.

    Source:
        Zhao et al., CVPR 2023, arXiv 2211.14461; net.py and train.py of
        Zhaozixiang1228/MMIF-CDDFuse at fd8da1f.
    """

    source = "Zhao et al., CVPR 2023, arXiv 2211.14461 (CDDFuse)"
    features = ("infrared_base", "visible_base", "infrared_detail", "visible_detail")

    def __init__(self, settings: CDDFuseSettings) -> None:
        super().__init__()
        width, blocks, heads = settings.width, settings.blocks, settings.heads
        couplings, is_published = settings.couplings, settings.form == "published"
        self.smallest_px = 2 if is_published else 1  # reflection needs a neighbour
        if width % 2:
            raise ConfigError(f"model.width: must be even, got {width}")

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

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        return self._fused(self._branches(infrared), self._branches(visible))

    def fuse(self, *, infrared: Tensor, visible: Tensor) -> Fused:
        """Return the fused luminance, and the features of both branches of both sources."""
        hot, lit = self._branches(infrared), self._branches(visible)
        image = self.image_of(self._fused(hot, lit), infrared=infrared, visible=visible)
        of = {"infrared": hot, "visible": lit}
        features = {f"{name}_base": one.base for name, one in of.items()}
        features |= {f"{name}_detail": one.detail for name, one in of.items()}
        return Fused(image=image, features=features)

    def bounded(self, predicted: Tensor, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return sigmoid(p + visible), as the repository has it."""
        del infrared
        return torch.sigmoid(predicted + visible)

    def parts(self) -> Mapping[str, tuple[nn.Module, ...]]:
        """Return the four parts that the repository gives an optimiser each."""
        return {
            "encoder": (self.encoder, self.base, self.detail),
            "decoder": (self.decoder, self.last),
            "base_fusion": (self.fused_base,),
            "detail_fusion": (self.fused_detail,),
        }

    def objectives(self) -> Mapping[str, Callable[..., Mapping[str, Tensor]]]:
        """Return the objectives of phase I and phase II, with the repository's weights."""
        return {"reconstruction": self._reconstruction, "decomposition": self._decomposition}

    def _branches(self, image: Tensor) -> "Branches":
        features = self.encoder(image)
        return Branches(base=self.base(features), detail=self.detail(features))

    def _decoded(self, branches: "Branches") -> Tensor:
        both = torch.cat([branches.base, branches.detail], dim=1)
        decoded: Tensor = self.last(self.decoder(both))
        return decoded

    def _fused(self, hot: "Branches", lit: "Branches") -> Tensor:
        base = self.fused_base(hot.base + lit.base)
        return self._decoded(Branches(base=base, detail=self.fused_detail(hot.detail + lit.detail)))

    def _reconstruction(
        self, *, infrared: Tensor, visible: Tensor, loss: Callable[..., Tensor]
    ) -> Mapping[str, Tensor]:
        """Return the terms of phase I: each source against what its own features decode to."""
        from kornia.filters import spatial_gradient
        from kornia.losses import ssim_loss

        del loss
        hot, lit = self._branches(infrared), self._branches(visible)
        terms = {}
        for name, source, branches in (("infrared", infrared, hot), ("visible", visible, lit)):
            again = self.image_of(self._decoded(branches), infrared=source, visible=source)
            terms[name] = 5 * ssim_loss(source, again, 11) + F.mse_loss(again, source)
        terms["gradient"] = 5 * F.l1_loss(spatial_gradient(visible), spatial_gradient(again))
        return {**terms, "decomposition": 2 * decomposition(hot, lit)}

    def _decomposition(
        self, *, infrared: Tensor, visible: Tensor, loss: Callable[..., Tensor]
    ) -> Mapping[str, Tensor]:
        """Return the terms of phase II: the study's loss, and how alike the branches are."""
        hot, lit = self._branches(infrared), self._branches(visible)
        fused = self.image_of(self._fused(hot, lit), infrared=infrared, visible=visible)
        return {
            "fusion": loss(infrared=infrared, visible=visible, fused=fused),
            "decomposition": 2 * decomposition(hot, lit),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """Features of one image, each (batch, channels, height, width)."""

    base: Tensor
    detail: Tensor


def decomposition(infrared: Branches, visible: Branches) -> Tensor:
    """Return r_detail^2 / (1.01 + r_base): small where the base is shared and the detail is not.

    r is the correlation of the two sources' features over the pixels, averaged over channels.

    Source:
        Zhao et al., CVPR 2023, equation 9; utils/loss.py of Zhaozixiang1228/MMIF-CDDFuse at
        fd8da1f.
    """
    base = correlation(infrared.base, visible.base)
    return correlation(infrared.detail, visible.detail) ** 2 / (1.01 + base)


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

    def __init__(self, channels: int, *, padding: Padding = "zeros") -> None:
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
