"""How large a network out of a store may be: counted before any memory is taken for it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ablate import models
from ablate.errors import StoreError

MOST_PARAMETERS = 500_000_000  # 2 GB in float32, which is also what one ONNX file can hold
MOST_TENSORS = 5_000
LARGEST_SETTING = 65_536  # of a whole number in the settings of a network


class _TooLargeError(Exception):
    """Stops a constructor that goes on and on."""


def check_settings(settings: Mapping[str, Any], *, where: str) -> None:
    """Raise StoreError when these settings describe a network beyond the bounds.

    The network is built without memory for its numbers, and no further than the bounds. A plug-in
    whose constructor needs numbers cannot be counted so and is let through.

    Args:
        settings: Name and settings of the network, as the spec of a run has them.
        where: Stands before the message.
    """
    large = next((f"{k}={v}" for k, v in settings.items() if _is_large(v)), None)
    if large:
        raise StoreError(
            f"{where}: model.{large}: larger than {LARGEST_SETTING}; is it a spec of ablate? "
            "Choose another run"
        )
    counted, tensors = 0, 0

    def count(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        nonlocal counted, tensors
        counted += 0 if parameter is None else parameter.numel()
        tensors += 1
        if counted > MOST_PARAMETERS or tensors > MOST_TENSORS:
            raise _TooLargeError

    hook = register_module_parameter_registration_hook(count)
    try:
        with torch.device("meta"):
            models.build(dict(settings))
    except (_TooLargeError, OverflowError, MemoryError):
        raise _refused(where) from None
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"{where}: its model settings are none of {settings.get('name')} ({error}); "
            "choose another run"
        ) from None
    except RuntimeError as error:
        if "overflow" in str(error):  # more numbers than 64 bits can count
            raise _refused(where) from None
    finally:
        hook.remove()


def _is_large(value: Any) -> bool:
    return isinstance(value, int | float) and not -LARGEST_SETTING <= value <= LARGEST_SETTING


def _refused(where: str) -> StoreError:
    return StoreError(
        f"{where}: describes a network of more than {MOST_PARAMETERS // 10**6} million parameters "
        f"or {MOST_TENSORS} tensors, which is not built; choose another run"
    )
