"""Two designs that break one confound: a claim about the scale ratio stands where both agree."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from ablate.analysis.question import metric_label
from ablate.analysis.verdict import Row, Verdict

V = TypeVar("V", bound=Verdict)
COVERAGE = "coverage, not ratio"
HALF = 0.5  # of an effect: what is left of it is not explained away
FOUND = {
    "both": "the same side in both",
    "opposite": "opposite sides",
    "levels": "at fixed levels alone, where coverage may explain it",
    "alike": "at fixed levels alone, but at least half as large in the other",
    "coarsest": "at a fixed coarsest scale alone",
    "neither": "in neither",
}


def agreed(*, fixed_levels: Verdict, fixed_coarsest: V) -> V:
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


def in_both(*, fixed_levels: Verdict, fixed_coarsest: Verdict) -> Iterator[str]:
    """Yield per deciding metric what either design finds beyond chance in what both compare.

    Args:
        fixed_levels: Answer where the number of levels stays.
        fixed_coarsest: Answer where the coarsest scale stays.
    """
    there = {_key(row): row for row in fixed_levels.rows_of("primary")}
    shared = [
        (there[_key(row)], row) for row in fixed_coarsest.rows_of("primary") if _key(row) in there
    ]
    for metric in dict.fromkeys(row.metric for _, row in shared):
        parts = []
        pairs = [(levels, coarsest) for levels, coarsest in shared if coarsest.metric == metric]
        for found, words in FOUND.items():
            mine = [
                f"{_key(coarsest)[0]} ({_size(levels)} and {_size(coarsest)})"
                for levels, coarsest in pairs
                if found == _found(levels, coarsest)
            ]
            parts += [f"{words}: {', '.join(mine)}"] if mine else []
        yield (
            f"{metric_label(metric)} at fixed levels and at a fixed coarsest scale, "
            f"what lies beyond chance (trends over the values of each): {'; '.join(parts)}"
        )


def _key(row: Row) -> tuple[str, str]:
    """Return the contrast without the name of its factor, and the metric."""
    return row.contrast.removesuffix(f" {row.factor}"), row.metric


def _side(row: Row) -> bool | None:
    """Return whether a row is better or worse beyond chance, None where it is neither."""
    return row.is_better if row.verdict in ("supported", "contradicted") else None


def _found(levels: Row, coarsest: Row) -> str:
    """Return the key of FOUND; beyond chance here and not there is no difference between both."""
    here, there = _side(levels), _side(coarsest)
    if here is None and there is None:
        return "neither"
    if there is None:
        return "alike" if coarsest.estimate / levels.estimate >= HALF else "levels"
    if here is None:
        return "coarsest"
    return "both" if here is there else "opposite"


def _size(row: Row) -> str:
    return f"{row.estimate:+.3g}" if row.percent is None else f"{row.percent:+.2f} %"
