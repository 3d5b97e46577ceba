"""The section `metrics`: what is scored, by which conventions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ablate.settings.setting import field

OF_EVERY_REPORT: Final = ("en", "mi", "sd", "scd", "vif", "qabf")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSettings:
    """What is scored, by which conventions."""

    protocol: str = field(
        "name",
        "cddfuse-py",
        kind="protocols",
        meaning="The conventions of a published evaluator; they move the numbers.",
    )
    names: Sequence[str] = field(
        "names", list(OF_EVERY_REPORT), kind="metrics", meaning="Metrics of every fused image."
    )
