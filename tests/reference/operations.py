"""A counter of the operations that do arithmetic or move data: what a GPU has to start."""

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

VIEWS = {
    "alias",
    "as_strided",
    "detach",
    "expand",
    "permute",
    "select",
    "slice",
    "split",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unfold",
    "unsqueeze",
    "view",
    "_unsafe_view",
    "lift_fresh",
    "split_with_sizes",
    "empty",
    "empty_like",
    "new_empty",
    "new_empty_strided",
    "empty_strided",
}


class Operations(TorchDispatchMode):
    """Counts operations by name while it is entered; views and empty tensors cost nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name not in VIEWS:
            self.names.append(name)
        return func(*args, **(kwargs or {}))
