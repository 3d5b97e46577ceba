"""The process of a run: device, threads, arithmetic, layout, random state and memory.

On a CPU a run repeats bit for bit.
"""

import contextlib
import ctypes
import gc
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, DeviceError

CONTEXT_MIB = 600.0  # kernels and handles of a CUDA process, which no counter of torch shows
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
SAYINGS = ("out of memory", "can't allocate memory", "cannot allocate memory")
LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


def device_of(name: str, *, where: str = "train.device") -> torch.device:
    """Return the device called `name`.

    Args:
        name: cpu, cuda or cuda:N.
        where: The setting or option that says so, for the message.

    Raises:
        DeviceError: A GPU was asked for that is not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(
            f"{where}: no device is called {name!r}; use cpu, cuda or cuda:N"
        ) from None
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise DeviceError(
                f"{where}: {name!r} was asked for, this machine has {count} CUDA devices; "
                f"set {where}=cpu"
            )
    elif device.type != "cpu":
        raise ConfigError(f"{where}: {name!r} is not supported; use cpu or cuda")
    return device


def settle(*, threads: int = 1) -> None:
    """Make torch deterministic and quiet in this process: threads, algorithms, no TF32.

    Memory that is freed is kept for the next layer, see `keep_freed`.
    """
    keep_freed()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts
    torch.set_num_threads(threads)
    os.environ.setdefault("TORCHINDUCTOR_DETERMINISTIC", "1")  # read when torch._inductor comes
    if "torch._inductor" in sys.modules:
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:  # does the same without importing torch._inductor, which takes 1.4 s
        torch.set_deterministic_debug_mode("warn")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False


@contextlib.contextmanager
def precision(name: str, device: torch.device) -> Iterator[None]:
    """Run the network in `fp32` or under `bf16` autocast; losses stay in fp32 outside of it."""
    if name not in {"fp32", "bf16"}:
        raise ConfigError(f"train.precision: must be fp32 or bf16, got {name!r}")
    with torch.autocast(device.type, torch.bfloat16, enabled=name == "bf16"):
        yield


def layout_of(name: str, model: nn.Module | None = None) -> torch.memory_format:
    """Return how weights and images lie in memory: plane by plane, or the channels together.

    Args:
        name: nchw, channels_last, or auto: the one in which the network says it is faster.
        model: The network, for auto.

    Raises:
        ConfigError: No such layout.
    """
    if name == "auto":
        name = str(getattr(model, "faster_layout", "nchw"))
    if name not in LAYOUTS:
        raise ConfigError(f"train.layout: must be auto, {' or '.join(LAYOUTS)}, got {name!r}")
    return LAYOUTS[name]


def laid_out(image: Tensor, layout: torch.memory_format) -> Tensor:
    """Return the image in this layout; one channel fits both, so torch would not change it."""
    if layout is torch.contiguous_format:
        return image
    return torch.empty_like(image, memory_format=layout).copy_(image)


def generator(seed: int) -> torch.Generator:
    """Return a CPU generator started at `seed`."""
    return torch.Generator().manual_seed(seed)


def random_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the state of torch's global generators, that of the model's device included."""
    device = next(model.parameters()).device
    on_device = {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state(), **on_device}


def set_random_state(state: Mapping[str, Tensor], model: nn.Module) -> None:
    """Go on from a state that `random_state` returned."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], next(model.parameters()).device)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on the GPU or the machine.

    The CPU allocator of torch raises a plain RuntimeError ("DefaultCPUAllocator: can't allocate
    memory"), and so do cuDNN and cuBLAS; only the caching allocators have an error of their own.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    is_of_a_library = isinstance(error, RuntimeError | OSError)
    return is_of_a_library and any(saying in text for saying in SAYINGS)


def peak_mib() -> float:
    """Return the most memory in MiB that this process has taken so far, of the GPU if it uses one.

    What torch has reserved and what the driver keeps beside it for a process.
    """
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return torch.cuda.max_memory_reserved() / 2**20 + CONTEXT_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def keep_freed() -> None:
    """Let this process keep memory that it frees for what it allocates next.

    glibc gives large blocks back at once and takes them anew from the kernel, page by page, at
    every layer of a network: a fifth of the time of fusing an image of 640x480. What is kept is
    at most what lived at once, and goes with `release`. Nothing is done elsewhere.

    Source:
        mallopt(3): M_MMAP_THRESHOLD at most 32 MiB, M_TRIM_THRESHOLD.
    """
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 * 2**20)


def _glibc() -> ctypes.CDLL | None:
    with contextlib.suppress(OSError, TypeError, AttributeError):
        libc = ctypes.CDLL(None)
        if libc.gnu_get_libc_version and libc.mallopt and libc.malloc_trim:
            return libc
    return None


def release() -> None:
    """Give back what this process keeps without need: dead objects, cached blocks of the GPU."""
    gc.collect()
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)
    torch.cuda.empty_cache()  # does nothing in a process that has not used the GPU
