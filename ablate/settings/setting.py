"""What one setting is: its type and range, its default, its meaning."""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ablate.errors import nearest, one_line

Known: TypeAlias = Mapping[str, Collection[str]]
Type = Literal["int", "float", "text", "name", "names", "numbers", "size", "checked"]
Matters = Callable[[Mapping[str, Any]], bool]
Check = Callable[[Any], str | None]
NOTHING: Final = object()  # no default, or no value of its own in a study that did not know it


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Type and range of one setting, and what it is for.

    Args:
        type: What a value is; "checked" leaves it to `check`.
        low: The least number, included.
        above: A bound that is excluded.
        high: The largest number, included.
        below: A bound that is excluded.
        kind: Of a name: the key in `known` under which the names are registered.
        choices: Of a name: all names, where no plug-in can add one.
        may_be_null: Whether a study may write null.
        may_be_absent: Whether a study may leave it out after defaults are filled in.
        default: Of new studies.
        absent: What a recorded study meant that does not have the setting; its recipes have the
            same identity as those that write this value.
        meaning: One sentence for the reference pages.
        unit: Of a number; "" where it has none.
        source: Where the setting or its default comes from.
        matters: Whether the setting has an effect, given the others of its section.
        check: Returns what is wrong with a value of type "checked".
    """

    type: Type
    low: float = -math.inf
    above: float = -math.inf
    high: float = math.inf
    below: float = math.inf
    kind: str = ""
    choices: tuple[str, ...] = ()
    may_be_null: bool = False
    may_be_absent: bool = False
    default: Any = NOTHING
    absent: Any = NOTHING
    meaning: str = ""
    unit: str = ""
    source: str = ""
    matters: Matters | None = None
    check: Check | None = None

    def fault(self, value: Any, known: Known) -> str | None:
        """Return what is wrong with a value, None when it is fine."""
        if value is None:
            return None if self.may_be_null else "must be set, got null"
        if self.type in ("int", "float"):
            return self._number_fault(value)
        if self.type == "text":
            ok = isinstance(value, str) and value.strip()
            return None if ok else f"must be a text, got {_short(value)}"
        if self.type == "name":
            return self._name_fault(value, known)
        if self.type == "checked":
            return self.check(value) if self.check else None
        if self.type == "names":
            if not isinstance(value, (list, tuple)) or not value:
                return f"must be a list of names, got {_short(value)}"
            faults = [self._name_fault(item, known) for item in value]
            if not any(faults) and len(set(value)) < len(value):
                faults = ["names one twice; remove the second"]
            return next((fault for fault in faults if fault), None)
        if self.type == "numbers" and isinstance(value, str):
            return self._name_fault(value, known)
        return self._list_fault(value, known)

    def in_words(self) -> str:
        """Return the range of a number, such as "from 0 to 1" or "above 0"."""
        low = f"above {self.above:g}" if self.above > -math.inf else f"of at least {self.low:g}"
        if self.below < math.inf:
            return f"{low} and below {self.below:g}"
        if self.high == math.inf:
            return low
        if self.above > -math.inf:
            return f"{low} and at most {self.high:g}"
        return f"from {self.low:g} to {self.high:.10g}"

    def _number_fault(self, value: Any) -> str | None:
        what = "a whole number" if self.type == "int" else "a number"
        right = (int,) if self.type == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, right):
            return f"must be {what}, got {_short(value)}"
        if not math.isfinite(value):
            return f"must be a finite number, got {value}"
        if not self.low <= value <= self.high or not self.above < value < self.below:
            return f"must be {what} {self.in_words()}, got {_short(value)}"
        return None

    def _name_fault(self, value: Any, known: Known) -> str | None:
        if not isinstance(value, str):
            return f"must be a name, got {_short(value)}"
        names = self.choices or known.get(self.kind)
        if names is None or value in names:
            return None
        return f"no such name as {value!r}; {nearest(value, names)}"

    def _list_fault(self, value: Any, known: Known) -> str | None:
        if self.type == "size":
            good = isinstance(value, (list, tuple)) and len(value) == 2
            good = good and all(_is_number(v, int) and self.low <= v <= self.high for v in value)
            told = f"must be [height, width], each {self.in_words()}, got {_short(value)}"
            return None if good else told
        good = isinstance(value, (list, tuple)) and len(value) > 0
        good = good and all(_is_number(v, (int, float)) and v >= 0 for v in value)
        good = good and sum(value) > 0
        names = ", ".join(known.get(self.kind, ()))
        told = f"must be {names} or a list of one number per level, got {_short(value)}"
        return None if good else told


def field(type: Type, default: Any = NOTHING, **rest: Any) -> Any:
    """Return a dataclass field that carries its `Setting`; see there for the arguments.

    A field without a default may be left out by a study and is None then.
    """
    if default is NOTHING:
        rest["may_be_absent"] = True
    elif rest.get("absent", NOTHING) is not NOTHING:
        rest["may_be_absent"] = True  # recorded studies leave it out
    declared = Setting(type=type, default=default, **rest)
    return dataclasses.field(
        default=None if default is NOTHING else default, metadata={"setting": declared}
    )


def settings_of(section: type) -> dict[str, Setting]:
    """Return name -> setting of a settings class, in the order of its fields."""
    fields = dataclasses.fields(section)
    return {one.name: one.metadata["setting"] for one in fields if "setting" in one.metadata}


def defaults_of(section: type) -> dict[str, Any]:
    """Return name -> default of new studies; without those that are left out unless asked for."""
    found = settings_of(section).items()
    return {name: one.default for name, one in found if one.default is not NOTHING}


def absent_of(section: type) -> dict[str, Any]:
    """Return name -> value that a recorded study without the setting meant."""
    found = settings_of(section).items()
    return {name: one.absent for name, one in found if one.absent is not NOTHING}


def without_inert(section: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a section without those that the others leave without effect."""
    full = {**absent_of(section), **given}
    known = settings_of(section)

    def matters(name: str) -> bool:
        asked = known[name].matters if name in known else None
        return asked is None or asked(full)

    return {name: value for name, value in given.items() if matters(name)}


def _short(value: Any) -> str:
    return one_line(repr(value), longest=60)


def _is_number(value: Any, types: type[int] | tuple[type[int], type[float]]) -> bool:
    return not isinstance(value, bool) and isinstance(value, types) and math.isfinite(value)
