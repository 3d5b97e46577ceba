"""How much of a journal MLflow has: what is still to be sent, and whether either lost points.

Nothing relies on an order between the database and the files: how far a journal was sent is kept
beside it with the last step of every metric, and compared with what MLflow holds of a run that is
found at the first contact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric

from ablate.tracking import runs
from ablate.tracking.journal import (
    ONCE,
    Position,
    last_steps,
    read_journal,
    read_position,
    write_position,
)
from ablate.training.spec import JOURNAL, RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """What a journal holds beyond the last position."""

    points: Sequence[Metric]
    pictures: Sequence[Mapping[str, Any]]  # events of the kind "image"
    position: Position | None  # where the journal ends with them; None where nothing is new


def unsent(folder: Path, *, run_id: str, from_start: bool = False) -> Unsent:
    """Return what is still to be sent of a run.

    Args:
        folder: Of the run.
        run_id: Of its MLflow run; what was sent to another one does not count.
        from_start: Whether all of the journal is sent again, see `lacks_points`.
    """
    path = folder / JOURNAL
    before = Position() if from_start else read_position(folder, path, run_id=run_id)
    after = offset = before.offset
    last = dict(before.last or {})
    points: list[Metric] = []
    pictures: list[Mapping[str, Any]] = []
    for end, event in read_journal(path, after=after):
        offset = end
        if event["kind"] == "metrics":
            curves = {k: v for k, v in event["values"].items() if not k.startswith(ONCE)}
            last |= dict.fromkeys(map(runs.metric_name, curves), event["step"])
            points += [
                Metric(runs.metric_name(name), float(value), event["time_ms"], event["step"])
                for name, value in curves.items()
            ]
        elif event["kind"] == "image":
            pictures.append(event)
    return Unsent(
        points=points,
        pictures=pictures,
        position=Position(offset, last) if offset != after else None,
    )


def lacks_points(
    held: Mapping[str, int], folder: Path, *, run_id: str, result: RunResult | None = None
) -> bool:
    """Return whether MLflow lacks points that it had taken: its database is an older one.

    It lost the last commits then, a restored copy or not synced by the disk, so that the last
    step of every metric tells.

    Args:
        held: Metric -> the last step that MLflow holds of it.
        folder: Of the run.
        run_id: Of its MLflow run.
        result: Of a run that has ended, whose final values MLflow must hold too.
    """
    path = folder / JOURNAL
    position = read_position(folder, path, run_id=run_id)
    last = position.last
    if last is None:
        last = _named(last_steps(path, until=position.offset))
        write_position(folder, Position(position.offset, last), run_id=run_id)
    elif result is not None and not position.offset:  # it was lost, and all had been sent
        last = _named(last_steps(path))
    metrics = {} if result is None else result.metrics
    wanted = dict(last) | {
        runs.metric_name(f"final/{name}"): 0
        for name, value in metrics.items()
        if math.isfinite(value)
    }
    return any(held.get(name, -1) < step for name, step in wanted.items())


def is_ahead(held: Mapping[str, int], folder: Path) -> bool:
    """Return whether MLflow has points of a run that its journal lacks; arguments as above."""
    last = _named(last_steps(folder / JOURNAL)) if held else {}
    return any(
        step > last.get(name, -1)
        for name, step in held.items()
        if not name.startswith(("final/", "facts/"))
    )


def _named(last: Mapping[str, int]) -> dict[str, int]:
    """Return metrics under the names that MLflow takes."""
    return {runs.metric_name(name): step for name, step in last.items()}
