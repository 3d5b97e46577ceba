"""The gate of a driver: workers on other machines connect to it over TLS with a shared secret.

A worker makes two connections: the pipe carries messages, and the lifeline ends when either side
dies. Messages are JSON and bytes; nothing that arrives is ever unpickled. Who does not hold the
secret is refused before its first message is read, has little time for that, and waits for nothing
but itself: one thread serves all who come, and only so many at a time.
"""

import contextlib
import logging
import os
import random
import selectors
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from ablate import __version__
from ablate.errors import ClusterError, one_line
from ablate.execution.link import LATER, MOST_BYTES, Link, OddMessageError
from ablate.execution.messages import pack, unpack
from ablate.execution.secret import context

logger = logging.getLogger(__name__)
PROTOCOL = 2  # raise it with every change of what driver and workers say to each other
VERSION = f"ablate {__version__}, protocol {PROTOCOL}"
HANDSHAKE_S = 20.0
MOST_PEERS = 128  # who may be at the gate at a time; more wait before it
CROWDED_S = 1.0  # for a handshake when so many are there
MOST_HELLO = 4096  # bytes of the first message
MOST_SAID = 5  # refusals that are worth a line
PATIENCE_S = 60.0  # of a worker before a crowded gate
SILENT_S, PROBES = 30, 4  # a peer whose machine is gone sends nothing: probe it
ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
DROPPED = (TimeoutError, ConnectionResetError, BrokenPipeError)
PIPE, LIFELINE = "pipe", "lifeline"
EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104 -- refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A remote worker that has made both of its connections."""

    token: str
    name: str  # host and process number
    pipe: Link
    lifeline: Link


@dataclass(slots=True, kw_only=True, eq=False)
class _Peer:
    """Somebody at the gate."""

    address: str
    connected: ssl.SSLSocket
    came: float
    link: Link | None = None  # as soon as it has shown the secret


class Server:
    """Listens on one address and collects the workers that connect.

    Args:
        host: Address of this machine that workers can reach; nothing else is listened on.
        secret: File of the secret.

    Raises:
        ClusterError: The address is not one of this machine, or the secret cannot be used.
    """

    def __init__(self, host: str, secret: Path) -> None:
        if host in EVERYWHERE:
            raise ClusterError(
                f"executor.host: {host!r} is every address of this machine; name the one that the "
                "workers reach"
            )
        self._tls = context(secret, is_server=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, 0), family=family, backlog=1024)
        except OSError as error:
            raise ClusterError(
                f"executor.host: {host} is not an address of this machine "
                f"({error.strerror or error}); name one that the workers reach"
            ) from error
        self._socket.setblocking(False)
        self.address: tuple[str, int] = (host, self._socket.getsockname()[1])
        self._queue: SimpleQueue[Connected] = SimpleQueue()
        self._peers: set[_Peer] = set()
        self._halves: dict[str, tuple[str, Link, float]] = {}  # by token
        self._refused = 0
        self.wakeup, self._signal = os.pipe()  # readable while there are new workers
        self._ended, self._end = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ended, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True, name="gate")
        self._thread.start()

    def new_workers(self) -> list[Connected]:
        """The workers that have connected since the last call."""
        found: list[Connected] = []
        with contextlib.suppress(Empty):
            while True:
                found.append(self._queue.get_nowait())
                os.read(self.wakeup, 1)
        return found

    def close(self) -> None:
        """Stop listening, and turn away who waits."""
        if not self._thread.is_alive():
            return
        os.write(self._end, b".")
        self._thread.join()
        for worker in self.new_workers():
            worker.pipe.close()
            worker.lifeline.close()
        os.close(self._ended)
        os.close(self._end)

    def _serve(self) -> None:
        """Serve everybody at the gate in turn until `close`."""
        is_listening = False
        while True:
            is_crowded = len(self._peers) >= MOST_PEERS
            if is_listening == is_crowded:
                if is_crowded:
                    self._selector.unregister(self._socket)
                else:
                    self._selector.register(self._socket, selectors.EVENT_READ)
                is_listening = not is_crowded
            for key, _ in self._selector.select(0.25):
                if key.fileobj == self._ended:
                    self._leave()
                    return
                if key.fileobj is self._socket:
                    self._accept()
                else:
                    self._hear(key.data)
            self._dismiss(CROWDED_S if len(self._peers) >= MOST_PEERS else HANDSHAKE_S)

    def _leave(self) -> None:
        for peer in list(self._peers):
            self._drop(peer)
        for _, link, _ in self._halves.values():
            link.close()
        self._selector.close()
        self._socket.close()

    def _accept(self) -> None:
        try:
            found, address = self._socket.accept()
        except OSError:  # it has gone again; or no descriptor is left, which passes
            time.sleep(0.01)
            return
        try:
            keep_alive(found)
            found.setblocking(False)
            connected = self._tls.wrap_socket(
                found, server_side=True, do_handshake_on_connect=False
            )
        except OSError:
            found.close()
            return
        peer = _Peer(address=address[0], connected=connected, came=time.monotonic())
        self._peers.add(peer)
        self._selector.register(connected, selectors.EVENT_READ, peer)

    def _hear(self, peer: _Peer) -> None:
        """Go on with the handshake of a peer, or read what it says first."""
        try:
            if peer.link is None:
                self._selector.modify(peer.connected, selectors.EVENT_READ, peer)
                peer.connected.do_handshake()
                peer.link = Link(peer.connected, most_bytes=MOST_HELLO)
            messages = peer.link.receive()
            if messages:
                self._greet(peer, peer.link, messages)
        except ssl.SSLWantWriteError:
            self._selector.modify(peer.connected, selectors.EVENT_WRITE, peer)
        except LATER:
            return
        except (OSError, EOFError, ValueError) as error:
            self._refuse(peer, str(error) or "it has gone")

    def _greet(self, peer: _Peer, link: Link, messages: list[bytes]) -> None:
        """Admit a peer that holds the secret and is of this version."""
        match [unpack(message) for message in messages]:
            case [
                {"version": str(version), "token": str(token), "role": str(role), "name": str(name)}
            ] if role in (PIPE, LIFELINE):
                pass
            case _:
                raise OddMessageError("it does not speak as a worker does")
        if version != VERSION:
            answer = f"it is of {one_line(version, longest=60)}, the driver of {VERSION}"
            link.send(pack({"refused": answer}))
            self._refuse(peer, answer)
            return
        link.send(pack({"welcome": VERSION}))
        link.most_bytes = MOST_BYTES
        self._selector.unregister(peer.connected)
        self._peers.discard(peer)
        self._pair(token, role, one_line(name, longest=100), link)

    def _pair(self, token: str, role: str, name: str, link: Link) -> None:
        first, other, _ = self._halves.pop(token, (role, link, 0.0))
        if first == role:
            if other is not link:
                other.close()
            self._halves[token] = (role, link, time.monotonic())
            return
        ends = {first: other, role: link}
        self._queue.put(Connected(token=token, name=name, pipe=ends[PIPE], lifeline=ends[LIFELINE]))
        os.write(self._signal, b".")

    def _dismiss(self, within_s: float) -> None:
        """Turn away who takes too long."""
        now = time.monotonic()
        for peer in [one for one in self._peers if now - one.came > within_s]:
            self._refuse(peer, f"no handshake within {within_s:.3g} s")
        for token, (_, link, came) in list(self._halves.items()):
            if now - came > HANDSHAKE_S:
                link.close()
                del self._halves[token]

    def _refuse(self, peer: _Peer, why: str) -> None:
        self._refused += 1
        if self._refused <= MOST_SAID:
            last = "; more are not reported" if self._refused == MOST_SAID else ""
            logger.warning(
                "%s: refused as a worker (%s)%s", peer.address, one_line(why, longest=160), last
            )
        self._drop(peer)

    def _drop(self, peer: _Peer) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer.connected)
        self._peers.discard(peer)
        peer.connected.close()


def connect(address: tuple[str, int], secret: Path, *, token: str) -> tuple[Link, Link]:
    """Connect a worker to the driver at an address; return its pipe and its lifeline.

    Raises:
        ClusterError: The secret cannot be used or is another one, or the driver is of another
            version.
        OSError: No driver listens there.
    """
    tls = context(secret, is_server=False)
    until = time.monotonic() + PATIENCE_S
    ends = []
    for role in (PIPE, LIFELINE):
        while True:
            try:
                ends.append(_end(address, tls, token=token, role=role))
                break
            except (ssl.SSLError, EOFError, *DROPPED) as error:
                found = error.__cause__ or error
                if isinstance(found, ssl.SSLError) and not isinstance(found, ENDED):
                    raise ClusterError(
                        f"{secret}: not the secret of the driver at {address[0]}:{address[1]} "
                        f"({found.reason or found}); every machine needs the same file"
                    ) from None
                _rest(error, until)  # the gate is crowded
    return ends[0], ends[1]


def _rest(error: Exception, until: float) -> None:
    """Wait a random moment before the next try; raise ConnectionError when time is over."""
    if time.monotonic() > until:
        raise ConnectionError("the driver has no time for this worker") from error
    time.sleep(random.uniform(0.1, 1.0))


def _end(address: tuple[str, int], tls: ssl.SSLContext, *, token: str, role: str) -> Link:
    """One admitted connection."""
    found = socket.create_connection(address, timeout=HANDSHAKE_S)
    try:
        keep_alive(found)
        link = Link(tls.wrap_socket(found))
    except BaseException:
        found.close()
        raise
    try:
        name = f"{socket.gethostname()}:{os.getpid()}"
        hello = {"version": VERSION, "token": token, "role": role, "name": name}
        link.send_bytes(pack(hello))
        _check_answer(unpack(link.recv_bytes(within_s=HANDSHAKE_S)), address)
    except BaseException:
        link.close()
        raise
    return link


def _check_answer(answer: object, address: tuple[str, int]) -> None:
    """Raise ClusterError unless the driver welcomes this worker."""
    match answer:
        case {"welcome": _}:
            return
        case {"refused": why}:
            raise ClusterError(
                f"{address[0]}:{address[1]}: refuses this worker: {one_line(str(why))}; install "
                "the same version on every machine"
            )
    raise ClusterError(f"{address[0]}:{address[1]}: no driver of ablate answers there")


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
