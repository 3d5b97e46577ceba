"""The loop of a worker process: runs come from a pipe, heartbeats and results go back over it."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate.errors import AblateError
from ablate.execution.messages import pack, unpack
from ablate.execution.worker import DeviceLostError, work
from ablate.training.checkpoints import LeaveError
from ablate.training.recorder import Heartbeat
from ablate.training.spec import RunSpec

if TYPE_CHECKING:
    from ablate.execution.file_sync import FileSync

MARK = ".handed"  # in a run's folder: a worker that can read its content shares the folder
FIX = "free space or give rights, then the same command goes on from here"
LEAVE_WITHIN_S = 8.0


class Pipe(Protocol):
    """Sends and receives whole messages."""

    def send_bytes(self, buf: bytes, /) -> None:
        """Send one."""

    def recv_bytes(self) -> bytes:
        """Return the next one, waiting for it."""


class Lifeline(Protocol):
    """Ends when the driver dies."""

    def recv_bytes(self) -> bytes:
        """Wait for that."""


class Notice:
    """A request that a worker saves its run and leaves."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = ""  # empty when the driver is gone

    def give(self, reason: str) -> None:
        """Have the run saved and handed back for this reason."""
        self.reason = reason
        self.event.set()


def serve(
    pipe: Pipe,
    lifeline: Lifeline,
    *,
    notice: Notice | None = None,
    files: "FileSync | None" = None,
) -> None:
    """Work until the driver closes the pipe or dies.

    Args:
        pipe: Runs come from it, messages go back.
        lifeline: Ends when the driver dies.
        notice: Given when this worker has to go while the driver lives.
        files: Makes the folders of runs where those of the driver cannot be seen.
    """
    with contextlib.suppress(ValueError):  # a thread cannot; its process is somebody else's
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    notice = notice or Notice()
    leave = notice.event
    threading.Thread(target=_leave_with_the_driver, args=(lifeline, leave), daemon=True).start()

    def ask(reports: Mapping[int, float]) -> bool:
        try:
            pipe.send_bytes(pack({"reports": dict(reports)}))
            return bool(unpack(pipe.recv_bytes())["stop"])
        except (EOFError, OSError) as error:  # not an error of the run, which goes on later
            raise LeaveError("the driver is gone") from error

    def send_heartbeat(step: int, slowest_s: float) -> None:
        from ablate.training.determinism import peak_mib

        with contextlib.suppress(OSError):  # the driver is gone: the lifeline has ended too
            pipe.send_bytes(pack({"beat": [step, slowest_s, peak_mib()]}))

    while True:
        try:
            message = unpack(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        folder = Path(message["folder"])
        try:
            with _place(message, pipe, files) as place:
                result = work(
                    RunSpec.from_json(message["spec"]),
                    place,
                    ask=ask,
                    leave=leave,
                    heartbeat=Heartbeat(send_heartbeat),
                    lost=message["lost"],
                    retries_oom=message["retries_oom"],
                    is_replaceable=True,
                )
        except LeaveError:
            if notice.reason:
                with contextlib.suppress(OSError):
                    pipe.send_bytes(pack({"left": notice.reason}))
            return
        except DeviceLostError as error:
            with contextlib.suppress(OSError):
                pipe.send_bytes(pack({"device": str(error)}))
            return
        except MemoryError as error:  # with this process goes all that it holds
            with contextlib.suppress(OSError):
                pipe.send_bytes(pack({"oom": str(error) or "out of memory"}))
            return
        except AblateError as error:  # a plug-in that no longer loads, a journal that is damaged
            with contextlib.suppress(OSError):
                pipe.send_bytes(pack({"fault": str(error)}))
            return
        except OSError as error:  # the run's folder cannot be written; train records its own errors
            with contextlib.suppress(OSError):  # the driver may have met the same error, and ended
                pipe.send_bytes(pack({"fault": f"{folder}: {error.strerror or error}; {FIX}"}))
            return
        with contextlib.suppress(OSError):  # the result is written; the next driver reads it
            pipe.send_bytes(pack({"result": result.to_json()}))


def _place(
    message: Mapping[str, Any], pipe: Pipe, files: "FileSync | None"
) -> contextlib.AbstractContextManager[Path]:
    """The run's folder: the driver's own where this machine sees it, else one kept in sync."""
    folder = Path(message["folder"])
    if files is None:
        return contextlib.nullcontext(folder)
    with contextlib.suppress(OSError):
        if (folder / MARK).read_text(encoding="utf-8") == message["mark"]:
            return contextlib.nullcontext(folder)
    pipe.send_bytes(pack({"wants": "files"}))
    return files.of(folder.name, unpack(pipe.recv_bytes())["files"])


def _leave_with_the_driver(lifeline: Lifeline, leave: threading.Event) -> None:
    """Let the run save its state when the driver is gone; end the process if that takes long."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    leave.set()
    time.sleep(LEAVE_WITHIN_S)
    os._exit(3)
