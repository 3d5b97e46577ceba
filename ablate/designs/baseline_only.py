"""Only the baseline: the pilot that measures the seed spread."""

from collections.abc import Mapping

from ablate.config.schema import Factor
from ablate.designs.contract import DESIGNS, Rows, baseline


@DESIGNS.register("baseline_only")
def baseline_only(factors: Mapping[str, Factor]) -> Rows:
    """Return the baseline row."""
    return [baseline(factors)]
