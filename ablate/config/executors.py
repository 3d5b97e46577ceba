"""The settings that each executor takes, and what is wrong with a value of one."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ablate.config.faults import Faults, short
from ablate.settings.setting import Known

DEFAULT = "processes"
MEASURED, AUTO = "local", "auto"  # at most a run per core, and as many as memory holds


def check_executor(faults: Faults, raw: Any, names: Known) -> dict[str, Any]:
    """Return the executor with its name and slots; every fault of it is entered.

    Settings of a plug-in's executor are checked by their names only, which "executor.<name>" gives.
    """
    executor = faults.mapping("executor", raw)
    name = faults.text("executor.name", executor.get("name"), default=DEFAULT)
    faults.known("executor.name", name, names["executors"], "executor")
    checks = SETTINGS.get(name, {})
    found = dict(executor)
    allowed = checks if name in SETTINGS else names.get(f"executor.{name}")
    if allowed is not None:
        keys = ("name", "slots", *allowed)
        faults.unknown_keys("executor", executor, keys, f"setting of {name}")
    for key, check in checks.items():
        if executor.get(key) is not None:
            found[key] = check(faults, f"executor.{key}", executor[key])
    wanted = executor.get("slots")
    if wanted == AUTO and name == MEASURED:
        has_mask = hasattr(os, "sched_getaffinity")
        wanted = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count()
    elif wanted == AUTO:
        faults.add("executor.slots", f"auto goes with executor={MEASURED}, {name} takes a number")
        wanted = 1
    slots = faults.whole("executor.slots", wanted, default=1, low=1)
    if name == "inline" and slots > 1:
        faults.add(
            "executor.slots",
            f"inline makes one run at a time, got {slots}; leave it out, or use executor={DEFAULT}",
        )
    return {**found, "name": name, "slots": slots}


def _above_zero(faults: Faults, at: str, value: Any) -> float:
    return faults.number(at, value, above=0)


def _share(faults: Faults, at: str, value: Any) -> float:
    """Return a number from 0; a part of a device is a number below 1."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < float("inf"):
        faults.add(at, f"must be a number from 0, got {short(value)}")
        return 0.0
    return float(value)


def _count(faults: Faults, at: str, value: Any) -> int:
    return faults.whole(at, value, default=1, low=1)


def _text(faults: Faults, at: str, value: Any) -> str:
    return faults.text(at, value)


Check = Callable[[Faults, str, Any], Any]
SETTINGS: Mapping[str, Mapping[str, Check]] = {
    "inline": {},
    "processes": {"lease_s": _above_zero},
    MEASURED: {"lease_s": _above_zero},
    "ray": {
        "lease_s": _above_zero,
        "address": _text,
        "host": _text,
        "cpus": _above_zero,
        "gpus": _share,
        "memory_mib": _count,
    },
    "slurm": {
        "lease_s": _above_zero,
        "host": _text,
        "cpus": _count,
        "gpus": _count,
        "memory_mib": _count,
        "minutes": _count,
        "partition": _text,
        "account": _text,
        "cluster": _text,
        "logs": _text,
    },
}
