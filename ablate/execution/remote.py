"""Remote workers: Ray or Slurm starts them, they connect to the driver, and the pool serves them.

The cluster decides where and when a worker runs, the pool which run it gets. No shared file system
is needed: a worker that cannot see the folder of a run gets a copy, which is kept in sync. The data
set has to lie at the same path on every machine.
"""

import logging
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import StoreError
from ablate.execution import file_sync
from ablate.execution.link import Link, OddMessageError, allow_open_files, ready
from ablate.execution.messages import Message, SentFile, Wanted, heard, pack
from ablate.execution.pool import Cause, Lease, Pool, Task, Worker
from ablate.execution.protocol import Decide
from ablate.execution.secret import make
from ablate.execution.server import MOST_PEERS, Connected, Server, connect
from ablate.execution.serving import LEAVE_WITHIN_S, MARK, Notice, serve
from ablate.settings.executor import LEASE_S

logger = logging.getLogger(__name__)
PER_WORKER = 2  # open files
MOST_LOST = 8  # workers that a run may cost: machines of a cluster come and go
PATIENCE_S = 60.0


@dataclass(slots=True, eq=False, kw_only=True)
class RemoteWorker(Worker):
    """A worker that has connected."""

    token: str
    address: str
    lifeline: Link
    stop: Callable[[], None]

    @property
    def name(self) -> str:
        """Its host and process number."""
        return self.address

    def send(self, task: Task) -> None:
        """Hand a run to it; it shares the folder if it can read the mark written there."""
        mark = secrets.token_hex(8)
        task.folder.mkdir(parents=True, exist_ok=True)
        (task.folder / MARK).write_text(mark, encoding="utf-8")
        self.pipe.send(pack({**task.message(), "mark": mark}))

    def receive(self, message: Message) -> None:
        """Send the files of the run, or write one that it sends."""
        assert self.task is not None
        folder = self.task.folder
        match message:
            case Wanted():
                self._send_files(folder)
            case SentFile():
                try:
                    file_sync.receive(folder, message.name, message.content, at=message.at)
                except StoreError as error:
                    raise OddMessageError(f"a file that no run has ({error})") from None
                self.lease.renew()

    def is_gone(self) -> bool:
        """Whether an idle worker has closed its end, or says something although nobody asked."""
        try:
            return bool(self.pipe.receive())
        except (EOFError, OddMessageError):
            return True

    def _send_files(self, folder: Path) -> None:
        held = {path: path.read_bytes() for path in file_sync.files_of(folder)}
        files = [{"file": path.relative_to(folder).as_posix(), "at": None} for path in held]
        self.pipe.send(pack({"files": files}))
        for content in held.values():
            self.pipe.send(content)

    def end(self, *, within_s: float) -> None:
        """Let it go, and have the cluster stop it."""
        del within_s
        self.lifeline.close()
        self.stop()

    def cause_of_end(self) -> tuple[Cause, str]:
        """The driver only knows that it is gone."""
        return "killed", f"the worker {self.address} is gone"


class Remote(Pool[RemoteWorker]):
    """Workers that a cluster starts; `_launch` and `_stop` of a subclass ask it to.

    Args:
        decide: Says whether a run stops at a rung.
        slots: Workers wanted.
        lease_s: Seconds without progress after which a worker counts as hung.
        host: Address of this machine that workers can reach.
        secret: File of the secret that exists at the same path wherever workers run.
        folder: Where a secret for this driver alone is made when there is no such file.

    Raises:
        ConfigError: The system does not let so many workers connect.
        ClusterError: The address or the secret cannot be used.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        slots: int = 1,
        lease_s: float = LEASE_S,
        host: str,
        secret: str | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(decide=decide, slots=slots, lease_s=lease_s, most_lost=MOST_LOST)
        allow_open_files(PER_WORKER * slots + MOST_PEERS)
        own = make((folder or Path(tempfile.gettempdir())).absolute()) if secret is None else None
        self._own_secret = own
        self._secret = str(own or Path(str(secret)).absolute())
        try:
            self._server = Server(host, Path(self._secret))
        except BaseException:
            self._forget_secret()
            raise
        self._pending: set[str] = set()  # tokens of workers that have not connected yet
        self._last_seen = time.monotonic()
        self._project = str(Path.cwd())
        tokens = [secrets.token_hex(8) for _ in range(slots)]
        self._pending.update(tokens)
        self._launch_all(tokens)

    def close(self) -> None:
        """End every worker, after they have saved their runs and sent the files."""
        for worker in self._workers:
            worker.lifeline.close()
        until = time.monotonic() + LEAVE_WITHIN_S
        leaving: dict[Any, RemoteWorker] = {worker.pipe: worker for worker in self._busy()}
        while leaving and (left_s := until - time.monotonic()) > 0:
            for pipe in ready(leaving, timeout_s=left_s):
                if not _takes_files(leaving[pipe]):
                    del leaving[pipe]
        super().close()
        for token in self._pending:
            self._stop(token)
        self._server.close()
        self._forget_secret()

    def _forget_secret(self) -> None:
        if self._own_secret is not None:
            self._own_secret.unlink(missing_ok=True)

    def _launch_all(self, tokens: Sequence[str]) -> None:
        """Launch the first workers."""
        for token in tokens:
            self._launch(token)

    def _launch(self, token: str) -> None:
        """Have a process somewhere call `work_for` with this token."""
        raise NotImplementedError

    def _stop(self, token: str) -> None:
        """End that process, if it still runs."""
        raise NotImplementedError

    def _check_pending(self) -> None:
        """Raise where the cluster says that no worker can start."""

    def _start_worker(self) -> list[RemoteWorker]:
        token = secrets.token_hex(8)
        self._pending.add(token)
        self._launch(token)
        return []

    def _new_workers(self) -> list[RemoteWorker]:
        for worker in [one for one in self._workers if one.task is None and one.is_gone()]:
            logger.info("the idle worker %s has gone", worker.name)
            self._replace(worker, within_s=0)
        found = []
        for one in self._server.new_workers():
            if one.token in self._pending:
                found.append(self._admit(one))
            else:  # a job that the queue has started again; another has replaced it
                one.pipe.close()
                one.lifeline.close()
        self._check_pending()
        now = time.monotonic()
        if found or self._workers or not self._waiting:
            self._last_seen = now
        elif now - self._last_seen > PATIENCE_S:
            self._last_seen = now
            logger.warning(
                "no worker has connected for %d s; the cluster may be busy, or cannot reach %s:%d",
                PATIENCE_S,
                *self._server.address,
            )
        return found

    def _admit(self, one: Connected) -> RemoteWorker:
        self._pending.discard(one.token)
        logger.info("worker %s has connected", one.name)
        return RemoteWorker(
            pipe=one.pipe,
            lifeline=one.lifeline,
            token=one.token,
            address=one.name,
            lease=Lease(self._lease_s),
            stop=lambda: self._stop(one.token),
        )

    def _also_watched(self) -> Sequence[Any]:
        return (self._server.wakeup,)


def _takes_files(worker: RemoteWorker) -> bool:
    """Take the files that a leaving worker has sent; return whether more may come."""
    try:
        worker.pipe.flush()
        for message in worker.pipe.receive():
            found = heard(message)
            if isinstance(found, SentFile):
                worker.receive(found)
    except (EOFError, OSError, OddMessageError):
        return False
    return True


def work_for(
    address: tuple[str, int], secret: str, *, token: str, project: str, notice: Notice | None = None
) -> None:
    """Work for the driver at an address until it closes the pipe, dies, or `notice` is given.

    Args:
        address: Host and port of the driver's server.
        secret: File of the shared secret.
        token: By which the driver knows this worker.
        project: Folder whose plug-ins are used, where this machine has it.
        notice: Given when this worker has to go.
    """
    if Path(project).is_dir():
        os.chdir(project)
    pipe, lifeline = connect(address, Path(secret), token=token)
    files = file_sync.FileSync(pipe)
    try:
        serve(pipe, lifeline, notice=notice, files=files)
    finally:
        files.close()
        pipe.close()
