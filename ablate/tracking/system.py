"""System metrics of a worker, sampled into the journal of the run; no database is opened.

The names start with "system/", which the MLflow UI shows on a page of their own. Samples come with
what a run records anyway: with the first values, then at least five seconds apart and ever more
rarely. ABLATE_SYSTEM_METRICS=off in the environment of the workers switches them off.
"""

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ablate.training.recorder import Recorder

SWITCH = "ABLATE_SYSTEM_METRICS"
PREFIX = "system/"
EVERY_S, GROWTH = 5.0, 0.02  # least pause, in seconds and as a part of the time so far
MIB = 2**20


def is_on() -> bool:
    """Return whether this process samples."""
    return os.environ.get(SWITCH, "on").strip().lower() not in ("off", "0", "false", "no")


def sampled(recorder: Recorder) -> Recorder:
    """A recorder that adds a sample to what a run records, when one is due."""
    return _Sampling(recorder) if is_on() else recorder


class Usage:
    """Shares and sizes since the last reading.

    Args:
        proc: Folder of the kernel's statistics; what it lacks is left out.
    """

    def __init__(self, *, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._at, self._used_s = time.monotonic(), time.process_time()
        self._busy, self._all = self._ticks()

    def read(self) -> dict[str, float]:
        """Return at most six values: percent, or MiB, as their names say."""
        now, used_s = time.monotonic(), time.process_time()
        values: dict[str, float] = {}
        if now > self._at:
            values["worker_cpu_percent"] = 100 * (used_s - self._used_s) / (now - self._at)
        busy, every = self._ticks()
        if every > self._all:
            values["cpu_percent"] = 100 * (busy - self._busy) / (every - self._all)
        self._at, self._used_s, self._busy, self._all = now, used_s, busy, every
        values |= {**self._memory(), **_gpu()}
        return {f"{PREFIX}{name}": round(value, 2) for name, value in values.items()}

    def _ticks(self) -> tuple[int, int]:
        """Return the busy and all ticks of all processors since the machine started."""
        line = self._text("stat").partition("\n")[0].split()
        ticks = [int(word) for word in line[1:9] if word.isdigit()]
        return (sum(ticks) - sum(ticks[3:5]), sum(ticks)) if len(ticks) == 8 else (0, 0)

    def _memory(self) -> dict[str, float]:
        values: dict[str, float] = {}
        own = self._text("self/statm").split()
        if len(own) > 1:
            values["worker_memory_mib"] = int(own[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
        rows = [line.split() for line in self._text("meminfo").splitlines()]
        kib = {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
        if "MemTotal:" in kib and "MemAvailable:" in kib:
            values["memory_percent"] = 100 * (1 - kib["MemAvailable:"] / kib["MemTotal:"])
        return values

    def _text(self, name: str) -> str:
        try:
            return (self._proc / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""


class _Sampling:
    """A recorder around another one; the step of a sample is that of the event it comes with.

    There is no thread: a training that hangs is not sampled, and a journal has one writer.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._usage = recorder, Usage()
        self._started = self._due = time.monotonic()

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Pass the values on, with a sample when one is due."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + max(EVERY_S, GROWTH * (now - self._started))
            values = {**values, **self._usage.read()}
        self._recorder.metrics(values, step=step)

    def image(self, name: str, path: Path, *, step: int) -> None:
        """Pass the picture on."""
        self._recorder.image(name, path, step=step)

    def report(self, value: float, *, step: int) -> bool:
        """Pass the rung on and return whether the run should stop."""
        return self._recorder.report(value, step=step)


def _gpu() -> dict[str, float]:
    """Return load and memory of the GPU that this process computes on; nothing without one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {}
    values: dict[str, float] = {}
    with contextlib.suppress(Exception):  # whatever a driver or an absent library raises
        values["gpu_memory_mib"] = torch.cuda.memory_reserved() / MIB
        values["gpu_percent"] = float(torch.cuda.utilization())
    return values
