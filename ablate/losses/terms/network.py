"""A number that the network computes itself, such as the balance of its experts' load."""

from dataclasses import dataclass

from torch import Tensor

from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Which output is minimised."""

    feature: str = field("text", "load_balance", meaning="Name of the output of the network.")


@TERMS.register("network", settings=NetworkSettings, gives="scalar")
def network(images: Images, settings: NetworkSettings) -> Tensor:
    """Return the mean of an output that the network hands out as `Fused(features={NAME: ...})`."""
    return images.feature(settings.feature).mean()
