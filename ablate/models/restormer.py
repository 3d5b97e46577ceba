"""A light Restormer on both sources."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork
from ablate.models.settings import check_at_least, per_stage
from ablate.models.transformer import TransformerBlock

EXPANSION = 2.66


@MODELS.register("restormer")
class Restormer(FusionNetwork):
    """Restormer-like transformer: a U of channel-attention blocks, the sources as two channels.

    Differs from the original: two or so halvings and few blocks by default; the output is of choice
    (`model.output`), since two sources come in. The original's layers are `{width: 48, depth: 3,
    blocks: [4, 6, 6, 8], refine: 4, heads: [1, 2, 4, 8]}`.

    Args:
        width: Channels at full size, doubled at every halving; 48 in the original. At least 2.
        depth: Halvings; 3 in the original. At least 1, a study file allows 4.
        blocks: Transformer blocks of every stage, or a list: at full size, after each halving.
            At least 1.
        heads: Attention heads at full size, doubled at every halving; 1 in the original. Divides
            `width`. Or a list as for `blocks`; each divides the channels of its stage.
        refine: Transformer blocks at full size after the decoder; null: as many as `blocks` has at
            full size.

    Source:
        Zamir et al., CVPR 2022, arXiv 2111.09881; basicsr/models/archs/restormer_arch.py of
        swz30/Restormer at df766d5.
    """

    source = "Zamir et al., CVPR 2022, arXiv 2111.09881 (Restormer)"
    faster_layout = "channels_last"

    def __init__(
        self,
        *,
        width: int = 16,
        depth: int = 2,
        blocks: int | Sequence[int] = 1,
        heads: int | Sequence[int] = 1,
        refine: int | None = None,
    ) -> None:
        super().__init__()
        check_at_least(1, depth=depth)
        check_at_least(2, width=width)
        blocks_of = per_stage("blocks", blocks, stages=depth + 1)
        heads_of = per_stage("heads", heads, stages=depth + 1)
        if isinstance(heads, int):
            heads_of = [heads * 2**level for level in range(depth + 1)]
        if refine is not None:
            check_at_least(1, refine=refine)
        self.multiple_px = 2**depth

        def stage(channels: int, level: int, count: int | None = None) -> nn.Sequential:
            return nn.Sequential(
                *(
                    TransformerBlock(channels, heads=heads_of[level], expansion=EXPANSION)
                    for _ in range(count or blocks_of[level])
                )
            )

        channels = [width * 2**level for level in range(depth + 1)]
        self.first = nn.Conv2d(2, width, 3, padding=1, bias=False)
        self.encoder = nn.ModuleList(
            stage(count, level) for level, count in enumerate(channels[:-1])
        )
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(count, count // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2)
            )
            for count in channels[:-1]
        )
        self.bottom = stage(channels[-1], depth)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(count, 2 * count, 3, padding=1, bias=False), nn.PixelShuffle(2))
            for count in reversed(channels[1:])
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2 * channels[level], channels[level], 1, bias=False),
                stage(channels[level], level),
            )
            for level in range(depth - 1, 0, -1)
        )
        self.decoder.append(stage(2 * width, 0))  # full size keeps the channels of its skip
        self.refine = stage(2 * width, 0, refine)
        self.last = nn.Conv2d(2 * width, 1, 3, padding=1, bias=False)

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        features: Tensor = self.first(torch.cat([infrared, visible], dim=1))
        skips: list[Tensor] = []
        for stage, down in zip(self.encoder, self.down, strict=True):
            skips.append(stage(features))
            features = down(skips[-1])
        features = self.bottom(features)
        for up, stage in zip(self.up, self.decoder, strict=True):
            features = stage(torch.cat([up(features), skips.pop()], dim=1))
        predicted: Tensor = self.last(self.refine(features))
        return predicted
