"""The connection of a driver with workers on other machines: a socket and a shared secret.

A worker makes two connections: the pipe carries messages, and the lifeline ends when either side
dies. Messages are JSON and bytes; nothing that arrives is ever unpickled. A peer that does not know
the secret is refused before its first message is read.
"""

import contextlib
import logging
import os
import socket
import threading
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from queue import Empty, SimpleQueue
from typing import Any

from ablate.execution.serving import pack, unpack

logger = logging.getLogger(__name__)
HANDSHAKE_S = 20.0
SILENT_S, PROBES = 30, 4  # a peer whose machine is gone sends nothing: probe it
PIPE, LIFELINE = "pipe", "lifeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A remote worker that has made both of its connections."""

    token: str
    name: str  # host and process number
    pipe: Connection
    lifeline: Connection


class Server:
    """Listens on one address and collects the workers that connect.

    Args:
        host: Address of this machine that workers can reach; nothing else is listened on.
        key: The secret.
    """

    def __init__(self, host: str, key: bytes) -> None:
        self._socket = socket.create_server((host, 0), backlog=256)
        self.address: tuple[str, int] = (host, self._socket.getsockname()[1])
        self._key = key
        self._queue: SimpleQueue[Connected] = SimpleQueue()
        self._waiting: dict[str, tuple[str, Connection]] = {}
        self._lock = threading.Lock()
        self.wakeup, self._signal = os.pipe()  # readable while there are new workers
        threading.Thread(target=self._listen, daemon=True).start()

    def new_workers(self) -> list[Connected]:
        """The workers that have connected since the last call."""
        found: list[Connected] = []
        with contextlib.suppress(Empty):
            while True:
                found.append(self._queue.get_nowait())
                os.read(self.wakeup, 1)
        return found

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                found, peer = self._socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._accept, args=(found, peer), daemon=True).start()

    def _accept(self, found: socket.socket, peer: Any) -> None:
        keep_alive(found)
        connection = Connection(found.detach())
        try:
            _authenticate(connection, self._key)
            hello = unpack(connection.recv_bytes(4096))
            token, role, name = str(hello["token"]), hello["role"], str(hello["name"])[:100]
        except (OSError, EOFError, AuthenticationError, ValueError, KeyError, TypeError) as error:
            logger.warning("%s: refused as a worker (%s)", peer[0], error)
            connection.close()
            return
        with self._lock:
            if token not in self._waiting:
                self._waiting[token] = (role, connection)
                return
            first, other = self._waiting.pop(token)
        ends = {first: other, role: connection}
        if set(ends) == {PIPE, LIFELINE}:
            self._queue.put(
                Connected(token=token, name=name, pipe=ends[PIPE], lifeline=ends[LIFELINE])
            )
            os.write(self._signal, b".")


def connect(address: tuple[str, int], key: bytes, *, token: str) -> tuple[Connection, Connection]:
    """Connect a worker to the driver at an address; return its pipe and its lifeline.

    Raises:
        OSError: No driver listens there.
        AuthenticationError: The secret is another one.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    ends = []
    for role in (PIPE, LIFELINE):
        found = socket.create_connection(address, timeout=HANDSHAKE_S)
        found.settimeout(None)
        keep_alive(found)
        connection = Connection(found.detach())
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
        connection.send_bytes(pack({"token": token, "role": role, "name": name}))
        ends.append(connection)
    return ends[0], ends[1]


def keep_alive(found: socket.socket) -> None:
    """Let the system notice within about two minutes that the other machine is gone."""
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in (
        ("TCP_KEEPIDLE", SILENT_S),
        ("TCP_KEEPINTVL", SILENT_S),
        ("TCP_KEEPCNT", PROBES),
    ):
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _authenticate(connection: Connection, key: bytes) -> None:
    """Raise when the other side does not know the secret, or does not answer in time."""
    timer = threading.Timer(HANDSHAKE_S, _shut_down, args=(connection,))
    timer.daemon = True
    timer.start()
    try:
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
    finally:
        timer.cancel()


def _shut_down(connection: Connection) -> None:
    with contextlib.suppress(OSError):
        socket.socket(fileno=os.dup(connection.fileno())).shutdown(socket.SHUT_RDWR)
