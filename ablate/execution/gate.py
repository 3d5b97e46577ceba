"""Where workers of other machines come in: a socket, a secret, and two connections each.

Messages are JSON and bytes; nothing that arrives is ever unpickled. Whoever does not know the
secret is turned away before the first message.
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
SILENT_S, PROBES = 30, 4  # a peer whose machine is gone says nothing: ask it
PIPE, LIFELINE = "pipe", "lifeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A worker that has come in."""

    token: str
    name: str  # host and process number
    pipe: Connection
    lifeline: Connection


class Gate:
    """Listens on one address, and keeps who has come in until somebody asks.

    Args:
        host: Address of this machine that workers can reach; nothing else is listened on.
        key: The secret.
    """

    def __init__(self, host: str, key: bytes) -> None:
        self._socket = socket.create_server((host, 0), backlog=256)
        self.address: tuple[str, int] = (host, self._socket.getsockname()[1])
        self._key = key
        self._came: SimpleQueue[Arrival] = SimpleQueue()
        self._halves: dict[str, tuple[str, Connection]] = {}
        self._lock = threading.Lock()
        self.bell, self._ringer = os.pipe()
        threading.Thread(target=self._listen, daemon=True).start()

    def arrivals(self) -> list[Arrival]:
        """Return who has come in since the last time."""
        found: list[Arrival] = []
        with contextlib.suppress(Empty):
            while True:
                found.append(self._came.get_nowait())
                os.read(self.bell, 1)
        return found

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                found, peer = self._socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._let_in, args=(found, peer), daemon=True).start()

    def _let_in(self, found: socket.socket, peer: Any) -> None:
        keep_asking(found)
        connection = Connection(found.detach())
        try:
            _greet(connection, self._key)
            hello = unpack(connection.recv_bytes(4096))
            token, role, name = str(hello["token"]), hello["role"], str(hello["name"])[:100]
        except (OSError, EOFError, AuthenticationError, ValueError, KeyError, TypeError) as error:
            logger.warning("%s: turned away at the gate (%s)", peer[0], error)
            connection.close()
            return
        with self._lock:
            if token not in self._halves:
                self._halves[token] = (role, connection)
                return
            first, other = self._halves.pop(token)
        ends = {first: other, role: connection}
        if set(ends) == {PIPE, LIFELINE}:
            arrival = Arrival(token=token, name=name, pipe=ends[PIPE], lifeline=ends[LIFELINE])
            self._came.put(arrival)
            os.write(self._ringer, b".")


def enter(address: tuple[str, int], key: bytes, *, token: str) -> tuple[Connection, Connection]:
    """Return pipe and lifeline of a worker to the driver at an address.

    Raises:
        OSError: Nobody listens there.
        AuthenticationError: The secret is another one.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    ends = []
    for role in (PIPE, LIFELINE):
        found = socket.create_connection(address, timeout=HANDSHAKE_S)
        found.settimeout(None)
        keep_asking(found)
        connection = Connection(found.detach())
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
        connection.send_bytes(pack({"token": token, "role": role, "name": name}))
        ends.append(connection)
    return ends[0], ends[1]


def keep_asking(found: socket.socket) -> None:
    """Have the system notice that the other machine is gone, within about two minutes."""
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in (
        ("TCP_KEEPIDLE", SILENT_S),
        ("TCP_KEEPINTVL", SILENT_S),
        ("TCP_KEEPCNT", PROBES),
    ):
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _greet(connection: Connection, key: bytes) -> None:
    """Raise when the other side does not know the secret, or says nothing."""
    timer = threading.Timer(HANDSHAKE_S, _shut, args=(connection,))
    timer.daemon = True
    timer.start()
    try:
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
    finally:
        timer.cancel()


def _shut(connection: Connection) -> None:
    with contextlib.suppress(OSError):
        socket.socket(fileno=os.dup(connection.fileno())).shutdown(socket.SHUT_RDWR)
