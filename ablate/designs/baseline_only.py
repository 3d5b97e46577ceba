"""Only the baseline: the pilot that measures the seed spread."""

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, baseline


@DESIGNS.register("baseline_only")
def baseline_only(inputs: Inputs) -> Rows:
    """Return the baseline row."""
    return [Row(values=baseline(inputs.factors))]
