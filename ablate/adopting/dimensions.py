"""Loss weights and learning rates as dimensions of a study: ranges around what stands there."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from ablate.adopting.roles import VARIED
from ablate.adopting.setting import Setting
from ablate.numbers import is_number
from ablate.settings.command import Place

MOST_FACTORS: Final = 12  # questions in one file; the rest stands there as dimensions
TIMES: Final = 4.0  # a weight is varied from 0 to so many times its value
DECADE: Final = 10.0  # a learning rate by so much to either side
_OTHER_TASK: Final = re.compile(
    r"(^|[_-])(med|mif|mef|mff|nir|gt|ct|mri|pet|ddpm)([_.-]|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """A dimension.

    Args:
        name: Of the dimension and of the setting.
        place: Where its value goes.
        value: What stands there.
        spec: type, low, high, ... as a study file says them.
        values: What is compared, what stands there first; () for a learning rate.
        setting: From which it came.
    """

    name: str
    place: Place
    value: Any
    spec: dict[str, Any]
    values: tuple[Any, ...]
    setting: Setting


def varied(found: Sequence[Setting], *, config: str) -> list[Varied]:
    """Return the dimensions of the settings of a script.

    Args:
        found: Its settings.
        config: The settings file that the study uses; keys of others are left out.
    """
    taken: Counter[str] = Counter()
    result = []
    for one in found:
        if one.role not in VARIED or one.why or one.place is None or _is_elsewhere(one, config):
            continue
        for name, place, value in _numbers(one):
            taken[name] += 1
            own = name if taken[name] == 1 else f"{name}_{taken[name]}"
            spec, values = _range(one, value)
            result.append(
                Varied(
                    name=own,
                    place=place,
                    value=float(value) if spec["type"] == "float" else value,
                    spec=spec,
                    values=values,
                    setting=one,
                )
            )
    return result


def _is_elsewhere(one: Setting, config: str) -> bool:
    """Return whether a setting belongs to another settings file, or to another task."""
    if one.place is not None and one.place.kind == "file":
        return one.file != config
    return bool(_OTHER_TASK.search(PurePosixPath(one.file).stem))


def identifier(name: str) -> str:
    """Return a name as an identifier in small letters.

    Example:
        >>> identifier("loss.fuse.src"), identifier("--lr"), identifier("5x")
        ('loss_fuse_src', 'lr', 'n5x')
    """
    found = re.sub(r"\W+", "_", name).strip("_").lower() or "setting"
    return f"n{found}" if found[0].isdigit() else found


def _numbers(one: Setting) -> Iterator[tuple[str, Place, Any]]:
    """Yield name, place and value; those of each number of a list that is written out."""
    assert one.place is not None
    name = identifier(one.name)
    if one.parts:
        for index, (place, value) in enumerate(one.parts):
            yield f"{name}_{index}", place, value
    else:
        yield name, one.place, list(one.value) if isinstance(one.value, tuple) else one.value


def _range(one: Setting, value: Any) -> tuple[dict[str, Any], tuple[Any, ...]]:
    if not is_number(value):
        choices = tuple(_without_each(value))
        return {"type": "categorical", "choices": list(choices)}, choices
    if one.role == "learning rate":
        low, high = value / DECADE, value * DECADE
        return {"type": "float", "low": _round(low), "high": _round(high), "log": True}, ()
    if one.is_whole:
        far = int(TIMES) * value or 1
        return {"type": "int", "low": min(0, far), "high": max(0, far)}, (value, *_others(value))
    far = TIMES * value or 1.0
    values = tuple(float(each) for each in (value, *_others(value)))
    return {"type": "float", "low": min(0.0, _round(far)), "high": max(0.0, _round(far))}, values


def _others(value: Any) -> tuple[Any, ...]:
    return (0, value * 2) if value else (1,)


def _round(value: float) -> float:
    return float(f"{value:.6g}")


def _without_each(value: Any) -> Iterator[Any]:
    """Yield a list, and it without each of its weights in turn; also where it is a text."""
    numbers = ast.literal_eval(value) if isinstance(value, str) else list(value)
    yield value if isinstance(value, str) else list(numbers)
    for index, one in enumerate(numbers):
        if one:
            changed = [0 if at == index else each for at, each in enumerate(numbers)]
            yield str(changed) if isinstance(value, str) else changed
