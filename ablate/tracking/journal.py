"""The journal of one run: an append-only file, one JSON line per event; MLflow is made from it."""

import json
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import StoreError
from ablate.numbers import is_number
from ablate.writing import replacing

logger = logging.getLogger(__name__)
SYNC_EVERY_S = 1.0
LONGEST_LINE = 16_000_000  # bytes
LONGEST_NAME = 250  # of a metric, as MLflow has it
LONGEST_PATH = 1000
CHUNK = 65_536
LARGEST = 2**63 - 1  # of steps and times: what databases hold
POSITION = "shipped.json"  # how far a journal was sent, and to which MLflow run
ONCE = "test/"  # scored once, at the end: final/test/... of the run, no curve of a point
NOT_FINITE = ("nan", "inf", "-inf")


class JournalRecorder:
    """Writes events; the time of an event is stamped here once, so that resending changes nothing.

    Every event is handed to the system at once, so a killed process loses none; fsync, against a
    crash of the machine, comes at most once a second, on a thread of its own, since a disk may take
    long. The next call raises an error of the disk. A journal that is there already belongs to an
    interrupted run that goes on: a torn last line is cut and the rest is kept; an event of a step
    that is repeated is not written again.

    Args:
        path: File to append to, in the run's folder.
        ask: Takes the objective at every rung so far, by step, and returns whether to stop.
    """

    def __init__(self, path: Path, *, ask: Callable[[Mapping[int, float]], bool]) -> None:
        _cut_torn_line(path)
        self.reports: dict[int, float] = {}
        self._written: set[tuple[str, int]] = set()
        for event in _whole_events(path):
            self._written.update((name, event["step"]) for name in _names(event))
            if event["kind"] == "rung":
                self.reports[event["step"]] = float(event["value"])
        self._folder = path.parent
        self._file = path.open("ab", buffering=0)
        self._ask = ask
        self._synced = time.monotonic()
        self._syncing: threading.Thread | None = None
        self._fault: OSError | None = None

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Write values of one step; values that are not finite are written as text."""
        plain = {
            key: _plain(float(value))
            for key, value in values.items()
            if (key, step) not in self._written
        }
        if plain:
            self._write({"kind": "metrics", "values": plain, "step": step})

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Write that a picture lies at `path` in the run's folder."""
        if (name, step) in self._written:
            return
        relative = path.relative_to(self._folder).as_posix()
        self._write({"kind": "image", "name": name, "path": relative, "step": step})

    def report(self, value: float, *, step: int) -> bool:
        """Write the rung and return whether the run should stop."""
        if step not in self.reports:
            self._write({"kind": "rung", "value": _plain(float(value)), "step": step})
            self.reports[step] = float(value)
            self.flush()
        return self._ask({at: self.reports[at] for at in sorted(self.reports) if at <= step})

    def flush(self) -> None:
        """Make sure that what was written survives a crash of the machine."""
        if self._syncing is not None:
            self._syncing.join()
        self._raise_fault()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        """Flush and close."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        stamped = {**event, "time_ms": time.time_ns() // 1_000_000}
        rest = memoryview(json.dumps(stamped, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        while rest:  # a full disk takes part of a line first, and raises at the next call
            rest = rest[self._file.write(rest) :]
        self._raise_fault()
        is_free = self._syncing is None or not self._syncing.is_alive()
        if is_free and time.monotonic() - self._synced > SYNC_EVERY_S:
            self._synced = time.monotonic()
            self._syncing = threading.Thread(target=self._sync, name="journal", daemon=True)
            self._syncing.start()

    def _sync(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:  # a disk says it once; the next call says it to the training
            self._fault = error

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault


def read_journal(path: Path, *, after: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (offset behind the line, event) from byte `after` on; a torn last line is left out.

    Raises:
        StoreError: A whole line is not an event: the file was changed or damaged. What stands
            before it has been yielded.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(after)
        offset = after
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                return
            event = _event(line) if line.endswith(b"\n") else None
            if event is None:
                raise StoreError(
                    f"{path}: damaged at byte {offset}: {line[:40]!r} is not an event; "
                    "remove the run's folder, and the run starts over"
                )
            offset += len(line)
            yield offset, event


def _whole_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events before the first zeros, and cut the rest.

    A machine that lost its power leaves zeros between whole lines, behind the last sync: the
    checkpoint is older, and its run takes those steps again.

    Raises:
        StoreError: A line without zeros is not an event: the file was changed.
    """
    whole = 0
    try:
        for offset, event in read_journal(path):
            whole = offset
            yield event
    except StoreError as error:
        with path.open("rb") as file:
            file.seek(whole)
            if b"\0" not in file.readline(LONGEST_LINE):
                raise
        logger.warning("%s; cut off there", str(error).partition(";")[0])
        os.truncate(path, whole)


def _event(line: bytes) -> dict[str, Any] | None:
    """Return the event of a line, None for anything that a recorder does not write."""
    try:
        event = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not all(
        type(event.get(key)) is int and 0 <= event[key] <= LARGEST for key in ("step", "time_ms")
    ):
        return None
    match event:
        case {"kind": "metrics", "values": dict(values)}:
            names_fit = all(name and len(name) <= LONGEST_NAME for name in values)
            return event if names_fit and all(map(_is_value, values.values())) else None
        case {"kind": "rung", "value": value}:
            return event if _is_value(value) else None
        case {"kind": "image", "name": str(name), "path": str(place)}:
            return event if _is_inside(name) and _is_inside(place) else None
    return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return value in NOT_FINITE
    return is_number(value) and abs(value) <= sys.float_info.max


def _is_inside(name: str) -> bool:
    """Return whether a name, taken as a path, stays in the folder that it is joined to."""
    parts = PurePosixPath(name).parts
    is_below = bool(parts) and not parts[0].startswith("/") and ".." not in parts
    return is_below and len(name) <= LONGEST_PATH and name.isprintable()


def _names(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that a repeated event of the same step would write again."""
    if event["kind"] == "metrics":
        yield from event["values"]
    elif event["kind"] == "image":
        yield event["name"]


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _cut_torn_line(path: Path) -> None:
    """Cut what stands behind the last end of a line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        whole = size = file.seek(0, os.SEEK_END)
        while whole:
            start = max(0, whole - CHUNK)
            file.seek(start)
            found = file.read(whole - start).rfind(b"\n")
            whole = start if found < 0 else start + found + 1
            if found >= 0:
                break
        if whole < size:
            logger.warning(
                "%s: %d bytes at its end are an incomplete event; cut off", path, size - whole
            )
            file.truncate(whole)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a journal was sent to an MLflow run, as that acknowledged it.

    Args:
        offset: Bytes of the journal.
        last: Metric -> its last step among them; None where an earlier version sent them.
    """

    offset: int = 0
    last: Mapping[str, int] | None = field(default_factory=dict)


def read_position(folder: Path, journal: Path, *, run_id: str) -> Position:
    """Return how far was sent to this MLflow run; another run or a shorter journal starts at 0.

    Sending from too early is harmless: points carry the journal's times and stand once.
    """
    try:
        sent = json.loads((folder / POSITION).read_text(encoding="utf-8"))
        offset, last = int(sent["offset"]), sent.get("last")
        if sent.get("run") == run_id and 0 <= offset <= journal.stat().st_size:
            return Position(offset, last and {str(key): int(step) for key, step in last.items()})
    except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        pass
    return Position()


def write_position(folder: Path, position: Position, *, run_id: str) -> None:
    """Write how far was sent, so that a reader sees the old position or the new one."""
    with replacing(folder / POSITION) as beside:
        beside.write_text(json.dumps({"run": run_id, **asdict(position)}), encoding="utf-8")


def last_steps(path: Path, *, until: int = LARGEST) -> dict[str, int]:
    """Return curve -> the last step that a journal has of it, in its first `until` bytes."""
    found: dict[str, int] = {}
    for offset, event in read_journal(path):
        if offset > until:
            break
        if event["kind"] == "metrics":
            curves = (name for name in event["values"] if not name.startswith(ONCE))
            found |= {name: max(event["step"], found.get(name, 0)) for name in curves}
    return found
