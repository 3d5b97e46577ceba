"""Workers of this machine, as many as fit: memory is measured on the first steps, not guessed."""

import logging
from collections import Counter
from pathlib import Path

from ablate.execution.devices import (
    Device,
    Slot,
    after_oom,
    devices_for,
    own_cores,
    slots_for,
)
from ablate.execution.link import allow_open_files
from ablate.execution.pool import Cause
from ablate.execution.processes import PER_WORKER, Process, Processes
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.settings.executor import LEASE_S, MeasuredSettings
from ablate.training.spec import RunResult, RunSpec

logger = logging.getLogger(__name__)
FIRST_STEPS = 3


@EXECUTORS.register("local", settings=MeasuredSettings)
class Local(Processes):
    """One run first; after some steps of it, as many more as memory and cores allow.

    Every worker keeps to one device and, where there are enough, to a core of its own. A run that
    takes more than those before it, or runs out of memory, leaves fewer slots.

    Args:
        decide: Says whether a run stops at a rung; the others are those of `MeasuredSettings`.
    """

    def __init__(self, *, decide: Decide, slots: int, lease_s: float = LEASE_S) -> None:
        super().__init__(decide=decide, slots=0, lease_s=lease_s)
        allow_open_files(PER_WORKER * slots)
        self.slots = 1
        self._most = slots
        self._devices: tuple[Device, ...] = ()
        self._places: tuple[Slot, ...] = ()
        self._peak_mib = 0.0
        self.oom_count = 0

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Take a run; the first one says which devices there are to share."""
        if not self._devices:
            self._devices = devices_for(str(spec.settings["train"].get("device", "auto")))
            self._places = (Slot(device=self._devices[0].name, core=own_cores()[0]),)
            self._workers += self._start_worker()
        super().submit(spec, folder)

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return ended runs; workers without a slot are let go when they are idle."""
        ended = super().poll(timeout_s)
        for result in ended:
            if not self._peak_mib and isinstance(peak := result.facts.get("peak_memory_mib"), int):
                self._measured(float(peak))
        for worker in [one for one in self._workers if one.task is None]:
            if len(self._workers) > len(self._places):
                self._workers.remove(worker)
                worker.pipe.close()
                worker.end(within_s=1)
        return ended

    def _memory_seen(self, step: int, peak_mib: float) -> None:
        if step >= FIRST_STEPS and peak_mib > self._peak_mib:
            self._measured(peak_mib)

    def _measured(self, peak_mib: float) -> None:
        """Make room for as many runs as fit now."""
        is_first, self._peak_mib = not self._peak_mib, peak_mib
        places = slots_for(self._devices, peak_mib=peak_mib, cores=own_cores(), most=self._most)
        if is_first or len(places) < self.slots:
            self._places, self.slots = places, len(places)
            logger.info("%d slots: a run takes %.0f MiB", self.slots, peak_mib)
        while len(self._workers) < self.slots:
            self._workers += self._start_worker()

    def _worker_lost(self, worker: Process, cause: Cause, *, why: str = "") -> RunResult | None:
        assert worker.task is not None
        task, before = worker.task, worker.task.lost["oom"]
        result = super()._worker_lost(worker, cause, why=why)
        if task.lost["oom"] > before and worker.place is not None:
            self.oom_count += 1
            places = after_oom(self._places, device=worker.place.device)
            if len(places) < len(self._places):
                logger.warning(
                    "slots from now on: %d instead of %d, since memory ran out (time %d)",
                    len(places),
                    len(self._places),
                    self.oom_count,
                )
            self._places, self.slots, self._most = places, len(places), len(places)
        return result

    def _place(self) -> Slot | None:
        """A slot that no worker has."""
        left = Counter(self._places) - Counter(one.place for one in self._workers if one.place)
        return next((place for place in self._places if left[place]), self._places[0])
