"""Every exception that a user of ablate can meet; signals between modules stay with them.

AblateError
├── ConfigError (ValueError)        a study, space, override or setting is wrong
│   └── UnknownNameError (KeyError) a name that no registry or folder knows
├── DataError (ValueError)          a data set or an image file is unusable
│   └── DataChangedError            a file is not the one that its set was opened with
├── ShapeError (ValueError)         an image has a size or shape that cannot be used
├── DeviceError (RuntimeError)      a device was asked for that is not there
├── StoreError (OSError)            a store cannot be read, written or is of another version
├── ExportError (RuntimeError)      a network cannot be written for other programs
├── FetchError (OSError)            a data set cannot be fetched
├── HaltedError (RuntimeError)      every run so far failed for one reason; nothing more was run
├── BusyError (RuntimeError)        another driver holds the study
├── ClusterError (RuntimeError)     workers cannot be had from a cluster
└── DivergedError (ArithmeticError) a training run produced a value that is not finite

`exit_code` is what the command line returns: 2 for the user's input, 1 for the rest.
"""

import difflib
import errno
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence

# control characters but tab and line end, and those that turn the direction of writing or hide
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
LONGEST_LINE = 600
STORAGE = {
    errno.ENOSPC: "the disk is full; free space",
    errno.EDQUOT: "the disk quota is used up; free space, or have it raised",
    errno.EIO: "the disk fails (input/output error); check it",
    errno.ESTALE: "the file system went away (stale file handle); mount it again",
}
SQLITE_SAYS = {"disk is full": errno.ENOSPC, "disk I/O error": errno.EIO}
MOST_LINES = 25


class AblateError(Exception):
    """Base of all; its text is one line that says where, what, and the fix."""

    exit_code = 1


class ConfigError(AblateError, ValueError):
    """Faults of a configuration, all of them together.

    Args:
        faults: One line each: where, what, the fix.
    """

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        self.faults = tuple(one_line(fault) for fault in faults)
        super().__init__(_joined(self.faults))


class UnknownNameError(ConfigError, KeyError):
    """A name that is not registered; the text offers the nearest ones."""

    def __str__(self) -> str:  # KeyError would quote the text
        return _joined(self.faults)


class DataError(AblateError, ValueError):
    """A data set or a file of it cannot be used."""

    exit_code = 2


class DataChangedError(DataError):
    """A file of a data set was exchanged while the set is in use; no run has failed by that."""

    exit_code = 1


class ShapeError(AblateError, ValueError):
    """An image or tensor has the wrong size or number of channels."""

    exit_code = 2


class DeviceError(AblateError, RuntimeError):
    """The device asked for is not there."""

    exit_code = 2


class StoreError(AblateError, OSError):
    """A store cannot be opened, written, or was written by another version."""


class ExportError(AblateError, RuntimeError):
    """A network cannot be written for other programs, or does not compute the same there."""


class FetchError(AblateError, OSError):
    """A data set cannot be fetched, or is not what was expected."""


class HaltedError(AblateError, RuntimeError):
    """A study was stopped because all of its runs fail in the same way."""


class BusyError(AblateError, RuntimeError):
    """Another driver runs this study in this store."""


class ClusterError(AblateError, RuntimeError):
    """Workers cannot be had from a cluster."""


class DivergedError(AblateError, ArithmeticError):
    """A loss or an output became NaN or infinite."""


def storage_failure(error: BaseException) -> str:
    """Return what failed under a store and the fix, "" where the storage is not behind an error.

    It is nobody's run that failed: the same command goes on from here. Libraries wrap the error of
    the system, and sqlite has words of its own.
    """
    seen: list[BaseException | None] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        if isinstance(at, OSError) and at.errno in STORAGE:
            return STORAGE[at.errno]
        for said, number in SQLITE_SAYS.items():
            if said in str(at):
                return STORAGE[number]
        seen.append(at)
        at = at.__cause__ or at.__context__
    return ""


def with_extra(name: str) -> str:
    """Return the command that adds an extra to the ablate that runs, for a message.

    Where the `pip` that a shell finds belongs to another Python, it names this one: an extra that
    is installed elsewhere helps nobody.

    Args:
        name: Of the extra, such as "onnx".
    """
    found = shutil.which("pip")
    here = os.path.dirname(sys.executable)  # noqa: PTH120 -- a link stays what it is
    is_ours = found is not None and os.path.dirname(found) == here  # noqa: PTH120
    pip = "pip" if is_ours else f"{shlex.quote(sys.executable)} -m pip"
    return f"{pip} install 'ablate[{name}]'"


def spelled(text: str) -> str:
    r"""A text whose control characters are spelled out: names in a store move no cursor.

    Example:
        >>> print(spelled("a\x1b[31mb"))
        a\x1b[31mb
    """
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str, *, longest: int = LONGEST_LINE) -> str:
    """Return a text as one line without control characters, a long one cut in its middle.

    Names and values in messages come from files: they must not move the cursor, turn the
    direction of writing or fill a screen.

    Example:
        >>> one_line("x" * 90, longest=9)
        'xxx...xxx'
    """
    plain = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
    kept = (longest - 3) // 2
    return plain if len(plain) <= longest else f"{plain[:kept]}...{plain[-kept:]}"


def _joined(faults: tuple[str, ...]) -> str:
    more = len(faults) - MOST_LINES
    tail = (f"and {more} more; fix these first",) if more > 0 else ()
    return "\n".join(faults[:MOST_LINES] + tail)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the tail of a message that offers the nearest known names.

    Example:
        >>> nearest("sobbel", ["sobel", "scharr"])
        "did you mean 'sobel'?"
    """
    names: Sequence[str] = sorted(map(str, known))
    close = difflib.get_close_matches(name[:80], names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(names) if names else "none is known"
