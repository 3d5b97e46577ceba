"""The last scalars of TensorBoard event files, a run per folder."""

import re
from pathlib import Path
from typing import Final

import pandas as pd

from ablate.errors import ConfigError, DataError
from ablate.foreign.naming import COLUMNS, Naming
from ablate.training.tasks.command.events import scalars

EVENTS: Final = "*tfevents*"
PATTERN: Final = "{value}/{seed}"
_FIELD = re.compile(r"\{(\w+)\}")


def read_tensorboard(folder: Path, naming: Naming, *, pattern: str = PATTERN) -> pd.DataFrame:
    """Return a row per run and metric: the value at its last step, the best one on no account.

    Args:
        folder: Every folder in it with event files is a run.
        naming: Tag -> metric.
        pattern: How the paths of these folders say value and seed, such as "{value}/seed_{seed}".

    Raises:
        ConfigError: The pattern names no value.
        DataError: No event files, a path that the pattern does not fit, or no tag of a metric.
    """
    fits = _compiled(pattern)
    places = sorted({path.parent for path in folder.rglob(EVENTS) if path.is_file()})
    if not places:
        raise DataError(f"{folder}: holds no TensorBoard event files; give the folder of the runs")
    rows: list[dict[str, object]] = []
    tags: set[str] = set()
    for place in places:
        name = place.relative_to(folder).as_posix()
        found = fits.fullmatch(name)
        if found is None:
            raise DataError(
                f"{folder}: the run {name!r} does not fit {pattern!r}; say where value and seed "
                "stand: --pattern '{value}/seed_{seed}'"
            )
        last: dict[str, tuple[int, float]] = {}
        for path in sorted(place.glob(EVENTS)):
            for step, tag, value in scalars(path.read_bytes())[0]:
                if step >= last.get(tag, (step, value))[0]:
                    last[tag] = (step, value)
        tags |= last.keys()
        rows += [
            {**found.groupdict(), "run": name, "metric": tag, "score": value}
            for tag, (_, value) in last.items()
            if naming.is_meant(tag)
        ]
    if not rows:
        raise DataError(
            f"{folder}: no tag is called as a known metric; name them: --metric qabf=TAG "
            f"(it has {', '.join(sorted(tags)[:8]) or 'none'})"
        )
    return pd.DataFrame(rows, dtype=object)


def _compiled(pattern: str) -> re.Pattern[str]:
    fields = _FIELD.findall(pattern)
    if "value" not in fields or set(fields) - set(COLUMNS) or len(set(fields)) < len(fields):
        raise ConfigError(
            f"--pattern {pattern}: must name {{value}} and {{seed}} or {{block}} once each, such "
            f"as {PATTERN}"
        )
    parts = re.split(r"\{\w+\}", pattern)
    text = re.escape(parts[0])
    for field, after in zip(fields, parts[1:], strict=True):
        text += rf"(?P<{field}>[^/]+)" + re.escape(after)
    return re.compile(text)
