"""How many runs fit side by side: arithmetic over memory and cores, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 1.2  # of the peak of the first steps: later ones score images, and fragments remain
RESERVE_MIB = 512.0  # left to the driver and to others


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
