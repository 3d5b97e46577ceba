"""Device, threads and arithmetic that make a CPU run repeat bit for bit."""

import contextlib
from collections.abc import Iterator

import torch

from ablate.errors import ConfigError, DeviceError


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
    """Make torch deterministic and quiet in this process: threads, algorithms, no TF32."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
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


def generator(seed: int) -> torch.Generator:
    """Return a CPU generator started at `seed`."""
    return torch.Generator().manual_seed(seed)
