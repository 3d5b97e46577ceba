"""The rules of analysis that a study registers when it begins, by its version of the defaults.

A study that has begun keeps its rules, so that an upgrade never changes an answer.
"""

from dataclasses import dataclass
from typing import Final, Literal

Correction = Literal["holm", "step_down"]
Base = Literal["pilot", "tuned_baseline"]
RULES_SINCE: Final = 3  # version of the packaged defaults: studies of before keep the first rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the answers of a study are worked out; the defaults are the first rules.

    Args:
        drops_lost_points: Whether a tuning point whose run of one value was lost to the machine is
            left out for all values of its block.
        percent_of: What smallest effects and changes in percent refer to: the mean of the pilot,
            or the mean over blocks of the tuned baseline of the same study.
    """

    drops_lost_points: bool = False
    percent_of: Base = "pilot"


def rules_of(defaults: int) -> Rules:
    """Return the rules of a study that began with a version of the packaged defaults."""
    if defaults < RULES_SINCE:
        return Rules()
    return Rules(drops_lost_points=True, percent_of="tuned_baseline")
