"""A light Restormer on both sources."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.models.contract import MODELS, FusionNetwork
from ablate.models.transformer import TransformerBlock
from ablate.settings.network import NetworkSettings, width
from ablate.settings.setting import field

EXPANSION = 2.66


@dataclass(frozen=True, slots=True, kw_only=True)
class RestormerSettings(NetworkSettings):
    """Settings of `restormer`; the original has a width of 48 and a depth of 3."""

    width: int = width(16, low=2)
    depth: int = field(
        "int", 2, low=1, high=4, meaning="Halvings; the channels double at every one."
    )
    blocks: int | Sequence[int] = field(
        "counts",
        1,
        low=1,
        meaning="Transformer blocks of every stage, or a list: at full size, after each halving.",
    )
    heads: int | Sequence[int] = field(
        "counts",
        1,
        low=1,
        meaning="Attention heads at full size, doubled at every halving; or a list as for blocks. "
        "Each divides the channels of its stage.",
    )
    refine: int | None = field(
        "int",
        low=1,
        high=64,
        may_be_null=True,
        meaning="Transformer blocks after the decoder; as many as at full size where left out.",
    )


@MODELS.register("restormer", settings=RestormerSettings)
class Restormer(FusionNetwork):
    """Restormer-like transformer: a U of channel-attention blocks, the sources as two channels.

    Differs from the original: two or so halvings and few blocks by default; the output is of choice
    (`model.output`), since two sources come in. The original's layers are `{width: 48, depth: 3,
    blocks: [4, 6, 6, 8], refine: 4, heads: [1, 2, 4, 8]}`.

    Source:
        Zamir et al., CVPR 2022, arXiv 2111.09881; basicsr/models/archs/restormer_arch.py of
        swz30/Restormer at df766d5.
    """

    source = "Zamir et al., CVPR 2022, arXiv 2111.09881 (Restormer)"
    faster_layout = "channels_last"

    def __init__(self, settings: RestormerSettings) -> None:
        super().__init__()
        width, depth, heads = settings.width, settings.depth, settings.heads
        blocks_of = per_stage("blocks", settings.blocks, stages=depth + 1)
        heads_of = per_stage("heads", heads, stages=depth + 1)
        if isinstance(heads, int):
            heads_of = [heads * 2**level for level in range(depth + 1)]
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
        self.refine = stage(2 * width, 0, settings.refine)
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


def per_stage(setting: str, given: int | Sequence[int], *, stages: int) -> list[int]:
    """Return one whole number per stage; a single one stands for all of them.

    Raises:
        ConfigError: The list has another length.

    Example:
        >>> per_stage("blocks", 2, stages=3)
        [2, 2, 2]
    """
    if isinstance(given, int):
        return [given] * stages
    if len(given) != stages:
        raise ConfigError(
            f"model.{setting}: has {len(given)} numbers for {stages} stages (depth + 1); give one "
            "number for all of them or one for each"
        )
    return [int(number) for number in given]
