"""Atomic writes: a file is written under another name, then renamed over the old one.

What is on the disk before what, so that a machine may lose its power at any instant:

1. an event of the ledger before anything acts on it (`Ledger._append`);
2. a journal before a checkpoint that counts on it, and before the result (`Checkpoints.save`,
   `JournalRecorder.close`); in between once a second;
3. checkpoint, weights, checksums and result before their names (`replacing`, `write_json`); the
   fused images of a run before its checksums, these before the result, and checkpoints are removed
   after it (`worker.write_result`);
4. a commit of MLflow or Optuna before it returns (sqlite).

Nothing relies on an order between the last and the others: how far a journal was sent is compared
with what MLflow holds at the next start, both ways (`tracking.sent_points`), and Optuna's trials
with the results (`study.projection`). Positions, other pictures and caches are not synced: a
position that is lost sends points twice, which changes nothing, and the others have checksums or
are made anew.
"""

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
    """Yield a path to write to, which replaces `path` at the end unless the block fails.

    A reader sees the old file or the whole new one. Several processes may write one path at once:
    each writes under a name of its own, and the last one wins.

    Args:
        path: Where the file shall be; its folder is there.
        is_synced: Whether the content is on the disk before the name is, so that also a machine
            that stops leaves no empty file; it costs some milliseconds.
        is_alone: Whether no other process writes this path now, since the caller holds a lock:
            files that killed writers left are then removed.
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
        beside.write_bytes(json_bytes(values))


def json_bytes(values: Any) -> bytes:
    """Return what `write_json` writes."""
    return json.dumps(values, ensure_ascii=False).encode()
