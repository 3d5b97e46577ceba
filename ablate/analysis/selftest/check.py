"""What one check of the self-test says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One bar, the protocol against it, and the usual practice against it.

    A check passes where the protocol meets the bar and the usual practice does not: a trap that
    catches nobody shows nothing.
    """

    name: str
    bar: str
    ours: str
    is_met: bool
    usual: str  # the usual practice in words; empty where there is none to compare with
    usual_result: str
    is_usual_met: bool

    @property
    def passes(self) -> bool:
        """Return whether the protocol meets the bar and the usual practice misses it."""
        return self.is_met and not self.is_usual_met
