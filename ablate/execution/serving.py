"""What a worker process does: it takes runs from a pipe, and tells over it how they are."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ablate.execution.worker import DeviceLostError, work
from ablate.training.checkpoints import LeaveError
from ablate.training.pulse import Pulse
from ablate.training.spec import RunSpec

MEND = "free space or give rights, then the same command goes on from here"
LEAVE_WITHIN_S = 8.0


def serve(pipe: Connection, lifeline: Connection) -> None:
    """Work until the driver closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave = threading.Event()
    threading.Thread(target=_leave_with_the_driver, args=(lifeline, leave), daemon=True).start()

    def ask(reports: Mapping[int, float]) -> bool:
        try:
            pipe.send_bytes(pack({"reports": dict(reports)}))
            return bool(unpack(pipe.recv_bytes())["stop"])
        except (EOFError, OSError) as error:  # says nothing about the run, which goes on later
            raise LeaveError("the driver is gone") from error

    def tell(step: int, slowest_s: float) -> None:
        with contextlib.suppress(OSError):  # the lifeline says it too
            pipe.send_bytes(pack({"beat": [step, slowest_s]}))

    while True:
        try:
            message = unpack(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        folder = Path(message["folder"])
        try:
            result = work(
                RunSpec.from_json(message["spec"]), folder, ask=ask, leave=leave,
                pulse=Pulse(tell), lost=message["lost"], retries_oom=message["retries_oom"],
                is_replaceable=True,
            )  # fmt: skip
        except LeaveError:
            return
        except DeviceLostError as error:
            with contextlib.suppress(OSError):
                pipe.send_bytes(pack({"device": str(error)}))
            return
        except MemoryError as error:  # with this process goes all that it holds
            with contextlib.suppress(OSError):
                pipe.send_bytes(pack({"oom": str(error) or "out of memory"}))
            return
        except OSError as error:  # the run's folder cannot be written; train keeps its own faults
            with contextlib.suppress(OSError):  # the driver may have met the same fault, and gone
                pipe.send_bytes(pack({"fault": f"{folder}: {error.strerror or error}; {MEND}"}))
            return
        with contextlib.suppress(OSError):  # the result is written; the next driver reads it
            pipe.send_bytes(pack({"result": result.to_json()}))


def _leave_with_the_driver(lifeline: Connection, leave: threading.Event) -> None:
    """Let the run save its state when the driver is gone; end the process if that takes long."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    leave.set()
    time.sleep(LEAVE_WITHIN_S)
    os._exit(3)


def pack(values: Any) -> bytes:
    """Return a message for a pipe."""
    return json.dumps(values).encode()


def unpack(message: bytes) -> Any:
    """Return what `pack` was given."""
    return json.loads(message)
