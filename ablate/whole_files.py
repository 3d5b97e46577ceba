"""Whether files are as they were written: sizes and checksums beside them, and whole pictures."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from ablate.errors import StoreError
from ablate.writing import write_json

CHECKSUMS: Final = "checksums.json"  # file -> [bytes, SHA-256], in the folder of the files
MOST_BYTES: Final = 1 << 29  # of a file that is read whole: a ledger of a million trials has less
SET_ASIDE: Final = ".damaged"  # end of the name of a damaged file that was set aside
PNG_STARTS, PNG_ENDS = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


def read_bounded(path: Path) -> bytes:
    """Return the content of a file of a store that is read whole.

    Raises:
        OSError: It cannot be read.
        StoreError: It is larger than any that `ablate` writes, so that reading it would take the
            memory of the machine.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1) if _size(file) <= MOST_BYTES else None
    if content is None or len(content) > MOST_BYTES:
        raise StoreError(
            f"{path}: larger than {MOST_BYTES >> 20} MiB, which ablate does not write; restore the "
            "file from a copy, or use another --store"
        )
    return content


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def record(
    folder: Path,
    files: Iterable[Path],
    *,
    beside: Mapping[str, bytes] = MappingProxyType({}),
    is_synced: bool = False,
) -> None:
    """Write size and checksum of some files of a folder.

    Args:
        folder: Where the file of checksums is written.
        files: Below the folder.
        beside: Name -> content of files that are written next.
        is_synced: Whether the files are on the disk before their checksums are; it costs some
            milliseconds each.
    """
    contents = {}
    for path in files:
        with path.open("rb") as file:
            contents[path.relative_to(folder).as_posix()] = file.read()
            if is_synced:
                os.fsync(file.fileno())
    entries = {name: _entry(content) for name, content in sorted({**contents, **beside}.items())}
    write_json(folder / CHECKSUMS, entries)
    for name in entries:  # made anew
        (folder / f"{name}{SET_ASIDE}").unlink(missing_ok=True)


def forget(folder: Path, name: str) -> None:
    """Remove a file and what was recorded of it; after a kill in between it is there unrecorded."""
    path = folder / CHECKSUMS
    with contextlib.suppress(OSError, ValueError, AttributeError):
        entries = json.loads(path.read_text(encoding="utf-8"))
        if entries.pop(name, None) is not None:
            write_json(path, entries)
    (folder / name).unlink(missing_ok=True)


def damaged(folder: Path) -> dict[str, str]:
    """Return file -> how it differs from what was recorded of it; nothing where nothing was.

    A file that was set aside as damaged, NAME.damaged, is known and left out.
    """
    try:
        recorded = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        entries = {str(name): (int(size), str(digest)) for name, (size, digest) in recorded.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        return {CHECKSUMS: "is damaged"}
    found = {}
    for name, (size, digest) in entries.items():
        if (folder / f"{name}{SET_ASIDE}").exists():
            continue
        try:
            with (folder / name).open("rb") as file:
                there = _size(file)
                now = hashlib.file_digest(file, "sha256").hexdigest() if there == size else ""
        except OSError:
            found[name] = "is missing"
            continue
        if there != size:
            found[name] = f"has {there} bytes instead of {size}"
        elif now != digest:
            found[name] = "holds other bytes than were written"
    return found


def is_whole_png(path: Path) -> bool:
    """Return whether a file begins and ends as a PNG does: an empty or truncated one does not."""
    try:
        with path.open("rb") as file:
            starts = file.read(len(PNG_STARTS))
            size = file.seek(0, 2)
            file.seek(max(0, size - len(PNG_ENDS)))
            return starts == PNG_STARTS and file.read() == PNG_ENDS
    except OSError:
        return False


def torn_pictures(folder: Path, pattern: str, *, known: Mapping[str, str]) -> dict[str, str]:
    """Return picture -> what is wrong with it, of those by a glob that are not known as damaged."""
    names = {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob(pattern))}
    return {
        name: "is not a whole picture"
        for name, path in names.items()
        if name not in known and not is_whole_png(path)
    }


def set_aside(path: Path) -> None:
    """Rename a damaged file, so that nothing reads it and somebody can look at it.

    Of a missing one the name is kept, so that it is known.
    """
    aside = path.with_name(f"{path.name}{SET_ASIDE}")
    if path.exists():
        path.replace(aside)
    else:
        aside.parent.mkdir(exist_ok=True)
        aside.touch()


def _entry(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()
