"""What this machine has to run on: accelerators, memory and cores that are free now."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from ablate.execution.slots import Device

CPU = "cpu"
QUERY = ("nvidia-smi", "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits")
LIMITS = (  # of a container: most, and used so far
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def devices_for(wanted: str) -> tuple[Device, ...]:
    """Return what runs with this `train.device` share, before the first of them.

    Args:
        wanted: "cpu", "auto", "cuda", or one device such as "cuda:1".
    """
    if wanted != CPU and (found := accelerators()):
        number = wanted.partition(":")[2]
        return (
            tuple(
                Device(name=wanted, free_mib=one.free_mib) if number else one
                for at, one in enumerate(found)
                if number in ("", str(at))
            )
            or found[:1]
        )
    return (Device(name=CPU, free_mib=free_memory_mib()),)


def accelerators(ask: Callable[[], str] | None = None) -> tuple[Device, ...]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES leaves, all where it is not set; () without any.

    Asks the driver's own program, since a process that has touched CUDA cannot fork workers.

    Args:
        ask: Returns lines of index, identity and free MiB, with commas between.
    """
    rows = [re.split(r",\s*", line.strip()) for line in (ask or _asked)().splitlines()]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    wanted = None if visible is None else [word.strip() for word in visible.split(",")]
    found = {}
    for index, identity, free in (row for row in rows if len(row) == 3 and row[2].isdigit()):
        names = (
            [index]
            if wanted is None
            else [word for word in wanted if word and (word == index or identity.startswith(word))]
        )
        found.update({name: Device(name=name, free_mib=float(free)) for name in names[:1]})
    order = list(found) if wanted is None else [word for word in wanted if word in found]
    return tuple(found[name] for name in order)


def free_memory_mib(table: Path = Path("/proc/meminfo")) -> float:
    """Return the memory that new processes may take, of the machine or of this container."""
    try:
        said = re.search(r"^MemAvailable:\s+(\d+) kB", table.read_text(), flags=re.MULTILINE)
        free = int(said[1]) / 1024 if said else 0.0
    except OSError:  # no Linux
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        free = pages / 2 / 2**20
    for most, used in LIMITS:
        try:
            left = int(Path(most).read_text()) - int(Path(used).read_text())
        except (OSError, ValueError):  # no such limit
            continue
        free = min(free, left / 2**20)
    return free


def own_cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def take(device: str, core: int | None) -> None:
    """Keep this process, which has not touched CUDA, to one device and one core."""
    if device != CPU and not device.startswith("cuda:"):
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def _asked() -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words
            QUERY, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
