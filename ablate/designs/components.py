"""The rows of a component table: the baseline, and every component alone at another value."""

from collections.abc import Sequence
from typing import Any

from ablate.config.schema import Factor

FULL = "full"  # the baseline where it has every component
BASELINE = "baseline"
COMPONENTS = "component"  # what a component table compares


def table_rows(factors: Sequence[Factor]) -> dict[str, dict[str, Any]]:
    """Return name of a row -> the factors that it sets beside their baseline, the baseline first.

    Example:
        >>> detail = Factor(name="detail", dimension="detail", values=(1, 0), baseline=1)
        >>> table_rows([detail])
        {'full': {}, 'w/o detail': {'detail': 0}}
    """
    has_all = all(factor.off != factor.baseline for factor in factors)
    rows: dict[str, dict[str, Any]] = {FULL if has_all else BASELINE: {}}
    rows |= {
        row_name(factor, value): {factor.name: value}
        for factor in factors
        for value in factor.others
    }
    return rows


def row_name(factor: Factor, value: Any) -> str:
    """Return what a table calls the row that sets a factor to a value beside its baseline.

    Example:
        >>> soft = Factor(name="soft_mask", dimension="mask", values=("none", "soft"),
        ...     baseline="none")
        >>> row_name(soft, "soft")
        'with soft mask'
    """
    name = factor.name.replace("_", " ")
    if factor.off is not None and value == factor.off:
        return f"w/o {name}"
    if len(factor.values) == 2 and factor.off == factor.baseline:
        return f"with {name}"
    return f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
