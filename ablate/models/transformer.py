"""The transformer block of Restormer: attention between channels, gated feed-forward."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ConfigError


class TransformerBlock(nn.Module):
    """Channel attention and a gated feed-forward, each after a norm and added to its input.

    Its cost is linear in the number of pixels.

    Args:
        channels: In and out.
        heads: Groups of channels that attend among themselves; divides `channels`.
        expansion: Channels inside the feed-forward over `channels`.
        is_full: The base branch of CDDFuse, net.py of Zhaozixiang1228/MMIF-CDDFuse at fd8da1f: the
            3x3 convolution of query, key and value mixes all channels, that of the feed-forward
            pairs of them; else both work on each channel alone.

    Raises:
        ConfigError: `heads` does not divide `channels`.

    Source:
        Zamir et al., Restormer, CVPR 2022, arXiv 2111.09881, equations 1 and 2;
        basicsr/models/archs/restormer_arch.py of swz30/Restormer.
    """

    def __init__(
        self, channels: int, *, heads: int, expansion: float, is_full: bool = False
    ) -> None:
        super().__init__()
        if channels % heads:
            raise ConfigError(
                f"model.heads: {heads} does not divide the {channels} channels of a block; "
                "choose a width that is a multiple of it"
            )
        self.attention = nn.Sequential(
            ChannelNorm(channels), ChannelAttention(channels, heads, is_full=is_full)
        )
        self.feed_forward = nn.Sequential(
            ChannelNorm(channels),
            GatedFeedForward(channels, int(channels * expansion), is_paired=is_full),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        features = features + self.attention(features)
        out: Tensor = features + self.feed_forward(features)
        return out


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, channels, height, width), each pixel of mean 0 and variance 1."""
        return super().forward(features.movedim(1, -1)).movedim(-1, 1)


class ChannelAttention(nn.Module):
    """Multi-Dconv head transposed attention: channels attend to channels, over all pixels."""

    def __init__(self, channels: int, heads: int, *, is_full: bool = False) -> None:
        super().__init__()
        self.heads, groups = heads, 1 if is_full else 3 * channels
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.project = nn.Sequential(
            nn.Conv2d(channels, 3 * channels, 1, bias=False),
            nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=groups, bias=False),
        )
        self.out = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the attended features, same shape."""
        query, key, value = (
            part.flatten(2).unflatten(1, (self.heads, -1))
            for part in self.project(features).chunk(3, dim=1)
        )
        scores = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(-2, -1)
        attended = (scores * self.temperature).softmax(dim=-1) @ value
        out: Tensor = self.out(attended.flatten(1, 2).unflatten(-1, features.shape[-2:]))
        return out


class GatedFeedForward(nn.Module):
    """Gated-Dconv feed-forward: one half of the hidden channels gates the other."""

    def __init__(self, channels: int, hidden: int, *, is_paired: bool = False) -> None:
        super().__init__()
        groups = hidden if is_paired else 2 * hidden
        self.into = nn.Sequential(
            nn.Conv2d(channels, 2 * hidden, 1, bias=False),
            nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=groups, bias=False),
        )
        self.out = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, same shape."""
        gate, value = self.into(features).chunk(2, dim=1)
        out: Tensor = self.out(F.gelu(gate) * value)
        return out
