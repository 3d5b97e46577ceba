"""The options that each design takes, and what is wrong with a value of one."""

from collections.abc import Callable, Mapping
from typing import Any

from ablate.config.faults import Faults, short
from ablate.config.schema import Factor
from ablate.errors import nearest
from ablate.settings.setting import Known


def check_options(
    faults: Faults,
    at: str,
    design: str,
    options: Mapping[str, Any],
    *,
    factors: Mapping[str, Factor],
    names: Known,
) -> None:
    """Enter every fault of the options of a design; those of a plug-in by their names only.

    Args:
        faults: Where faults go.
        at: Path of the options.
        design: Name of the design.
        options: What the file says.
        factors: The factors that could be read.
        names: Names by kind; "designs.<name>" may name the options of a plug-in.
    """
    allowed = names.get(f"designs.{design}", OPTIONS.get(design))
    if allowed is None:
        return
    for key, value in options.items():
        check = OPTIONS.get(design, {}).get(key)
        if key not in allowed:
            tail = nearest(str(key), allowed) if allowed else f"{design} has none, remove it"
            faults.add(f"{at}.{key}", f"no such option of {design}; {tail}")
        elif check is not None:
            check(faults, f"{at}.{key}", value, factors)
    for key in NEEDED.get(design, ()):
        if key not in options:
            faults.add(f"{at}.{key}", f"is missing; {design} needs it")


def _whole(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    faults.whole(at, value, default=1, low=1)


def _power_of_two(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    points = faults.whole(at, value, default=1, low=1)
    if points & (points - 1):
        low = 1 << (points.bit_length() - 1)
        faults.add(at, f"must be a power of two, got {points}; use {low} or {2 * low}")


def _arms(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    if value not in ARMS:
        faults.add(at, f"must be one of {', '.join(ARMS)}, got {short(value)}")


def _best(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    for name, item in faults.mapping(at, value).items():
        if not _is_free_factor(faults, f"{at}.{name}", name, factors):
            continue
        if item not in factors[name].values:
            values = ", ".join(str(known) for known in factors[name].values)
            faults.add(f"{at}.{name}", f"{short(item)} is none of the values {values}")


def _order(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    if not isinstance(value, list) or not value or len({repr(v) for v in value}) < len(value):
        faults.add(at, f"must be a list of factors, each once, got {short(value)}")
        return
    for name in value:
        _is_free_factor(faults, at, name, factors)


def _texts(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        faults.add(at, f"must be a list such as [d = a * b * c], got {short(value)}")


def _frozen_arms(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    entries = faults.mapping(at, value)
    if not entries:
        faults.add(at, "must name at least one arm such as mine: {values: {...}, nuisance: {...}}")
    for name, raw in entries.items():
        if name == BASELINE:
            faults.add(f"{at}.{name}", "is there anyway; give its nuisance under baseline")
        arm = faults.mapping(f"{at}.{name}", raw)
        faults.unknown_keys(f"{at}.{name}", arm, ("values", "nuisance"), "part of an arm")
        _best(faults, f"{at}.{name}.values", arm.get("values"), factors)
        _recipe(faults, f"{at}.{name}.nuisance", arm.get("nuisance"), factors)


def _recipe(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    for name, item in faults.mapping(at, value).items():
        if isinstance(item, Mapping | list) or item is None:
            faults.add(f"{at}.{name}", f"must be one value, got {short(item)}")


def _name(faults: Faults, at: str, value: Any, factors: Mapping[str, Factor]) -> None:
    faults.text(at, value, needed=True)


def _is_free_factor(faults: Faults, at: str, name: Any, factors: Mapping[str, Factor]) -> bool:
    if name not in list(factors):
        faults.add(at, f"no factor is called {short(name)}; {nearest(str(name), factors)}")
        return False
    if factors[name].tied_to:
        faults.add(at, f"{name!r} follows {factors[name].tied_to!r}; name that one")
        return False
    return True


Check = Callable[[Faults, str, Any, Mapping[str, Factor]], None]
ARMS = ("one_factor", "full_factorial")
BASELINE = "baseline"
OPTIONS: dict[str, dict[str, Check]] = {
    "one_factor": {},
    "full_factorial": {},
    "baseline_only": {},
    "leave_one_out": {"best": _best},
    "add_one_in": {"best": _best},
    "path": {"best": _best, "order": _order},
    "fractional_factorial": {"generators": _texts},
    "sobol": {},
    "blocked": {"points": _power_of_two, "blocks": _whole, "arms": _arms},
    "confirm": {
        "blocks": _whole,
        "of": _name,
        "winners": _whole,
        "arms": _frozen_arms,
        "baseline": _recipe,
        "question": _name,
    },
}
NEEDED = {"path": ("best",), "fractional_factorial": ("generators",)}
