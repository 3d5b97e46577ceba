"""Memory that is not there: how it shows, and how a process gives back what it keeps."""

import gc

import torch

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


def release() -> None:
    """Give back what this process keeps without need: dead objects, cached blocks of the GPU."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing in a process that has not used the GPU
