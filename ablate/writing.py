"""Files that appear whole or not at all: written beside their place, then renamed over it."""

import contextlib
import glob
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(path: Path, *, is_synced: bool = False, is_alone: bool = False) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes that place unless the block fails.

    A reader sees the old file or the whole new one. Several processes may write one path at once:
    each has a name of its own beside it, and the last one stands.

    Args:
        path: Where the file shall be; its folder is there.
        is_synced: Whether the content is on the disk before the name is, so that also a machine
            that stops leaves no empty file; it costs some milliseconds.
        is_alone: Whether no other process writes this path now, since the caller holds a lock:
            what killed writers left beside it is then removed.
    """
    if is_alone:
        for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
            left.unlink(missing_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield beside
        if is_synced:
            with beside.open("rb") as file:
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: Any) -> None:
    """Write JSON, whole or not at all, even where the machine stops."""
    with replacing(path, is_synced=True) as beside:
        beside.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
