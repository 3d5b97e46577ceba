"""What a setting is for, by its name and its value: a learning rate, a seed, a folder, ..."""

import re
from typing import Any, Final, Literal

from ablate.numbers import is_number

Role = Literal[
    "loss weight",
    "learning rate",
    "epochs",
    "batch size",
    "seed",
    "data",
    "output",
    "checkpoint",
    "device",
    "",
]
VARIED: Final = ("loss weight", "learning rate")
_RATE: Final = re.compile(r"(^|_)(lr|learning_?rate)($|_|\d)", re.IGNORECASE)
_NO_RATE: Final = re.compile(
    r"decay|step|sched|policy|gamma|epoch|min|end|factor|mult|patience|milestone|power|lr_f$|warm|flip",
    re.IGNORECASE,
)
_WEIGHT: Final = re.compile(
    r"(^|_)(lambda|lamda|lam|coeff?)(_|\d|$)|loss.*_w(eight)?s?$|^w(eight)?s?_.*loss|loss_w|"
    r"_loss_ratio",
    re.IGNORECASE,
)
NO_WEIGHT: Final = re.compile(
    r"decay|type|_fn$|warm|epoch|step|eps(ilon)?$|gamma|thres|_t$|size|margin|sigma|iou|anchor|mask|window|"
    r"kernel|num|dim|path|dir|name|file|freq|every|interval|log|smooth|start|end$",
    re.IGNORECASE,
)
NEVER_WEIGHT: Final = re.compile(r"decay|eps(ilon)?$|gamma|^dim$|sigma|size|mask", re.IGNORECASE)
_EPOCHS: Final = re.compile(
    r"^(n|num|max|total)?_?epochs?$|^n_ep$|^(max|total|n|num)_?(iters?|iterations?|steps)$|"
    r"^n_?iter$|^iterations?$|^epoch_?num$|^numepochs$",
    re.IGNORECASE,
)
_BATCH: Final = re.compile(r"batch_?size$|^batch$|^bs$|samples_per_gpu", re.IGNORECASE)
_SEED: Final = re.compile(r"^(manual_?|random_?|rng_?)?seed$", re.IGNORECASE)
_DEVICE: Final = re.compile(r"^(gpu|gpus|gpu_?ids?|device|cuda_visible_devices)$", re.IGNORECASE)
_WEIGHTS_FILE: Final = re.compile(
    r"\.(pth|pt|ckpt|model|h5|np[yz]|safetensors|pkl)$", re.IGNORECASE
)
_OUTPUT: Final = re.compile(r"save|out|result|log|ckpt|checkpoint|exp|cache", re.IGNORECASE)
_NO_PATH: Final = re.compile(r"type$|name$|ext$|mode$|level$|policy|version", re.IGNORECASE)
_DATA: Final = re.compile(
    r"data|root|path|dir|folder|(^|_)(ir|vi|vis|img|image|train|test|val)", re.IGNORECASE
)


def role_of(name: str, value: Any) -> Role:
    """Return what a setting is for; "" where its name and value do not say."""
    if is_number(value):
        for pattern, role in _OF_NUMBERS.items():
            if pattern.search(name):
                return role
        return "learning rate" if is_rate(name) and value > 0 else ""
    if _DEVICE.search(name):
        return "device"
    return _of_text(name, value) if isinstance(value, str) and value else ""


_OF_NUMBERS: Final[dict[re.Pattern[str], Role]] = {
    _EPOCHS: "epochs",
    _BATCH: "batch size",
    _SEED: "seed",
    _DEVICE: "device",
}


def _of_text(name: str, value: str) -> Role:
    is_path = "/" in value or "\\" in value or bool(_DATA.search(name) or _OUTPUT.search(name))
    is_odd = re.search(r"[{}%\n<>,:;]|://|^\.+$", value) or " " in value.strip()
    if is_odd or not is_path or _NO_PATH.search(name) or re.fullmatch("[A-Z]+", value):
        return ""
    if _WEIGHTS_FILE.search(value) and not re.search("data", name + value, re.IGNORECASE):
        return "checkpoint"
    if _OUTPUT.search(name):
        return "output"
    return "data" if _DATA.search(name) else ""


def is_rate(name: str) -> bool:
    """Return whether a name is that of a learning rate, and of no part of its schedule."""
    return bool(_RATE.search(name)) and not _NO_RATE.search(name)


def is_weight(name: str) -> bool:
    """Return whether a name alone says that it weighs a term of a loss."""
    return bool(_WEIGHT.search(name)) and not NO_WEIGHT.search(name)
