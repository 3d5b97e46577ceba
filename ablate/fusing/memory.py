"""The memory that fusing one pair takes, and the memory that is free."""

import contextlib
import copy
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ablate.errors import ShapeError

FREELY_PX = 1_000_000  # images up to this size are not looked at: counting takes a second
ALLOWANCE = 1.3  # measured over counted: 1.0 to 1.3 for the packaged networks at 1 megapixel
GIB = 2**30


def check_room(model: nn.Module, *, height: int, width: int, device: torch.device) -> None:
    """Raise ShapeError when fusing a pair of this size needs more memory than is free.

    Nothing is raised where the network cannot run on the meta device, or the system does not
    report its free memory.
    """
    if height * width <= FREELY_PX:
        return
    free, needed = free_bytes(device), peak_bytes(model, height=height, width=width)
    if free is None or needed is None or needed * ALLOWANCE <= free:
        return
    raise ShapeError(
        f"{width}x{height}: the network needs about {needed * ALLOWANCE / GIB:.1f} GiB for it and "
        f"{free / GIB:.1f} GiB are free; use --tile 1024, smaller images or another machine"
    )


def check_shape(model: nn.Module, *, height: int, width: int) -> None:
    """Raise ShapeError when a network refuses images of this size; no number is computed."""
    with contextlib.suppress(RuntimeError, NotImplementedError, TypeError):  # not on meta
        hollow = copy.deepcopy(model).to("meta")
        with torch.inference_mode():
            image = torch.empty(1, 1, height, width, device="meta")
            hollow(infrared=image, visible=torch.empty_like(image))


def peak_bytes(model: nn.Module, *, height: int, width: int) -> int | None:
    """Return the bytes that live at once while a pair is fused, None where that is unknown.

    Runs a copy of the network whose tensors have shapes and no numbers.
    """
    try:
        hollow = copy.deepcopy(model).to("meta")
        with torch.inference_mode(), _Living() as living:
            image = torch.empty(1, 1, height, width, device="meta")
            hollow(infrared=image, visible=torch.empty_like(image))
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return int(living.peak)


def free_bytes(device: torch.device) -> int | None:
    """Return the free memory of a device; of this machine, what its control group leaves."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    free = int(kib) * 1024
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - used))


class _Living(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Adds up the storages that are alive, and keeps the largest sum."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.peak: int = 0
        self._now = 0
        self._users: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in tree_leaves(out):
            if isinstance(value, Tensor):
                storage = value.untyped_storage()
                key, size = storage._cdata, storage.nbytes()
                self._now += 0 if key in self._users else size
                self._users[key] = self._users.get(key, 0) + 1
                weakref.finalize(value, self._gone, key, size)
        self.peak = max(self.peak, self._now)
        return out

    def _gone(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._now -= size
