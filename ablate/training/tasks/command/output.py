"""Read the numbers that a command reports: from its output, a JSON or JSON-lines file, or events.

A reader is asked again and again while the command runs, and returns what is new.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from ablate.settings.command import Source, flat
from ablate.training.tasks.command.events import scalars

COUNTS: Final = ("step", "epoch", "iteration", "iter", "global_step")
_LINES: Final = re.compile(rb"[\r\n]+")
LONGEST_LINE: Final = 100_000
Point = tuple[int, dict[str, float]]  # step, name -> value


class Reader(Protocol):
    """Reads one source."""

    def new(self) -> Iterator[Point]:
        """Yield the points that came since the last call."""


def reader_of(source: Source, *, tree: Path, output: Path) -> Reader:
    """Return the reader of a source.

    Args:
        source: Its paths are those of the tree.
        tree: Where the commands run.
        output: What they print.
    """
    match source.kind:
        case "stdout":
            return _Output(re.compile(source.at), output)
        case "jsonl":
            return _JsonLines(tree / source.at)
        case "json":
            return _Json(tree / source.at)
        case "tensorboard":
            return _Events(tree / source.at)


@dataclass(slots=True)
class Tail:
    """The whole lines that were appended to a file since the last look."""

    path: Path
    _at: int = 0
    _rest: bytes = b""

    def new(self) -> Iterator[str]:
        """Yield them; a line ends with a line feed or a carriage return."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                content = file.read()
        except OSError:
            return
        self._at += len(content)
        *lines, self._rest = _LINES.split(self._rest + content)
        self._rest = self._rest[-LONGEST_LINE:]
        yield from (line[-LONGEST_LINE:].decode("utf-8", "replace") for line in lines if line)

    def last(self) -> str:
        """Return what stands behind the last end of a line."""
        rest, self._rest = self._rest, b""
        return rest.decode("utf-8", "replace")


class _Output:
    def __init__(self, pattern: re.Pattern[str], path: Path) -> None:
        self._pattern, self._tail, self._count = pattern, Tail(path), 0

    def new(self) -> Iterator[Point]:
        for line in self._tail.new():
            yield from self._of(line)

    def rest(self) -> Iterator[Point]:
        """Yield the points of a last line without an end."""
        yield from self._of(self._tail.last())

    def _of(self, line: str) -> Iterator[Point]:
        for match in self._pattern.finditer(line):
            self._count += 1
            values = {name: number(text) for name, text in match.groupdict().items()}
            yield _point(values, self._count)


class _JsonLines:
    def __init__(self, path: Path) -> None:
        self._tail, self._count = Tail(path), 0

    def new(self) -> Iterator[Point]:
        for line in self._tail.new():
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if isinstance(values, Mapping):
                self._count += 1
                yield _point(flat(values), self._count)


class _Json:
    """A file that is written anew, or once at the end."""

    def __init__(self, path: Path) -> None:
        self._path, self._seen = path, (0, 0)

    def new(self) -> Iterator[Point]:
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_size)
            if seen == self._seen:
                return
            values = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return  # not yet there, or half written
        self._seen = seen
        if isinstance(values, Mapping):
            yield _point(flat(values), 0)


class _Events:
    """A folder of TensorBoard event files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at: dict[Path, int] = {}

    def new(self) -> Iterator[Point]:
        for path in sorted(self._folder.rglob("*tfevents*")):
            start = self._at.get(path, 0)
            try:
                with path.open("rb") as file:
                    file.seek(start)
                    content = file.read()
            except OSError:
                continue
            found, read = scalars(content)
            self._at[path] = start + read
            yield from ((step, {tag: value}) for step, tag, value in found)


@dataclass(slots=True)
class Thinned:
    """Keeps about one point in fifty of a long curve, by the share that a step adds to it."""

    share: float = 0.02
    _last: dict[str, int] = field(default_factory=dict)

    def keeps(self, name: str, step: int) -> bool:
        """Return whether a point is kept; the first one always is."""
        last = self._last.get(name)
        if last is not None and last < step < last + max(1, int(last * self.share)):
            return False
        self._last[name] = step
        return True


def number(text: Any) -> float | None:
    """Return a text as a number, None where it is none."""
    try:
        return float(str(text).rstrip(",;"))
    except ValueError:
        return None


def _point(values: Mapping[str, Any], count: int) -> Point:
    """Return step and numbers; the step is the first count among them, else that of the line."""
    numbers = {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    found = [numbers.pop(name) for name in COUNTS if name in numbers]
    step = int(found[0]) if found and math.isfinite(found[0]) else count
    return step, numbers
