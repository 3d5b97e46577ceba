"""Workers on other machines: somebody else starts them, they connect, and are served as local ones.

Ray or Slurm decide where and when a worker runs; which run it gets is the pool's business. No
shared file system is needed: where a worker does not see the folder of a run, the folder is
mirrored over the wire. The data set has to lie at the same path everywhere.
"""

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from ablate.execution import mirror
from ablate.execution.gate import Arrival, Gate
from ablate.execution.leases import LEASE_S, Lease
from ablate.execution.pool import Cause, Pool, Task, Worker
from ablate.execution.protocol import Decide
from ablate.execution.serving import LEAVE_WITHIN_S, MARK, pack, unpack

logger = logging.getLogger(__name__)
MOST_LOST = 8  # workers that a run may cost: machines of a cluster come and go
PATIENCE_S = 60.0


@dataclass(slots=True, eq=False, kw_only=True)
class Visitor(Worker):
    """A worker that has connected."""

    token: str
    address: str
    lifeline: Connection
    stop: Callable[[], None]

    @property
    def name(self) -> str:
        """Return its host and process number."""
        return self.address

    def send(self, task: Task) -> None:
        """Hand a run to it, with a mark in the folder by which it sees whether it shares it."""
        mark = secrets.token_hex(8)
        task.folder.mkdir(parents=True, exist_ok=True)
        (task.folder / MARK).write_text(mark, encoding="utf-8")
        self.pipe.send_bytes(pack({**task.message(), "mark": mark}))

    def receive(self, message: Mapping[str, Any]) -> None:
        """Send the files of the run, or write one that it sends."""
        assert self.task is not None
        folder = self.task.folder
        match message:
            case {"wants": "files"}:
                self._send_files(folder)
            case {"file": str(), "has_content": has_content}:
                content = self.pipe.recv_bytes() if has_content else None
                mirror.write(folder, message, content)
                self.lease.renew()

    def is_gone(self) -> bool:
        """Return whether an idle worker has closed its end."""
        try:
            while self.pipe.poll():
                self.pipe.recv_bytes()
        except (EOFError, OSError):
            return True
        return False

    def _send_files(self, folder: Path) -> None:
        held = {path: path.read_bytes() for path in mirror.files_of(folder)}
        files = [{"file": path.relative_to(folder).as_posix(), "at": None} for path in held]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send_bytes(pack({"files": files}))
            for content in held.values():
                self.pipe.send_bytes(content)

    def end(self, *, within_s: float) -> None:
        """Let it go, and have whoever started it stop it."""
        del within_s
        self.lifeline.close()
        self.stop()

    def post_mortem(self) -> tuple[Cause, str]:
        """Return that it is gone; why, only its machine knows."""
        return "killed", f"the worker {self.address} is gone"


class Remote(Pool[Visitor]):
    """Workers that somebody else starts; `_launch` and `_stop` say how.

    Args:
        decide: Says whether a run stops at a rung.
        slots: Workers wanted.
        lease_s: Seconds without progress after which a worker counts as hung.
        host: Address of this machine that workers can reach.
    """

    def __init__(
        self, *, decide: Decide, slots: int = 1, lease_s: float = LEASE_S, host: str
    ) -> None:
        super().__init__(decide=decide, slots=slots, lease_s=lease_s, most_lost=MOST_LOST)
        self._key = secrets.token_bytes(32)
        self._gate = Gate(host, self._key)
        self._wanted: set[str] = set()  # tokens of workers that were launched and have not come
        self._heard = time.monotonic()
        self._project = str(Path.cwd())
        tokens = [secrets.token_hex(8) for _ in range(slots)]
        self._wanted.update(tokens)
        self._launch_all(tokens)

    def close(self) -> None:
        """End every worker; what they save on leaving is still taken."""
        for worker in self._workers:
            worker.lifeline.close()
        until = time.monotonic() + LEAVE_WITHIN_S
        leaving: dict[Any, Visitor] = {worker.pipe: worker for worker in self._busy()}
        while leaving and (left_s := until - time.monotonic()) > 0:
            for pipe in wait(list(leaving), timeout=left_s):
                try:
                    leaving[pipe].receive(unpack(leaving[pipe].pipe.recv_bytes()))
                except (EOFError, OSError):
                    del leaving[pipe]
        super().close()
        for token in self._wanted:
            self._stop(token)
        self._gate.close()

    def _launch_all(self, tokens: Sequence[str]) -> None:
        """Launch the first workers."""
        for token in tokens:
            self._launch(token)

    def _launch(self, token: str) -> None:
        """Have a process somewhere call `visiting.visit` with this token."""
        raise NotImplementedError

    def _stop(self, token: str) -> None:
        """Have that process ended; it may have ended."""
        raise NotImplementedError

    def _look_after(self) -> None:
        """Raise when no worker can come: whoever starts them says so."""

    def _hire(self) -> list[Visitor]:
        token = secrets.token_hex(8)
        self._wanted.add(token)
        self._launch(token)
        return []

    def _arrivals(self) -> list[Visitor]:
        for worker in [one for one in self._workers if one.task is None and one.is_gone()]:
            logger.info("the idle worker %s has gone", worker.name)
            self._replace(worker, within_s=0)
        found = []
        for arrival in self._gate.arrivals():
            if arrival.token in self._wanted:
                found.append(self._welcome(arrival))
            else:  # a job that the queue has started again; another stands in for it
                arrival.pipe.close()
                arrival.lifeline.close()
        self._look_after()
        now = time.monotonic()
        if found or self._workers or not self._waiting:
            self._heard = now
        elif now - self._heard > PATIENCE_S:
            self._heard = now
            logger.warning(
                "no worker has come for %d s; the cluster may be busy, or cannot reach %s:%d",
                PATIENCE_S,
                *self._gate.address,
            )
        return found

    def _welcome(self, arrival: Arrival) -> Visitor:
        self._wanted.discard(arrival.token)
        logger.info("worker %s has come", arrival.name)
        return Visitor(
            pipe=arrival.pipe,
            lifeline=arrival.lifeline,
            token=arrival.token,
            address=arrival.name,
            lease=Lease(self._lease_s),
            stop=lambda: self._stop(arrival.token),
        )

    def _doors(self) -> Sequence[Any]:
        return (self._gate.bell,)
