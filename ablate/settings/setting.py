"""One setting: type and range, default, meaning; and what follows for a section from its fields."""

import dataclasses
import functools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar

from ablate.errors import ConfigError, nearest, one_line
from ablate.numbers import is_number, is_whole
from ablate.settings.sources import fault_of

Known: TypeAlias = Mapping[str, Collection[str]]
Type = Literal[
    "int", "float", "text", "name", "names", "sources", "numbers", "counts", "size", "checked"
]
Matters = Callable[[Mapping[str, Any]], bool]
Check = Callable[[Any], str | None]
Section = TypeVar("Section")
NEWEST: Final = 4  # version of the packaged defaults
NOTHING: Final = object()  # no default, or no value of its own in a study that did not know it


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Type and range of one setting, and what it is for.

    Args:
        type: "name": one of `choices`, or of the names registered for `kind`; "names": a list of
            them; "sources": the names of the two sources, of `choices` where there are some;
            "numbers": one of the names, or a list of one number per level; "counts": a whole
            number, or a list of them; "size": [height, width]; "checked": as `check` says.
        low: The least number, included.
        above: A bound that is excluded.
        high: The largest number, included.
        below: A bound that is excluded.
        kind: Of a name that plug-ins can add: the key under which such names are registered.
        choices: Of a name that no plug-in can add: all names; of a number: names that may stand in
            its place.
        may_be_null: Whether a study may write null.
        may_be_absent: Whether a study may leave it out after defaults are filled in.
        default: Of new studies.
        written: Whether new studies have the default written into them; what is not written has
            its default by being absent.
        since: Version of the defaults that first had the setting written (decision 0015).
        absent: The value that a recorded study without the setting meant. A recipe with this value
            has the identity of one without the setting, so a setting that is added later needs it.
        group: Settings that belong together, such as those that a published loss fixes.
        path: Of a setting inside a mapping: the path, such as "limit.train".
        meaning: One sentence for the reference pages.
        unit: Of a number; "" where it has none.
        source: Where the setting or its default comes from.
        only_with: Other settings of the section, and the values of each beside which this one has
            an effect: `matters` in a form that a table of members can hold.
        matters: Whether the setting has an effect, given the others of its section.
        check: Returns the error in a value of type "checked", None where there is none.
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
    written: bool = True
    since: int = 1
    absent: Any = NOTHING
    group: str = ""
    path: str = ""
    meaning: str = ""
    unit: str = ""
    source: str = ""
    only_with: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)
    matters: Matters | None = None
    check: Check | None = None

    def fault(self, value: Any, known: Known) -> str | None:
        """Return the error in a value, None where it is fine.

        Args:
            value: Of the setting.
            known: Registered names by kind; names of a kind that is not there are not checked.
        """
        if value is None:
            return None if self.may_be_null else "must be set, got null"
        match self.type:
            case "int" | "float":
                return self._number_fault(value)
            case "text":
                ok = isinstance(value, str) and value.strip()
                return None if ok else f"must be a text, got {_short(value)}"
            case "name":
                return self._name_fault(value, known)
            case "names":
                return self._names_fault(value, known)
            case "sources":
                return fault_of(value, self.choices)
            case "numbers":
                return self._numbers_fault(value, known)
            case "counts":
                return self._counts_fault(value)
            case "size":
                return self._size_fault(value)
            case "checked":
                return self.check(value) if self.check else None

    def has_effect(self, section: Mapping[str, Any]) -> bool:
        """Return whether the setting has an effect beside the others of its section."""
        if any(section.get(name) not in values for name, values in self.only_with.items()):
            return False
        return self.matters is None or self.matters(section)

    def names(self, known: Known) -> Collection[str] | None:
        """Return the names that the setting may have, None where they are not known."""
        return self.choices or known.get(self.kind)

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
        if isinstance(value, str) and value in self.choices:
            return None
        what = "a whole number" if self.type == "int" else "a number"
        other = f" or {', '.join(self.choices)}" if self.choices else ""
        if self.type == "float" and isinstance(value, float) and not math.isfinite(value):
            return f"must be a finite number, got {value}"
        if not (is_whole(value) if self.type == "int" else is_number(value)):
            words = f"{what} {self.in_words()}{other}" if other else what
            return f"must be {words}, got {_short(value)}"
        if not self.low <= value <= self.high or not self.above < value < self.below:
            return f"must be {what} {self.in_words()}{other}, got {_short(value)}"
        return None

    def _name_fault(self, value: Any, known: Known) -> str | None:
        names = self.names(known)
        if not isinstance(value, str):
            fix = f"; {nearest(str(value), names)}" if names else ""
            return f"must be a name, got {_short(value)}{fix}"
        if names is None or value in names:
            return None
        return f"no such name as {value!r}; {nearest(value, names)}"

    def _names_fault(self, value: Any, known: Known) -> str | None:
        if not isinstance(value, list | tuple) or not value:
            return f"must be a list of names, got {_short(value)}"
        for item in value:
            if text := self._name_fault(item, known):
                return text
        return "names one twice; remove the second" if len(set(value)) < len(value) else None

    def _numbers_fault(self, value: Any, known: Known) -> str | None:
        if isinstance(value, str):
            return self._name_fault(value, known)
        good = isinstance(value, list | tuple) and len(value) > 0
        good = good and all(is_number(v) and v >= 0 for v in value)
        if good and sum(value) > 0:
            return None
        names = ", ".join(self.names(known) or ())
        return f"must be {names} or a list of one number per level, got {_short(value)}"

    def _counts_fault(self, value: Any) -> str | None:
        numbers = value if isinstance(value, list | tuple) else [value]
        if numbers and all(is_whole(one) and self.low <= one <= self.high for one in numbers):
            return None
        wanted = f"must be a whole number {self.in_words()}, or a list of one per stage"
        return f"{wanted}, got {_short(value)}"

    def _size_fault(self, value: Any) -> str | None:
        good = isinstance(value, list | tuple) and len(value) == 2
        if good and all(is_whole(v) and self.low <= v <= self.high for v in value):
            return None
        return f"must be [height, width], each {self.in_words()}, got {_short(value)}"


def field(type: Type, default: Any = NOTHING, **rest: Any) -> Any:
    """Return a dataclass field that carries its `Setting`; see there for the arguments.

    A field without a default may be left out by a study and is None then.
    """
    is_written = default is not NOTHING and rest.get("written", True)
    if not is_written or rest.get("absent", NOTHING) is not NOTHING:
        rest["may_be_absent"] = True  # recorded studies leave it out
    declared = Setting(type=type, default=default, **rest)
    given = None if default is NOTHING else default
    kept: dict[str, Any] = {"default_factory": lambda: given} if isinstance(given, list) else {}
    return dataclasses.field(**(kept or {"default": given}), metadata={"setting": declared})


def settings_of(section: type) -> dict[str, Setting]:
    """Return path -> setting of a settings class: its own fields first, then inherited ones."""
    return dict(_fields_of(section))


@functools.cache
def _fields_of(section: type) -> tuple[tuple[str, Setting], ...]:
    own = getattr(section, "__annotations__", {})
    fields = [one for one in dataclasses.fields(section) if "setting" in one.metadata]
    fields.sort(key=lambda one: one.name not in own)
    found = [(one.name, one.metadata["setting"]) for one in fields]
    return tuple((setting.path or name, setting) for name, setting in found)


def defaults_of(section: type | Mapping[str, Setting], *, version: int = NEWEST) -> dict[str, Any]:
    """Return the defaults that are written into new studies, as a mapping in a mapping.

    Args:
        section: The settings class, or its settings by path.
        version: Of the defaults: a store goes on with those it was started with.
    """
    found: dict[str, Any] = {}
    for path, one in _settings(section).items():
        if one.default is NOTHING or not one.written or one.since > version:
            continue
        *above, name = path.split(".")
        part = found
        for key in above:
            part = part.setdefault(key, {})
        part[name] = list(one.default) if isinstance(one.default, list | tuple) else one.default
    return found


def absent_of(section: type | Mapping[str, Setting]) -> dict[str, Any]:
    """Return name -> value that a recorded study without the setting meant."""
    found = _settings(section).items()
    return {name: one.absent for name, one in found if one.absent is not NOTHING}


def without_inert(section: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a section without those that the others leave without effect."""
    full = {**absent_of(section), **given}
    known = settings_of(section)

    return {
        name: value
        for name, value in given.items()
        if name not in known or known[name].has_effect(full)
    }


def faults_of_values(
    settings: Mapping[str, Setting], given: Mapping[str, Any], *, at: str, known: Known
) -> list[str]:
    """Return the error in each of the values that has one, a line per setting.

    Args:
        settings: By name.
        given: Values by name; names that are not settings are ignored.
        at: The section, which every line begins with.
        known: Registered names by kind.
    """
    return [
        f"{at}.{name}: {text}"
        for name, value in given.items()
        if name in settings and (text := settings[name].fault(value, known))
    ]


def made(section: type[Section], given: Mapping[str, Any], *, at: str, of: str = "") -> Section:
    """Return the typed settings of a section as it stands in a file or a record.

    What it lacks is what that meant before the setting existed, else the default.

    Args:
        section: The settings class.
        given: The section, without its `name`.
        at: The section's name, for messages.
        of: Whose settings they are, for messages.

    Raises:
        ConfigError: Unknown settings and values that cannot be, all of them together.

    Example:
        >>> from ablate.settings.metrics import MetricSettings
        >>> made(MetricSettings, {"names": ["vif"]}, at="metrics").protocol
        'cddfuse-py'
    """
    known = settings_of(section)
    values = flat(given, known)
    faults = [
        f"{at}.{name}: no such setting{f' of {of}' if of else ''}; {nearest(name, known)}"
        for name in values
        if name not in known
    ]
    faults += faults_of_values(known, values, at=at, known={})
    if faults:
        raise ConfigError(*faults)
    return section(
        **{path.replace(".", "_"): value for path, value in {**absent_of(known), **values}.items()}
    )


def flat(given: Mapping[str, Any], known: Mapping[str, Setting]) -> dict[str, Any]:
    """Return path -> value of a section some of whose settings lie in mappings."""
    outer = {path.partition(".")[0] for path in known if "." in path}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in outer and isinstance(value, Mapping):
            values |= {f"{name}.{key}": one for key, one in value.items()}
        elif name not in outer or value is not None:
            values[name] = value
    return values


def _settings(section: type | Mapping[str, Setting]) -> Mapping[str, Setting]:
    return settings_of(section) if isinstance(section, type) else section


def _short(value: Any) -> str:
    return one_line(repr(value), longest=60)
