"""Standard streams that nobody reads, that are full, or closed: they end no command.

What a command does never depends on who reads its words: a study that has ended is not failed by
`| head`, and files are not left half-way because a line could not be printed. What cannot be
written is dropped. A reader that went away wanted no more; an output that could not be kept, as on
a full disk, is said at the end and is exit code 1.
"""

import errno
import io
import os
import sys
from typing import IO, TYPE_CHECKING, Final

from ablate.errors import STORAGE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OUT, ERR = 1, 2
LOST: Final = 1  # exit code of a command whose output could not be kept


class Stream(io.FileIO):
    """A standard stream that remembers why it failed first, and from then on takes everything."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write what can be written; return the size of all."""
        if self.failure is None:
            try:
                return super().write(content)
            except OSError as error:
                self.failure = error
        return len(memoryview(content))


def guard() -> None:
    """Put such streams where the process has its own; what the caller replaced stays."""
    _open_closed()
    sys.stdout = _guarded(sys.stdout, sys.__stdout__, OUT)
    sys.stderr = _guarded(sys.stderr, sys.__stderr__, ERR)


def lost_output() -> str:
    """Write what waits; return in words why standard output was not kept, "" where it was."""
    stream = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(stream, Stream):
        return ""
    sys.stdout.flush()
    error = stream.failure
    if error is None or error.errno == errno.EPIPE:
        return ""
    return f"standard output: {STORAGE.get(error.errno or 0) or error.strerror or error}"


def _open_closed() -> None:
    """Open /dev/null for each closed stream.

    Else the next file gets its number, and what children print would go into it.
    """
    for descriptor in (0, OUT, ERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _guarded(stream: "IO[str] | None", own: "IO[str] | None", descriptor: int) -> IO[str]:
    if stream is not None and (stream is not own or _is_guarded(stream)):
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(Stream(descriptor)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors=getattr(stream, "errors", None) or "backslashreplace",
        line_buffering=descriptor == ERR or os.isatty(descriptor),
    )


def _is_guarded(stream: IO[str]) -> bool:
    return isinstance(getattr(getattr(stream, "buffer", None), "raw", None), Stream)
