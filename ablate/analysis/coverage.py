"""Two designs that break one confound: a claim about the scale ratio stands where both agree."""

from dataclasses import replace

from ablate.analysis.verdict import Verdict

COVERAGE = "coverage, not ratio"


def agreed(*, fixed_levels: Verdict, fixed_coarsest: Verdict) -> Verdict:
    """Return the answer about the scale ratio itself: that of the design with coarsest fixed.

    With the number of levels fixed, the ratio also sets the coarsest scale; a difference seen
    there alone may be one of coverage.

    Args:
        fixed_levels: Answer where the number of levels stays.
        fixed_coarsest: Answer where the coarsest scale stays.

    Returns:
        The second answer. Supported by the first alone, its reason starts with "coverage, not
        ratio"; supported by the second alone, it is undecided.
    """
    levels, coarsest = fixed_levels.verdict, fixed_coarsest.verdict
    if coarsest == "supported" and levels != "supported":
        reason = f"supported at a fixed coarsest scale, but {levels} at fixed levels"
        return replace(fixed_coarsest, verdict="undecided", reason=reason)
    if levels == "supported" and coarsest not in ("supported", "not answerable"):
        return replace(fixed_coarsest, reason=f"{COVERAGE}: {coarsest}; {fixed_coarsest.reason}")
    return fixed_coarsest
