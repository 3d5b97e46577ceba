"""Persistent worker processes, one thread each: torch is imported once per worker, not per run."""

import multiprocessing
import signal
import socket
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from ablate.errors import ConfigError
from ablate.execution.devices import Slot, memory_kills, stay_on
from ablate.execution.link import Link, allow_open_files
from ablate.execution.pool import Cause, Lease, Pool, Task, Worker
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.serving import serve
from ablate.settings.executor import LEASE_S, WorkerSettings

PER_WORKER = 5  # open files, with those of one that starts
FORK_SERVER_PAUSES_S = (0.05, 0.5, 2.0)
PRELOAD = ["ablate.training.preload", "ablate.tracking.journal", "ablate.execution.processes"]


@dataclass(slots=True, eq=False, kw_only=True)
class Process(Worker):
    """A worker process of this machine.

    It sees the death of the driver by the end of its lifeline pipe, saves its state and goes.
    """

    process: ForkServerProcess
    lifeline: Connection
    memory_kills: int | None = None  # of the kernel, when the run was handed out
    place: Slot | None = None  # that it keeps to

    @property
    def name(self) -> str:
        """Its process number."""
        return str(self.process.pid)

    def send(self, task: Task) -> None:
        """Hand a run to it."""
        self.memory_kills = memory_kills()
        super(Process, self).send(task)

    def end(self, *, within_s: float) -> None:
        """Close its lifeline, and kill it when it does not end by itself."""
        self.lifeline.close()
        self.process.join(timeout=within_s)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def cause_of_end(self) -> tuple[Cause, str]:
        """Out of memory where the system killed it for that, else its signal or exit code."""
        code = self.process.exitcode
        if code == -signal.SIGKILL and self._was_short_of_memory():
            return "oom", "killed by the system for its memory"
        return "killed", f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def _was_short_of_memory(self) -> bool:
        """Whether the kernel has killed for memory since; true where it does not say."""
        now = memory_kills()
        return now is None or self.memory_kills is None or now > self.memory_kills


@EXECUTORS.register("processes", settings=WorkerSettings)
class Processes(Pool[Process]):
    """`slots` worker processes on this machine; a dead one is replaced and its run goes on.

    Args:
        decide: Says whether a run stops at a rung; the others are those of `WorkerSettings`.
    """

    def __init__(self, *, decide: Decide, slots: int = 1, lease_s: float = LEASE_S) -> None:
        super().__init__(decide=decide, slots=slots, lease_s=lease_s)
        allow_open_files(PER_WORKER * slots)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._workers = [self._start() for _ in range(slots)]

    def close(self) -> None:
        """End every worker now."""
        for worker in self._workers:
            worker.lifeline.close()  # all of them first: they save their state side by side
        super().close()

    def _start_worker(self) -> list[Process]:
        return [self._start()]

    def _start(self) -> Process:
        """Return a new worker.

        Raises:
            ConfigError: No socket can have a path below the temporary folder.
        """
        for pause_s in FORK_SERVER_PAUSES_S:
            try:
                return self._started()
            except (EOFError, ConnectionError):  # the fork server was killed; the next try has one
                time.sleep(pause_s)
            except OSError as error:
                if "too long" not in str(error):
                    raise
                place = tempfile.gettempdir()
                raise ConfigError(
                    f"TMPDIR: {place}: its {len(place)} letters leave no room for the sockets of "
                    "worker processes; set it to a shorter folder, as TMPDIR=/tmp, or use "
                    "executor=inline"
                ) from error
        return self._started()

    def _started(self) -> Process:
        ours, at_the_worker = socket.socketpair()
        pipe, theirs = Link(ours), Connection(at_the_worker.detach())
        ending, lifeline = self._context.Pipe(duplex=False)
        place = self._place()
        process = self._context.Process(target=_serve, args=(theirs, ending, place), daemon=True)
        process.start()
        theirs.close()
        ending.close()
        return Process(
            pipe=pipe, lifeline=lifeline, process=process, lease=Lease(self._lease_s), place=place
        )

    def _place(self) -> Slot | None:
        """The device and core that the next worker keeps to."""
        return None


def _serve(pipe: Connection, lifeline: Connection, place: Slot | None) -> None:
    """Work, and ignore signals to the process group: the driver asks this worker to save."""
    if place is not None:
        stay_on(place.device, place.core)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    serve(pipe, lifeline)
