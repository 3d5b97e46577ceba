"""Persistent worker processes, one thread each: torch is imported once per worker, not per run.

A run outlives its worker, and its numbers do not depend on how many it takes:

- a worker that is killed, or whose accelerator failed, is replaced, and its run goes on from its
  checkpoint;
- a worker that makes no progress for `lease_s` seconds (see `leases`) is killed, and so on;
- a run that runs out of memory goes on once more, alone: it waits until no other run is at work,
  and all workers are made anew, so that nothing else holds memory. Nothing of the run is made
  smaller, since another batch or crop is another experiment. If alone is not enough it has failed.

A run that costs three workers, or memory twice, has failed, with the last cause as its reason.
"""

import contextlib
import logging
import multiprocessing
import signal
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

from ablate.errors import StoreError
from ablate.execution.kernel import memory_kills
from ablate.execution.leases import LEASE_S, Lease
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.serving import LEAVE_WITHIN_S, pack, serve, unpack
from ablate.execution.worker import ALONE, RESULT, write_atomically
from ablate.training.spec import LOST, OOM, RunResult, RunSpec

logger = logging.getLogger(__name__)
MOST_LOST = 3  # workers that a run may cost
FORK_SERVER_PAUSES_S = (0.05, 0.5, 2.0)
PRELOAD = ["ablate.training.preload", "ablate.tracking.journal", "ablate.execution.serving"]
Cause = Literal["killed", "hung", "oom"]
FACTS: Mapping[Cause, str] = dict(zip(("killed", "hung", "oom"), LOST, strict=True))


@dataclass(slots=True)
class _Task:
    """A run, and what it has cost."""

    spec: RunSpec
    folder: Path
    lost: Counter[Cause] = field(default_factory=Counter)

    @property
    def is_alone(self) -> bool:
        return self.lost["oom"] > 0

    def message(self) -> dict[str, Any]:
        lost = {FACTS[cause]: count for cause, count in self.lost.items() if count}
        return {"spec": self.spec.to_json(), "folder": str(self.folder), "lost": lost,
                "retries_oom": not self.is_alone}  # fmt: skip


@dataclass(slots=True)
class _Worker:
    process: ForkServerProcess
    pipe: Connection
    lifeline: Connection
    lease: Lease
    task: _Task | None = None
    is_used: bool = False
    memory_kills: int | None = None  # of the kernel, when the run was handed out


@EXECUTORS.register("processes")
class Processes:
    """`slots` worker processes on this machine; a dead one is replaced and its run goes on.

    A worker sees the death of the driver by the end of its lifeline pipe, saves its state and goes.

    Args:
        decide: Says whether a run stops at a rung.
        slots: Runs side by side.
        lease_s: Seconds without progress after which a worker counts as hung.
    """

    def __init__(self, *, decide: Decide, slots: int = 1, lease_s: float = LEASE_S) -> None:
        self.slots = slots
        self._decide = decide
        self._lease_s = lease_s
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._waiting: deque[_Task] = deque()
        self._workers = [self._start() for _ in range(slots)]

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Send the run to an idle worker, or keep it while another run must be alone."""
        self._waiting.append(_Task(spec, folder))
        self._hand_out()

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return ended runs; what workers say meanwhile is answered, and who hangs is killed."""
        ended: list[RunResult | None] = []
        busy: dict[Any, _Worker] = {w.pipe: w for w in self._busy()}
        for pipe in wait(list(busy), timeout=timeout_s) if busy else []:
            ended.append(self._listen(busy[pipe]))
        ended += [self._bury(worker, "hung") for worker in self._busy() if worker.lease.is_over()]
        self._hand_out()
        return [result for result in ended if result is not None]

    def close(self) -> None:
        """End every worker now."""
        for worker in self._workers:
            worker.lifeline.close()
            worker.pipe.close()
        for worker in self._workers:
            _end(worker, within_s=LEAVE_WITHIN_S + 1)

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.task is not None]

    def _start(self) -> _Worker:
        for pause_s in FORK_SERVER_PAUSES_S:
            try:
                return self._started()
            except (EOFError, ConnectionError):  # the fork server was killed; the next try has one
                time.sleep(pause_s)
        return self._started()

    def _started(self) -> _Worker:
        pipe, theirs = self._context.Pipe()
        ending, lifeline = self._context.Pipe(duplex=False)
        process = self._context.Process(target=serve, args=(theirs, ending), daemon=True)
        process.start()
        theirs.close()
        ending.close()
        lease = Lease(self._lease_s)
        return _Worker(process=process, pipe=pipe, lifeline=lifeline, lease=lease)

    def _hand_out(self) -> None:
        """Give waiting runs to idle workers; one that must be alone comes first, and is."""
        while self._waiting:
            busy = self._busy()
            task = next((task for task in self._waiting if task.is_alone), self._waiting[0])
            is_taken = any(worker.task is not None and worker.task.is_alone for worker in busy)
            if is_taken or len(busy) == len(self._workers) or (task.is_alone and busy):
                return
            if task.is_alone:
                self._renew()
            self._waiting.remove(task)
            worker = next(worker for worker in self._workers if worker.task is None)
            worker.task, worker.is_used = task, True
            worker.lease = Lease(self._lease_s)
            worker.memory_kills = memory_kills()
            try:
                worker.pipe.send_bytes(pack(task.message()))
            except OSError:
                logger.warning("worker %s is gone before %s", worker.process.pid, task.spec.run_id)

    def _renew(self) -> None:
        """Replace the workers that have had a run: with them goes all memory they keep."""
        for place, worker in enumerate(self._workers):
            if worker.is_used:
                self._workers[place] = self._start()
                worker.lifeline.close()
                worker.pipe.close()
                _end(worker, within_s=1)

    def _listen(self, worker: _Worker) -> RunResult | None:
        """Take all that a worker has said; return how its run ended, if it has."""
        assert worker.task is not None
        while True:
            try:
                message = unpack(worker.pipe.recv_bytes())
            except (EOFError, OSError):
                return self._bury(worker, "killed")
            match message:
                case {"beat": [step, slowest_s]}:
                    worker.lease.heard(step=step, slowest_s=slowest_s)
                case {"reports": reports}:
                    stop = self._decide(worker.task.spec, {int(k): v for k, v in reports.items()})
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        worker.pipe.send_bytes(pack({"stop": stop}))
                    worker.lease.renew()
                case {"result": result}:
                    worker.task = None
                    return RunResult.from_json(result)
                case {"oom": reason}:
                    return self._bury(worker, "oom", why=str(reason))
                case {"device": reason}:
                    return self._bury(worker, "killed", why=str(reason))
                case {"fault": fault}:
                    raise StoreError(fault)
            if not worker.pipe.poll():
                return None

    def _bury(self, worker: _Worker, cause: Cause, *, why: str = "") -> RunResult | None:
        """Replace a worker; its run goes on in a new one, or has failed for good."""
        assert worker.task is not None
        task, name = worker.task, worker.task.spec.name
        _end(worker, within_s=0 if cause == "hung" else 2)
        code = worker.process.exitcode
        if cause == "killed" and code == -signal.SIGKILL and self._was_short_of_memory(worker):
            cause, why = "oom", "killed by the system for its memory"
        elif cause == "killed" and not why:
            why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        elif cause == "hung":
            why = f"no progress for {worker.lease.limit_s:.3g} s after step {worker.lease.step}"
        worker.lifeline.close()
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = self._start()
        was_alone = task.is_alone
        task.lost[cause] += 1
        if cause == "oom":
            reason = f"{OOM}: {why}; {ALONE}"
            is_over, then = was_alone, "once more when no other run is at work"
        else:
            times = f"{MOST_LOST} times"
            if task.lost[cause] < MOST_LOST:
                times = f"the last of {MOST_LOST} workers that it cost"
            reason = f"{cause}: {why}, {times}"
            is_over, then = False, "in a new worker"
        if not is_over and task.lost.total() < MOST_LOST:
            logger.warning("%s: %s (%s); it goes on %s", name, cause, why, then)
            self._waiting.appendleft(task)
            return None
        lost = {FACTS[one]: count for one, count in task.lost.items()}
        result = RunResult(run_id=task.spec.run_id, state="failed", reason=reason, facts=lost)
        write_atomically(task.folder / RESULT, result.to_json())
        return result

    @staticmethod
    def _was_short_of_memory(worker: _Worker) -> bool:
        """Return whether the kernel killed for memory since; where it does not say, perhaps."""
        now = memory_kills()
        return now is None or worker.memory_kills is None or now > worker.memory_kills


def _end(worker: _Worker, *, within_s: float) -> None:
    """Kill a worker that does not end by itself."""
    worker.process.join(timeout=within_s)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
