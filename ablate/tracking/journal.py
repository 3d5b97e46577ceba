"""The journal of one run: an append-only file, one JSON line per event; MLflow is made from it."""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

SYNC_EVERY_S = 1.0


class JournalRecorder:
    """Writes events; the time of an event is stamped here once, so that resending changes nothing.

    Args:
        path: File to append to.
        ask: Takes (objective, step) of a rung and returns whether the run should stop.
    """

    def __init__(self, path: Path, *, ask: Callable[[float, int], bool]) -> None:
        self._folder = path.parent
        self._file = path.open("ab")
        self._ask = ask
        self._synced = time.monotonic()

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Write values of one step; values that are not finite are written as text."""
        plain = {
            key: value if math.isfinite(value) else str(value) for key, value in values.items()
        }
        self._write({"kind": "metrics", "values": plain, "step": step})

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Write that a picture lies at `path` in the run's folder."""
        relative = path.relative_to(self._folder).as_posix()
        self._write({"kind": "image", "name": name, "path": relative, "step": step})

    def report(self, value: float, *, step: int) -> bool:
        """Write the rung and return whether the run should stop."""
        self._write({"kind": "rung", "value": value, "step": step})
        self.flush()
        return self._ask(value, step)

    def flush(self) -> None:
        """Make sure that what was written survives a crash of the machine."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        """Flush and close."""
        if not self._file.closed:
            self.flush()
            self._file.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        line = json.dumps({**event, "time_ms": time.time_ns() // 1_000_000}, ensure_ascii=False)
        self._file.write(line.encode() + b"\n")
        if time.monotonic() - self._synced > SYNC_EVERY_S:
            self.flush()


def read_journal(path: Path, *, after: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (offset behind the line, event) from byte `after` on; a torn last line is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(after)
        offset = after
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield offset, json.loads(line)
