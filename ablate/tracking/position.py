"""How far the journal of a run was sent, and to which MLflow run."""

import json
from pathlib import Path

from ablate.writing import replacing

POSITION = "shipped.json"


def read_position(folder: Path, journal: Path, *, run_id: str) -> int:
    """Return the offset sent to this MLflow run; another run or a shorter journal starts at 0.

    Sending from too early is harmless: points carry the journal's times and stand once.
    """
    try:
        sent = json.loads((folder / POSITION).read_text(encoding="utf-8"))
        offset = int(sent["offset"]) if sent.get("run") == run_id else 0
        return offset if 0 <= offset <= journal.stat().st_size else 0
    except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return 0


def write_position(folder: Path, offset: int, *, run_id: str) -> None:
    """Write the offset, so that a reader sees the old one or the new one."""
    with replacing(folder / POSITION) as beside:
        beside.write_text(json.dumps({"run": run_id, "offset": offset}), encoding="utf-8")
