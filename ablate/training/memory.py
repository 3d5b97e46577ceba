"""Memory that is not there: how it shows, and how a process gives back what it keeps."""

import contextlib
import ctypes
import gc
import resource
from typing import Final

import torch

CONTEXT_MIB = 600.0  # kernels and handles of a CUDA process, which no counter of torch shows
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
SAYINGS = ("out of memory", "can't allocate memory", "cannot allocate memory")


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
