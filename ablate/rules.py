"""The rules of design and analysis that a study registers when it begins.

They follow from its version of the packaged defaults: a study that has begun keeps its rules, so
that an upgrade never changes an answer.
"""

from dataclasses import dataclass
from typing import Final, Literal

Base = Literal["pilot", "tuned_baseline"]
RULES_SINCE: Final = 3  # version of the packaged defaults: studies of before keep the first rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a study is drawn and its answers are worked out; the defaults are the first rules.

    Args:
        draws_per_data: Whether seeds, splits and tuning points are drawn from the name of the study
            and of its data too, so that a replication is one; else from the study's `seed` alone.
        drops_lost_points: Whether a tuning point whose run of one value was lost to the machine is
            left out for all values of its block.
        percent_of: What smallest effects in percent refer to: the mean of the pilot, or the mean
            over blocks of the tuned baseline of the same study. Changes always refer to the latter.
    """

    draws_per_data: bool = False
    drops_lost_points: bool = False
    percent_of: Base = "pilot"


def rules_of(defaults: int) -> Rules:
    """Return the rules of a study that began with a version of the packaged defaults."""
    if defaults < RULES_SINCE:
        return Rules()
    return Rules(draws_per_data=True, drops_lost_points=True, percent_of="tuned_baseline")
