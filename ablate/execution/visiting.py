"""A worker on another machine: it connects to the driver and serves runs as a local one does."""

import contextlib
import os
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ablate.execution.gate import enter
from ablate.execution.mirror import Mirror
from ablate.execution.serving import Notice, pack, serve


class Wire:
    """A pipe to the driver that several threads may send over."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send_bytes(self, content: bytes) -> None:
        """Send one message."""
        with self._lock:
            self._pipe.send_bytes(content)

    def send(self, message: Mapping[str, Any], content: bytes | None = None) -> None:
        """Send a message, and bytes that belong to it."""
        has_content = content is not None
        with self._lock:
            self._pipe.send_bytes(pack({**message, "has_content": has_content}))
            if content is not None:
                self._pipe.send_bytes(content)

    def recv_bytes(self) -> bytes:
        """Return the next message."""
        return self._pipe.recv_bytes()


def visit(
    address: tuple[str, int], key: bytes, *, token: str, project: str, notice: Notice | None = None
) -> None:
    """Serve the driver at an address until it closes the pipe, dies, or `notice` is given.

    Args:
        address: Host and port of the driver's gate.
        key: Its secret.
        token: What the driver knows this worker by.
        project: Folder whose plug-ins are used, where this machine has it.
        notice: Given when this worker has to go.
    """
    if Path(project).is_dir():
        os.chdir(project)
    pipe, lifeline = enter(address, key, token=token)
    wire = Wire(pipe)
    mirror = Mirror(wire, wire.recv_bytes)
    try:
        serve(wire, lifeline, notice=notice, mirror=mirror)
    finally:
        mirror.close()
        with contextlib.suppress(OSError):
            pipe.close()
