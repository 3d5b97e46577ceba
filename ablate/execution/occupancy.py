"""One worker at a time in a run's folder.

The worker of a driver that was killed lives on until it has saved its state, or has even ended the
run; the next driver starts meanwhile and hands the same run out again.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Any

from filelock import FileLock, Timeout

LOCK = "worker.lock"
LOOK_EVERY_S = 0.2


def occupy(folder: Path, leave: Event | None) -> AbstractContextManager[Any]:
    """Return the lock of a run's folder, taken as soon as it is free; a dead holder frees it.

    Raises:
        LeaveError: `leave` was set before that.
    """
    from ablate.training.checkpoints import LeaveError  # here, since it imports torch

    lock = FileLock(folder / LOCK)
    while True:
        try:
            return lock.acquire(timeout=LOOK_EVERY_S)
        except Timeout:
            if leave is not None and leave.is_set():
                raise LeaveError("another worker is in the folder") from None
