"""A connection with its own buffers: whoever is slow at its other end holds nobody else up.

A message is a length of four bytes and its content, as `multiprocessing.connection` has them, so
that a worker of this machine may have a `Connection` at its end.
"""

import contextlib
import resource
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ablate.errors import ConfigError

READ: Final = 2**18  # bytes asked for at once
MOST_READ: Final = 2**24  # bytes taken from one peer before it is the next one's turn
WRITE: Final = 2**14  # a record of TLS: what is not taken whole has to be offered again
MOST_BYTES: Final = 2**30  # of a message
OF_THE_DRIVER: Final = 256  # files that are open without any worker
HEAD: Final = struct.Struct("!i")
LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class OddMessageError(ValueError):
    """What has arrived is nothing that a peer of this version sends."""


class Link:
    """Sends and receives whole messages; several threads may send, one receives.

    Args:
        connected: A socket, with or without TLS.
        most_bytes: Of a message that may arrive.
    """

    def __init__(self, connected: socket.socket, *, most_bytes: int = MOST_BYTES) -> None:
        connected.setblocking(False)
        self.most_bytes = most_bytes
        self._socket = connected
        self._lock = threading.Lock()
        self._arrived, self._unsent = bytearray(), bytearray()
        self._messages: list[bytes] = []  # for recv_bytes
        self._is_over = False
        self._fault: OSError | None = None
        self.has_more = False  # there is more to receive, though the socket may not show it

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._socket.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether `flush` has something to send."""
        return bool(self._unsent)

    def receive(self) -> list[bytes]:
        """The messages that have arrived whole, without waiting for any.

        Raises:
            EOFError: The other side is gone, and all that it sent was returned.
            OddMessageError: A message would be too long.
        """
        with self._lock:
            self._read()
            found = list(self._whole())
        if self._is_over and not found:
            raise EOFError from self._fault
        return found

    def send(self, content: bytes) -> None:
        """Send a message, now or in later calls of `flush`.

        Raises:
            OSError: The other side is gone.
        """
        with self._lock:
            if self._socket.fileno() < 0:
                raise OSError("this end of the connection is closed")
            self._unsent += HEAD.pack(len(content)) + content
            self._flush()

    def flush(self) -> None:
        """Send what the other side takes now.

        Raises:
            OSError: The other side is gone.
        """
        with self._lock:
            self._flush()

    def send_bytes(self, content: bytes, /) -> None:
        """Send a message and wait until it is on its way.

        Raises:
            OSError: The other side is gone.
        """
        self.send(content)
        while self.has_unsent:
            ready([self], timeout_s=None)
            self.flush()

    def recv_bytes(self, *, within_s: float | None = None) -> bytes:
        """The next message, waiting for it.

        Raises:
            EOFError: The other side is gone; the cause says why, where there is more to say.
            OddMessageError: A message would be too long.
            TimeoutError: It has not come in time.
        """
        while not self._messages:
            self._messages += self.receive()
            if self._messages or self.has_more:
                continue
            if not ready([self], timeout_s=within_s):
                raise TimeoutError(f"no answer within {within_s} s")
        return self._messages.pop(0)

    def close(self) -> None:
        """Send what the other side takes at once, and end the connection."""
        with self._lock:
            with contextlib.suppress(OSError):
                self._flush()
            self._is_over = True
            self._unsent.clear()
            self._socket.close()

    def _read(self) -> None:
        taken, self.has_more = 0, False
        while not self._is_over:
            try:
                part = self._socket.recv(READ)
            except LATER:
                return
            except OSError as error:
                part, self._fault = b"", error
            self._is_over = not part
            self._arrived += part
            taken += len(part)
            if taken >= MOST_READ:
                self.has_more = True
                return

    def _whole(self) -> Iterable[bytes]:
        while len(self._arrived) >= HEAD.size:
            (length,) = HEAD.unpack_from(self._arrived)
            if not 0 <= length <= self.most_bytes:
                self._is_over = True
                raise OddMessageError(f"a message of {length} bytes")
            if len(self._arrived) < HEAD.size + length:
                return
            yield bytes(self._arrived[HEAD.size : HEAD.size + length])
            del self._arrived[: HEAD.size + length]

    def _flush(self) -> None:
        while self._unsent:
            try:
                sent = self._socket.send(bytes(self._unsent[:WRITE]))
            except LATER:
                return
            del self._unsent[:sent]


def ready(links: Iterable[Link], *others: Any, timeout_s: float | None) -> Sequence[Any]:
    """Those of some connections and files that have something to read, or now take what is unsent.

    Args:
        links: Connections.
        others: What has a descriptor to read from, or is one.
        timeout_s: For the first of them; None waits for ever.
    """
    more = []
    with selectors.DefaultSelector() as selector:
        for link in links:
            if link.has_more:
                more.append(link)
            writes = selectors.EVENT_WRITE if link.has_unsent else 0
            selector.register(link, selectors.EVENT_READ | writes)
        for other in others:
            selector.register(other, selectors.EVENT_READ)
        found = [key.fileobj for key, _ in selector.select(0 if more else timeout_s)]
    return [*found, *(link for link in more if link not in found)]


def allow_open_files(more: int) -> None:
    """Let this process have so many files open besides those of every driver.

    Raises:
        ConfigError: The system does not.
    """
    count = more + OF_THE_DRIVER
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise ConfigError(
                f"executor.slots: so many workers take {count} open files, this machine allows "
                f"{hard}; lower it, or raise the limit (ulimit -Hn {count}, as root)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
