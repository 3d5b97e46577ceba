"""Persistent worker processes, one thread each: torch is imported once per worker, not per run."""

import contextlib
import json
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from ablate.errors import StoreError
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.worker import work, write_atomically
from ablate.training.checkpoints import LeaveError
from ablate.training.spec import RunResult, RunSpec

logger = logging.getLogger(__name__)
MEND = "free space or give rights, then the same command goes on from here"
LEAVE_WITHIN_S = 8.0
MOST_DEATHS = 3  # workers that a run may cost
PRELOAD = ["ablate.training.run", "ablate.tracking.journal", "ablate.execution.worker"]


@dataclass(slots=True)
class _Worker:
    process: ForkServerProcess
    pipe: Connection
    lifeline: Connection
    spec: RunSpec | None = None
    folder: Path | None = None


@EXECUTORS.register("processes")
class Processes:
    """`slots` worker processes on this machine; a dead one is replaced and its run goes on.

    A worker sees the death of the driver by the end of its lifeline pipe, saves its state and goes.
    """

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        self.slots = slots
        self._decide = decide
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self._deaths: Counter[str] = Counter()  # of workers, by the run they had
        self._workers = [self._start() for _ in range(slots)]

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Send the run to an idle worker."""
        worker = next(worker for worker in self._workers if worker.spec is None)
        worker.spec, worker.folder = spec, folder
        try:
            worker.pipe.send_bytes(_pack({"spec": spec.to_json(), "folder": str(folder)}))
        except (BrokenPipeError, OSError):
            logger.warning("worker %s is gone before %s", worker.process.pid, spec.run_id)

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return ended runs; the reports that arrive meanwhile are answered."""
        ended: list[RunResult] = []
        busy: dict[Any, _Worker] = {w.pipe: w for w in self._workers if w.spec is not None}
        for pipe in wait(list(busy), timeout=timeout_s) if busy else []:
            worker = busy[pipe]
            assert worker.spec is not None
            try:
                message = _unpack(worker.pipe.recv_bytes())
            except (EOFError, OSError):
                lost = self._bury(worker)
                ended += [] if lost is None else [lost]
                continue
            if "fault" in message:
                raise StoreError(message["fault"])
            if "result" in message:
                ended.append(RunResult.from_json(message["result"]))
                worker.spec = worker.folder = None
            else:
                stop = self._decide(worker.spec, {int(k): v for k, v in message["reports"].items()})
                worker.pipe.send_bytes(_pack({"stop": stop}))
        return ended

    def close(self) -> None:
        """End every worker now."""
        for worker in self._workers:
            worker.lifeline.close()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(timeout=LEAVE_WITHIN_S + 1)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _start(self) -> _Worker:
        pipe, theirs = self._context.Pipe()
        ending, lifeline = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_serve, args=(theirs, ending), daemon=True)
        process.start()
        theirs.close()
        ending.close()
        return _Worker(process=process, pipe=pipe, lifeline=lifeline)

    def _bury(self, worker: _Worker) -> RunResult | None:
        """Replace a dead worker; its run goes on in the new one, a few times, and then failed."""
        assert worker.spec is not None
        assert worker.folder is not None
        worker.process.join(timeout=2)
        code = worker.process.exitcode
        spec, folder = worker.spec, worker.folder
        self._workers[self._workers.index(worker)] = self._start()
        self._deaths[spec.run_id] += 1
        if self._deaths[spec.run_id] < MOST_DEATHS:
            logger.warning("%s: its worker died (exit code %s); it goes on", spec.name, code)
            self.submit(spec, folder)
            return None
        why = "signal 9, out of memory?" if code == -9 else f"exit code {code}"
        reason = f"killed: {why}, {MOST_DEATHS} times"
        result = RunResult(run_id=spec.run_id, state="failed", reason=reason)
        write_atomically(folder / "result.json", result.to_json())
        return result


def _serve(pipe: Connection, lifeline: Connection) -> None:
    """Work until the driver closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave = threading.Event()
    threading.Thread(target=_leave_with_the_driver, args=(lifeline, leave), daemon=True).start()

    def ask(reports: Mapping[int, float]) -> bool:
        try:
            pipe.send_bytes(_pack({"reports": dict(reports)}))
            return bool(_unpack(pipe.recv_bytes())["stop"])
        except (EOFError, OSError) as error:  # says nothing about the run, which goes on later
            raise LeaveError("the driver is gone") from error

    while True:
        try:
            message = _unpack(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        folder = Path(message["folder"])
        try:
            result = work(RunSpec.from_json(message["spec"]), folder, ask=ask, leave=leave)
        except LeaveError:
            return
        except OSError as error:  # the run's folder cannot be written; train keeps its own faults
            with contextlib.suppress(OSError):  # the driver may have met the same fault, and gone
                pipe.send_bytes(_pack({"fault": f"{folder}: {error.strerror or error}; {MEND}"}))
            return
        with contextlib.suppress(OSError):  # the result is written; the next driver reads it
            pipe.send_bytes(_pack({"result": result.to_json()}))


def _leave_with_the_driver(lifeline: Connection, leave: threading.Event) -> None:
    """Let the run save its state when the driver is gone; end the process if that takes long."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    leave.set()
    time.sleep(LEAVE_WITHIN_S)
    os._exit(3)


def _pack(values: Any) -> bytes:
    return json.dumps(values).encode()


def _unpack(message: bytes) -> Any:
    return json.loads(message)
