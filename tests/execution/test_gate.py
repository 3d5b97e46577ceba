"""The gate of a driver among strangers, and workers that send what no worker sends."""

import contextlib
import json
import os
import pickle
import resource
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ablate.errors import ClusterError, ConfigError
from ablate.execution import link, secret
from ablate.execution.link import Link, OddMessageError, allow_open_files
from ablate.execution.messages import Beat, Ended, Reports, SentFile, heard, pack
from ablate.execution.pool import Lease, Pool, Worker
from ablate.execution.server import (
    LIFELINE,
    MOST_PEERS,
    PIPE,
    VERSION,
    Connected,
    Server,
    connect,
)
from ablate.training.spec import RunResult, RunSpec

HERE = "127.0.0.1"
SPEC = RunSpec(
    run_id="r",
    arm_id="a",
    study="s",
    phase="p",
    trial=0,
    seed=0,
    name="r",
    settings={"model": {}},
)
RESULT = RunResult(run_id="r", state="finished", metrics={"val/qabf": 0.1234}).to_json()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return secret.make(tmp_path / "keys")


@pytest.fixture
def gate(key: Path) -> Iterator[Server]:
    made = Server(HERE, key)
    yield made
    made.close()


def admitted(gate: Server, within_s: float = 20.0) -> Connected:
    until = time.monotonic() + within_s
    while not (found := gate.new_workers()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found[0]


def heard_from(pipe: Link, within_s: float = 20.0) -> bytes:
    return pipe.recv_bytes(within_s=within_s)


def greeting(gate: Server, key: Path, hello: bytes) -> bytes:
    """Send a first message as one who holds the secret does; return the answer."""
    found = socket.create_connection(gate.address)
    pipe = Link(secret.context(key, is_server=False).wrap_socket(found))
    try:
        pipe.send_bytes(hello)
        return heard_from(pipe)
    finally:
        pipe.close()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_a_secret_is_a_file_that_only_its_user_reads(tmp_path: Path, mask: int) -> None:
    (tmp_path / "keys").mkdir()
    before = os.umask(mask)
    try:
        path = secret.make(tmp_path / "keys")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    secret.context(path, is_server=True)


def _readable(path: Path) -> Path:
    path.chmod(0o640)
    return path


def _link(path: Path) -> Path:
    (path.parent / "link.pem").symlink_to(path)
    return path.parent / "link.pem"


def _open_folder(path: Path) -> Path:
    path.parent.chmod(0o777)
    return path


def _gone(path: Path) -> Path:
    path.unlink()
    return path


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:80])
    return path


def _of_another(path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, 12345)
    return path


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_readable, "others can read this secret"),
        (_link, "cannot be read"),
        (_open_folder, "others can replace files"),
        (_gone, "cannot be read on"),
        (_cut, "not the secret of a driver"),
        (_of_another, "not a file of yours"),
    ],
)
def test_a_secret_that_others_could_have_is_refused(
    key: Path, spoil: Callable[[Path], Path], why: str
) -> None:
    with pytest.raises(ClusterError, match=why) as error:
        secret.context(spoil(key), is_server=False)
    assert "\n" not in str(error.value)


def test_jobs_of_a_queue_are_given_a_path_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[bytes] = []

    class Queue:
        def __init__(self, folder: str, cluster: str) -> None:
            assert Path(folder).stat().st_mode & 0o777 == 0o700

        def update_parameters(self, **_: Any) -> None: ...

        def batch(self) -> contextlib.AbstractContextManager[None]:
            return contextlib.nullcontext()

        def submit(self, function: Any, *words: Any, **more: Any) -> Any:
            jobs.append(pickle.dumps((words, more)))
            return SimpleNamespace(cancel=lambda check: None)

    monkeypatch.setitem(sys.modules, "submitit", SimpleNamespace(AutoExecutor=Queue))
    monkeypatch.setitem(sys.modules, "submitit.core", SimpleNamespace())
    utils = SimpleNamespace(FailedJobError=RuntimeError)
    monkeypatch.setitem(sys.modules, "submitit.core.utils", utils)
    from ablate.execution.slurm import OnSlurm

    executor = OnSlurm(
        decide=lambda *_: False, cluster="local", logs=str(tmp_path / "logs"), slots=2
    )
    path = Path(executor._secret)
    lines = path.read_text().splitlines()
    assert len(jobs) == 2
    for job in jobs:
        assert str(path).encode() in job
        assert not [line for line in lines if len(line) > 20 and line.encode() in job]
    executor.close()
    assert not path.exists()
    (tmp_path / "logs").chmod(0o777)
    with pytest.raises(ClusterError, match="others can replace files"):
        OnSlurm(decide=lambda *_: False, cluster="local", logs=str(tmp_path / "logs"))


def test_who_does_not_hold_the_secret_is_turned_away(
    gate: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ClusterError, match="not the secret of the driver"):
        connect(gate.address, secret.make(tmp_path / "others"), token="t")
    with socket.create_connection(gate.address) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            stranger.recv(100)
    without = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    without.check_hostname, without.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(gate.address) as found, without.wrap_socket(found) as stranger:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            stranger.sendall(struct.pack("!i", 2) + b"{}")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            stranger.recv(100)
    until = time.monotonic() + 20
    while caplog.text.count("refused as a worker") < 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert gate.new_workers() == []


def test_idle_strangers_cost_a_worker_a_moment_and_the_driver_few_descriptors(
    gate: Server, key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    strangers = [socket.create_connection(gate.address) for _ in range(250)]
    for one in strangers[::2]:
        one.sendall(b"\x16\x03\x01")  # half a header
    connect(gate.address, key, token="t")
    assert admitted(gate).token == "t"
    ours = len(list(Path("/proc/self/fd").iterdir())) - before - len(strangers)
    assert ours <= MOST_PEERS + 4
    assert caplog.text.count("refused as a worker") <= 5
    for one in strangers:
        one.close()


@pytest.mark.parametrize(
    "hello",
    [
        pack({"version": VERSION, "token": "t", "role": "other", "name": "n"}),
        pack({"version": VERSION, "token": 3, "role": PIPE, "name": "n"}),
        pack([]),
        b"{",
        b"\xff\xfe",
        b"[" * 4000,
        b"x" * 5000,
    ],
)
def test_an_odd_greeting_is_turned_away_and_the_next_worker_comes_in(
    gate: Server, key: Path, hello: bytes
) -> None:
    with pytest.raises((EOFError, OSError)):
        greeting(gate, key, hello)
    connect(gate.address, key, token="t")
    assert admitted(gate).token == "t"


def test_a_worker_of_another_version_is_refused_in_words(
    gate: Server, key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hello = {"version": "ablate 0.0.1, protocol 1", "token": "t", "role": PIPE, "name": "n"}
    answer = json.loads(greeting(gate, key, pack(hello)))
    assert answer == {"refused": f"it is of ablate 0.0.1, protocol 1, the driver of {VERSION}"}
    deadline = time.monotonic() + 10  # the gate answers first and logs then
    while "ablate 0.0.1" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "ablate 0.0.1" in caplog.text


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "no.such.host.invalid"])
def test_the_gate_listens_on_one_address_of_this_machine(key: Path, host: str) -> None:
    with pytest.raises(ClusterError, match=r"executor\.host"):
        Server(host, key)


class Relay:
    """Passes bytes on between a worker and a gate, keeps those of the worker, and may spoil one."""

    def __init__(self, gate: Server) -> None:
        self.kept: list[bytearray] = []
        self.spoils = False
        self._gate = gate
        self._listener = socket.create_server((HERE, 0))
        self.address = (HERE, int(self._listener.getsockname()[1]))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            worker, _ = self._listener.accept()
            driver = socket.create_connection(self._gate.address)
            kept = bytearray()
            self.kept.append(kept)
            for source, target, sent in ((worker, driver, kept), (driver, worker, bytearray())):
                words = (source, target, sent)
                threading.Thread(target=self._pass_on, args=words, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, sent: bytearray) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                sent += part
                target.sendall(bytes([*part[:-1], part[-1] ^ 1]) if self.spoils else part)
            target.shutdown(socket.SHUT_WR)


def test_a_relay_can_neither_read_nor_change_nor_replay_what_a_worker_sends(
    gate: Server, key: Path
) -> None:
    relay = Relay(gate)
    pipe, _ = connect(relay.address, key, token="t")
    worker = admitted(gate)
    message = pack({"result": RESULT})
    pipe.send_bytes(message)
    assert heard_from(worker.pipe) == message
    assert not [kept for kept in relay.kept if b"0.1234" in kept or b"finished" in kept]
    relay.spoils = True
    pipe.send_bytes(message)
    with pytest.raises(EOFError):
        heard_from(worker.pipe)
    for kept in list(relay.kept):
        with socket.create_connection(gate.address) as again:
            again.sendall(kept)
            with contextlib.suppress(ConnectionError):
                while again.recv(65536):
                    pass
    assert gate.new_workers() == []


def test_a_message_too_long_is_refused_before_it_is_read(gate: Server, key: Path) -> None:
    pipe, _ = connect(gate.address, key, token="t")
    worker = admitted(gate)
    pipe._unsent += struct.pack("!i", link.MOST_BYTES + 1)
    pipe.flush()
    with pytest.raises(OddMessageError, match="a message of"):
        heard_from(worker.pipe)


def test_the_limit_of_open_files_is_raised_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    allow_open_files(300)
    assert raised == []
    allow_open_files(1200)
    assert raised == [(1456, 4096)]
    with pytest.raises(ConfigError, match=r"executor.slots: .*4256 open files, .* 4096"):
        allow_open_files(4000)


class Near(Worker):
    """A worker whose other end the test holds."""

    @property
    def name(self) -> str:
        return "near"

    def end(self, *, within_s: float) -> None: ...

    def cause_of_end(self) -> Any:
        return "killed", "it is gone"


class Hand(Pool[Near]):
    """A pool whose workers are sockets in the hands of the test."""

    def __init__(self, slots: int, *, lease_s: float = 600.0) -> None:
        super().__init__(decide=lambda *_: False, slots=slots, lease_s=lease_s)
        self.theirs: list[socket.socket] = []
        for _ in range(slots):
            self._workers += self._start_worker()

    def _start_worker(self) -> list[Near]:
        ours, theirs = socket.socketpair()
        self.theirs.append(theirs)
        return [Near(pipe=Link(ours), lease=Lease(self._lease_s))]


def framed(content: bytes) -> bytes:
    return struct.pack("!i", len(content)) + content


DEEP = b"[" * 100_000
ODD = [
    b"",
    b"{",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b"\x00" * 50,
    b"\xff\xfe\xfd",
    DEEP,
    b'{"beat": 1}',
    b'{"beat": [1, 2]}',
    b'{"beat": ["1", 2, 3]}',
    b'{"beat": [-1, 2, 3]}',
    b'{"beat": [1, NaN, 3]}',
    b'{"beat": [1, 2, Infinity]}',
    b'{"beat": [true, 2, 3]}',
    b'{"beat": [1, 1' + b"0" * 400 + b", 3]}",
    b'{"reports": []}',
    b'{"reports": {"x": 1}}',
    b'{"reports": {"1": "high"}}',
    b'{"reports": {"' + b"9" * 5000 + b'": 1}}',
    b'{"result": null}',
    b'{"result": {"run_id": "r"}}',
    pack({"result": {**RESULT, "run_id": "another"}}),
    pack({"result": {**RESULT, "state": "won"}}),
    pack({"result": {**RESULT, "images": [[1, 2, 3, 0.5]]}}),
    pack({"result": {**RESULT, "metrics": {"val/qabf": 10**400}}}),
    pack({"result": {**RESULT, "more": 1}}),
    b'{"oom": 3}',
    b'{"left": {}}',
    b'{"file": "journal.jsonl", "at": -1}\nx',
    b'{"file": "../x", "at": null}\nx',
    b'{"file": 3, "at": 0}\nx',
    b'{"wants": "files"}',
    b'{"stop": true}',
]


@pytest.mark.parametrize("message", ODD, ids=range(len(ODD)))
def test_an_odd_message_costs_its_worker_and_never_the_driver(
    tmp_path: Path, message: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    pool = Hand(1)
    pool.submit(SPEC, tmp_path / "r")
    pool.theirs[0].sendall(framed(message))
    assert pool.poll(5) == []
    assert "it sent " in caplog.text
    pool.theirs[1].sendall(framed(pack({"result": RESULT})))
    assert [one.run_id for one in pool.poll(5)] == ["r"]
    pool.close()


@pytest.mark.parametrize("head", [struct.pack("!i", -1), struct.pack("!i", 2**31 - 1)])
def test_a_length_that_cannot_be_costs_its_worker_alone(tmp_path: Path, head: bytes) -> None:
    pool = Hand(1)
    pool.submit(SPEC, tmp_path / "r")
    pool.theirs[0].sendall(head + b"x" * 100)
    assert pool.poll(5) == []
    assert len(pool.theirs) == 2
    pool.close()


def test_a_worker_that_stops_within_a_message_holds_nobody_up_and_loses_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.execution.pool.FIRST_STEP_S", 0.0)
    pool = Hand(2, lease_s=1.0)
    for name in ("one", "two"):
        pool.submit(SPEC, tmp_path / name)
    pool.theirs[0].sendall(framed(pack({"result": RESULT}))[:-5])
    pool.theirs[1].sendall(framed(pack({"result": RESULT})))
    began = time.monotonic()
    assert len(pool.poll(5)) == 1
    assert time.monotonic() - began < 0.8
    while len(pool.theirs) < 3:
        assert time.monotonic() - began < 5
        pool.poll(0.05)
    pool.close()


def test_a_worker_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    pipe = Link(ours)
    began = time.monotonic()
    pipe.send(b"x" * 50_000_000)
    assert time.monotonic() - began < 2
    assert pipe.has_unsent
    theirs.close()
    pipe.close()


def test_what_a_worker_says_is_read_as_it_was_meant() -> None:
    assert heard(pack({"beat": [3, 0.5, 100.0]})) == Beat(3, 0.5, 100.0)
    assert heard(pack({"reports": {2: 0.5, 4: 1}})) == Reports({2: 0.5, 4: 1.0})
    assert heard(pack({"result": RESULT})) == Ended(RunResult.from_json(RESULT))
    sent = heard(pack({"file": "journal.jsonl", "at": 7}, b"a\nb\n"))
    assert sent == SentFile("journal.jsonl", 7, b"a\nb\n")
    assert heard(pack({"file": "x", "at": None})) == SentFile("x", None, None)
    assert heard(pack({"file": "x", "at": None}, b"")) == SentFile("x", None, b"")


def test_half_a_worker_is_forgotten(
    gate: Server, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.execution.server.HANDSHAKE_S", 0.2)
    hello = {"version": VERSION, "token": "t", "role": LIFELINE, "name": "n"}
    assert "welcome" in json.loads(greeting(gate, key, pack(hello)))
    until = time.monotonic() + 10
    while gate._halves:
        assert time.monotonic() < until
        time.sleep(0.02)
