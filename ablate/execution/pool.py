"""The pool hands runs to workers and replaces lost workers, on this machine or on others.

A run outlives its worker, and its numbers do not depend on how many workers it takes:

- a worker that is killed, or whose accelerator failed, is replaced, and its run goes on from its
  checkpoint;
- a worker that makes no progress for `lease_s` seconds (see `Lease`) is killed, and so on;
- a worker that has to go (its machine is taken away, and says so first) saves the run's state, and
  the run goes on elsewhere; that costs it nothing;
- a run that runs out of memory goes on once more, alone: it waits until no other run is at work,
  and all workers are made anew, so that nothing else holds memory. Nothing of the run is made
  smaller, since another batch or crop is another experiment. If alone is not enough it has failed.

A run that costs `most_lost` workers, or memory twice, has failed; the last cause is its reason.
"""

import logging
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from ablate.errors import StoreError
from ablate.execution.link import Link, OddMessageError, ready
from ablate.execution.messages import Beat, Ended, Message, Reports, Trouble, heard, pack
from ablate.execution.protocol import Decide
from ablate.execution.run_folder import read_result
from ablate.execution.serving import LEAVE_WITHIN_S
from ablate.execution.worker import ALONE, write_result
from ablate.settings.executor import LEASE_S
from ablate.training.spec import LOST, OOM, RunResult, RunSpec

logger = logging.getLogger(__name__)
FIRST_STEP_S = 120.0
SLOWEST_STEPS = 10.0
LONGEST_GAP_S = 5.0  # between two calls of is_over that counts
MOST_LOST = 3  # workers that a run may cost
Cause = Literal["killed", "hung", "oom"]
FACTS: Mapping[Cause, str] = dict(zip(("killed", "hung", "oom"), LOST, strict=True))


class Lease:
    """How long a worker may be silent before it counts as hung.

    A lease is generous, since a killed worker costs the steps after its last checkpoint: `lease_s`
    seconds without a heartbeat, and never fewer than ten times the slowest step that the run has
    shown. Before its first step a run may take two minutes: importing and decoding send nothing.

    The silence adds up from call to call, at most five seconds each, so that a driver that was
    stopped or waited for a database kills no worker that it did not watch. Should the clock go
    back, no time has passed.

    Args:
        lease_s: Seconds without progress.
        clock: Returns seconds.
    """

    def __init__(
        self, lease_s: float = LEASE_S, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lease_s, self._clock = lease_s, clock
        self._checked = clock()
        self._silent_s = 0.0
        self._slowest_s: float | None = None  # None before the first step
        self.step = 0

    @property
    def limit_s(self) -> float:
        """Seconds of silence that end the lease."""
        if self._slowest_s is None:
            return max(self._lease_s, FIRST_STEP_S)
        return max(self._lease_s, SLOWEST_STEPS * self._slowest_s)

    def heartbeat(self, *, step: int, slowest_s: float) -> None:
        """Note a heartbeat: there was progress."""
        self.step, self._slowest_s = step, slowest_s
        self.renew()

    def renew(self) -> None:
        """Start the silence anew: the worker waited for an answer."""
        self._checked, self._silent_s = self._clock(), 0.0

    def is_over(self) -> bool:
        """Whether the worker has been silent for too long; call it often."""
        now = self._clock()
        self._silent_s += min(max(0.0, now - self._checked), LONGEST_GAP_S)
        self._checked = now
        return self._silent_s > self.limit_s


@dataclass(slots=True)
class Task:
    """A run, and what it has cost."""

    spec: RunSpec
    folder: Path
    lost: Counter[Cause] = field(default_factory=Counter)

    @property
    def is_alone(self) -> bool:
        """Whether no other run may be at work at the same time."""
        return self.lost["oom"] > 0

    def message(self) -> dict[str, Any]:
        """The message that its worker gets."""
        lost = {FACTS[cause]: count for cause, count in self.lost.items() if count}
        return {
            "spec": self.spec.to_json(),
            "folder": str(self.folder),
            "lost": lost,
            "retries_oom": not self.is_alone,
        }


@dataclass(slots=True, eq=False)
class Worker:
    """A process that serves runs, and the pipe to it."""

    pipe: Link
    lease: Lease
    task: Task | None = None
    is_used: bool = False

    @property
    def name(self) -> str:
        """Its name in messages."""
        raise NotImplementedError

    def send(self, task: Task) -> None:
        """Hand a run to it.

        Raises:
            OSError: It is gone.
        """
        self.pipe.send(pack(task.message()))

    def receive(self, message: Message) -> None:
        """Handle a message that only some kinds of workers send.

        Raises:
            OddMessageError: Not this kind.
        """
        raise OddMessageError(f"a message that only remote workers send ({type(message).__name__})")

    def end(self, *, within_s: float) -> None:
        """Ask it to go, and kill it when it has not gone in time."""
        raise NotImplementedError

    def cause_of_end(self) -> tuple[Cause, str]:
        """Why it has ended, to be asked after `end`."""
        raise NotImplementedError


W = TypeVar("W", bound=Worker)


class Pool(Generic[W]):
    """Hands runs to workers, listens to them, and replaces those that are lost.

    Args:
        decide: Says whether a run stops at a rung.
        slots: Runs side by side.
        lease_s: Seconds without progress after which a worker counts as hung.
        most_lost: Workers that a run may cost.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        slots: int = 1,
        lease_s: float = LEASE_S,
        most_lost: int = MOST_LOST,
    ) -> None:
        self.slots = slots
        self._decide = decide
        self._lease_s = lease_s
        self._most_lost = most_lost
        self._waiting: deque[Task] = deque()
        self._workers: list[W] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Send the run to an idle worker, or keep it until there is one, and it may work."""
        self._waiting.append(Task(spec, folder))
        self._hand_out()

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return ended runs; meanwhile answer messages of workers, and kill those that hang."""
        ended: list[RunResult | None] = []
        busy: dict[Any, W] = {worker.pipe: worker for worker in self._busy()}
        others = self._also_watched()
        for one in ready(busy, *others, timeout_s=timeout_s) if busy or others else []:
            if one in busy:
                ended.append(self._listen(busy[one]))
        self._workers += self._new_workers()
        ended += [
            self._worker_lost(worker, "hung") for worker in self._busy() if worker.lease.is_over()
        ]
        self._hand_out()
        return [result for result in ended if result is not None]

    def close(self) -> None:
        """End every worker now."""
        gone, self._workers = self._workers, []
        for worker in gone:
            worker.pipe.close()
        for worker in gone:
            worker.end(within_s=LEAVE_WITHIN_S + 1)

    def _start_worker(self) -> list[W]:
        """Start another worker; return it, or nothing where it connects later."""
        raise NotImplementedError

    def _new_workers(self) -> list[W]:
        """The workers that have connected since the last call; forget those that have gone."""
        return []

    def _also_watched(self) -> Sequence[Any]:
        """What `poll` waits for, besides the pipes of busy workers."""
        return ()

    def _busy(self) -> list[W]:
        return [worker for worker in self._workers if worker.task is not None]

    def _hand_out(self) -> None:
        """Give waiting runs to idle workers; one that must be alone comes first, and is."""
        while self._waiting:
            busy = self._busy()
            task = next((task for task in self._waiting if task.is_alone), self._waiting[0])
            is_taken = any(worker.task is not None and worker.task.is_alone for worker in busy)
            if is_taken or (task.is_alone and busy):
                return
            if task.is_alone:
                self._renew()
            worker = next((worker for worker in self._workers if worker.task is None), None)
            if worker is None:
                return
            self._waiting.remove(task)
            worker.task, worker.is_used = task, True
            worker.lease = Lease(self._lease_s)
            try:
                worker.send(task)
            except OSError:
                logger.warning("worker %s is gone before %s", worker.name, task.spec.run_id)

    def _renew(self) -> None:
        """Replace the workers that have had a run, which frees all memory they keep."""
        for worker in [worker for worker in self._workers if worker.is_used]:
            self._replace(worker, within_s=1)

    def _replace(self, worker: W, *, within_s: float) -> None:
        worker.pipe.close()
        worker.end(within_s=within_s)
        place = self._workers.index(worker)
        del self._workers[place]
        self._workers[place:place] = self._start_worker()

    def _listen(self, worker: W) -> RunResult | None:
        """Handle what a worker has sent; return the result of its run, if it has ended."""
        try:
            worker.pipe.flush()
            for message in worker.pipe.receive():
                is_open, result = self._handle(worker, heard(message))
                if not is_open:
                    return result
        except OddMessageError as error:
            return self._worker_lost(worker, "killed", why=f"it sent {error}")
        except (EOFError, ConnectionError, ssl.SSLError):
            return self._worker_lost(worker, "killed")
        return None

    def _handle(self, worker: W, message: Message) -> tuple[bool, RunResult | None]:
        """Handle one message; return whether the run is still at work there, and how it ended.

        Raises:
            OddMessageError: It is about another run.
            StoreError: The run's folder cannot be used.
        """
        assert worker.task is not None
        match message:
            case Beat():
                worker.lease.heartbeat(step=message.step, slowest_s=message.slowest_s)
                self._memory_seen(message.step, message.peak_mib)
            case Reports():
                stop = self._decide(worker.task.spec, message.by_step)
                worker.pipe.send(pack({"stop": stop}))
                worker.lease.renew()
            case Ended(result):
                if result.run_id != worker.task.spec.run_id:
                    raise OddMessageError("the result of another run")
                worker.task = None
                return False, result
            case Trouble("left", reason):
                self._worker_leaves(worker, reason)
                return False, None
            case Trouble("oom", reason):
                return False, self._worker_lost(worker, "oom", why=reason)
            case Trouble("device", reason):
                return False, self._worker_lost(worker, "killed", why=reason)
            case Trouble(_, fault):
                raise StoreError(fault)
            case _:
                worker.receive(message)
        return True, None

    def _memory_seen(self, step: int, peak_mib: float) -> None:
        """Note how much memory a run has taken up to a step."""

    def _worker_leaves(self, worker: W, reason: str) -> None:
        """Replace a worker that had to go; its run waits for the next one."""
        assert worker.task is not None
        logger.warning("%s: %s; it goes on in another worker", worker.task.spec.name, reason)
        self._waiting.appendleft(worker.task)
        self._replace(worker, within_s=LEAVE_WITHIN_S)

    def _worker_lost(self, worker: W, cause: Cause, *, why: str = "") -> RunResult | None:
        """Replace a worker; its run goes on in a new one, or has failed for good."""
        assert worker.task is not None
        task, name = worker.task, worker.task.spec.name
        self._replace(worker, within_s=0 if cause == "hung" else 2)
        if cause == "killed" and not why:
            cause, why = worker.cause_of_end()
        elif cause == "hung":
            why = f"no progress for {worker.lease.limit_s:.3g} s after step {worker.lease.step}"
        was_alone = task.is_alone
        task.lost[cause] += 1
        if cause == "oom":
            reason = f"{OOM}: {why}; {ALONE}"
            is_over, then = was_alone, "once more when no other run is at work"
        else:
            times = f"{self._most_lost} times"
            if task.lost[cause] < self._most_lost:
                times = f"the last of {self._most_lost} workers that it cost"
            reason = f"{cause}: {why}, {times}"
            is_over, then = False, "in a new worker"
        if not is_over and task.lost.total() < self._most_lost:
            logger.warning("%s: %s (%s); it goes on %s", name, cause, why, then)
            self._waiting.appendleft(task)
            return None
        if (written := read_result(task.folder)) is not None:  # lost after it, in further scoring
            logger.warning("%s: not scored on all test sets: %s", name, reason)
            return written
        lost = {FACTS[one]: count for one, count in task.lost.items()}
        result = RunResult(run_id=task.spec.run_id, state="failed", reason=reason, facts=lost)
        task.folder.mkdir(parents=True, exist_ok=True)  # no worker may have come that far
        write_result(task.folder, result)
        return result
