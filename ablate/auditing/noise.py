"""How much one training differs from the next: from studies published here, or a pilot of yours."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from ablate.stats.power import ALPHA, POWER, fewest, t_power
from ablate.stored import decode

REGISTER: Final = "register.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The spread of one metric over trainings of one configuration that differ in their seed.

    Args:
        network: What was trained, with its steps.
        data: Whose test part was scored.
        metric: Name of a packaged metric.
        mean: Of all trainings.
        sd: Over the trainings of a configuration, pooled over configurations.
        df: Degrees of freedom of it.
        source: Where the scores are published.
    """

    network: str
    data: str
    metric: str
    mean: float
    sd: float
    df: int
    source: str = ""

    @property
    def name(self) -> str:
        """What was trained on what."""
        return f"{self.network} on {self.data}"

    @property
    def share(self) -> float:
        """Two single trainings of one configuration differ by less in 19 of 20 cases.

        In shares of the mean: tables print metrics summed, averaged or in percent.
        """
        from scipy.special import stdtrit

        return float(stdtrit(self.df, 1 - ALPHA / 2)) * math.sqrt(2) * self.sd / abs(self.mean)

    def seeds(self, change: float) -> int | None:
        """Return the seeds of each row with which a t test finds a change, unpaired.

        None where 10,000 are too few.

        Args:
            change: Difference in shares of the mean.
        """
        if not change or not math.isfinite(change):
            return None
        effect = abs(change) * abs(self.mean) / self.sd if self.sd else math.inf
        if math.isinf(effect):
            return 2
        return fewest(
            lambda count: (
                t_power(shift=effect * math.sqrt(count / 2), freedom=2 * count - 2) >= POWER
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The mean score of an unchanged source on the test part of a data set."""

    data: str
    name: str
    metric: str
    value: float
    protocol: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What was measured here."""

    noise: tuple[Noise, ...] = ()
    copies: tuple[Copy, ...] = ()

    def copies_of(self, data: str) -> tuple[Copy, ...]:
        """Return the copies on a data set of exactly this name."""
        return tuple(one for one in self.copies if one.data.lower() == data.lower())


def register() -> Register:
    """Return the register that the program ships."""
    text = resources.files("ablate.auditing").joinpath(REGISTER).read_text("utf-8")
    return decode(Register, json.loads(text), where=REGISTER)


def of_metric(noise: Sequence[Noise], metric: str) -> list[Noise]:
    """Return the entries of a metric that say something, the smallest noise first."""
    some = [one for one in noise if one.metric == metric and one.mean and one.df > 0]
    return sorted(some, key=lambda one: one.share)
