"""What this machine has to run on, and how many runs fit side by side."""

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MARGIN = 1.2  # of the peak of the first steps: later ones score images, and fragments remain
RESERVE_MIB = 512.0  # left to the driver and to others
CPU = "cpu"
COUNTERS = Path("/proc/vmstat")
QUERY = ("nvidia-smi", "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits")
LIMITS = (  # of a container: most, and used so far
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Memory that runs share: of an accelerator, or of the machine."""

    name: str  # what CUDA_VISIBLE_DEVICES takes, or "cpu"
    free_mib: float  # before the first run


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one run."""

    device: str
    core: int | None  # the run is pinned to it; None where runs outnumber the cores


def devices_for(wanted: str) -> tuple[Device, ...]:
    """The devices that runs with this `train.device` share, as they are before the first run.

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
    rows = [re.split(r",\s*", line.strip()) for line in (ask or _query)().splitlines()]
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


def stay_on(device: str, core: int | None) -> None:
    """Keep this process, which has not touched CUDA, to one device and one core."""
    if device != CPU and not device.startswith("cuda:"):
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def memory_kills(counters: Path = COUNTERS) -> int | None:
    """Return how many processes the kernel has killed for their memory since it started.

    It counts those of every container on the machine. None where the kernel does not say.

    Source:
        Linux, mm/oom_kill.c: `oom_kill` in /proc/vmstat, since 4.13.
    """
    try:
        found = re.search(r"^oom_kill (\d+)$", counters.read_text(), flags=re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def fitting(free_mib: float, *, peak_mib: float) -> int:
    """Return how many runs fit into the memory of one device, at least 0.

    Example:
        >>> fitting(81920, peak_mib=10240), fitting(4096, peak_mib=10240)
        (6, 0)
    """
    if peak_mib <= 0:
        return 0
    return max(0, int((free_mib - RESERVE_MIB) // (MARGIN * peak_mib)))


def slots_for(
    devices: Sequence[Device], *, peak_mib: float, cores: Sequence[int], most: int
) -> tuple[Slot, ...]:
    """Return the slots in the order in which they are taken: devices in turns, a core for each.

    One slot is always there: a run that fits nowhere must say so itself.

    Args:
        devices: At least one.
        peak_mib: Most memory that the first steps of a run took.
        cores: Numbers of the cores that may be used.
        most: Slots at the most.

    Example:
        >>> two = [Device(name="0", free_mib=9000), Device(name="1", free_mib=4000)]
        >>> [slot.device for slot in slots_for(two, peak_mib=2500, cores=range(8), most=8)]
        ['0', '1', '0']
    """
    room = {device.name: fitting(device.free_mib, peak_mib=peak_mib) for device in devices}
    turns = [name for at in range(most) for name, count in room.items() if at < count]
    taken = turns[:most] or [devices[0].name]
    is_pinned = len(taken) <= len(cores)
    return tuple(
        Slot(device=name, core=cores[at] if is_pinned else None) for at, name in enumerate(taken)
    )


def after_oom(slots: Sequence[Slot], *, device: str) -> tuple[Slot, ...]:
    """Return the slots without the last one of a device that ran out of memory, one at the least.

    Example:
        >>> four = slots_for([Device(name="cpu", free_mib=9e3)], peak_mib=1e3, cores=[0, 1], most=2)
        >>> len(after_oom(four, device="cpu")), len(after_oom(four[:1], device="cpu"))
        (1, 1)
    """
    found = list(slots)
    at = max((at for at, slot in enumerate(found) if slot.device == device), default=None)
    if at is not None and len(found) > 1:
        del found[at]
    return tuple(found)


def _query() -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words
            QUERY, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
