"""What every row of a component design changes, setting by setting."""

from collections.abc import Iterator, Mapping
from typing import Any

from ablate.config.schema import Dimension, Phase, StudyConfig
from ablate.design_names import BLOCKED, LEAVE_ONE_OUT
from ablate.designs.components import row_name, table_rows
from ablate.designs.contract import free
from ablate.study.plan import design_rows

FROM_THE_FIRST = (LEAVE_ONE_OUT, "add_one_in")  # designs whose rows are compared with the first
MISSING = object()


def changes(config: StudyConfig, phase: Phase) -> list[str]:
    """Return a line per row: what it is called, and every setting with its value before and after.

    Rows are compared with the first one, those of a path with the row before. Empty for designs
    that leave nothing out, and for blocks without a component table.

    Example of a line: "row 3: w/o detail: loss.ssim_weight 1 -> 0".
    """
    is_table = phase.design == BLOCKED and (
        phase.options.get("arms") == LEAVE_ONE_OUT
        or any(question.components for question in config.questions.values())
    )
    if phase.design not in (*FROM_THE_FIRST, "path") and not is_table:
        return []
    rows = [row for row in design_rows(config, phase) if row.block in (None, 1)]
    rows = [row for row in rows if row.point in (None, 1)]
    lines = []
    for place, row in enumerate(rows):
        before = rows[max(0, place - 1) if phase.design == "path" else 0].values
        name = row.change or _name(config, before, row.values)
        parts = ", ".join(_changed(config, before, row.values))
        lines.append(f"row {place + 1}: {name}" + (f": {parts}" if parts else ""))
    return lines


def _name(config: StudyConfig, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what a component table calls a row of blocks."""
    factors = [config.factors[name] for name in free(config.factors)]
    parts = [
        row_name(one, after[one.name]) for one in factors if after[one.name] != before[one.name]
    ]
    return ", ".join(parts) or next(iter(table_rows(factors)))


def _changed(
    config: StudyConfig, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """Yield every setting that two rows set to other values."""
    for name, factor in config.factors.items():
        if before[name] == after[name]:
            continue
        dimension = config.dimensions[factor.dimension]
        old, new = _set(dimension, before[name]), _set(dimension, after[name])
        for path in dict.fromkeys([*old, *new]):
            was, now = (_shown(part.get(path, _base(config, path))) for part in (old, new))
            if was != now:
                yield f"{path} {was} -> {now}"


def _set(dimension: Dimension, value: Any) -> Mapping[str, Any]:
    """Return dotted path -> value of what a dimension sets."""
    if isinstance(dimension.choices, Mapping):
        return dimension.choices[value]
    return {dimension.path or dimension.name: value}


def _base(config: StudyConfig, path: str) -> Any:
    found: Any = config.base
    for key in path.split("."):
        found = found.get(key, MISSING) if isinstance(found, Mapping) else MISSING
    return found


def _shown(value: Any) -> str:
    """Return a value as a study file has it."""
    if value is MISSING:
        return "absent"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
