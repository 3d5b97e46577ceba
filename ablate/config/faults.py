"""A list of faults of one file, reported together."""

from collections.abc import Collection, Mapping
from typing import Any

from ablate.errors import ConfigError, nearest, one_line

LONGEST_PATH = 160


class Faults:
    """Collects lines of "file: place: what is wrong; the mend"."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: list[str] = []

    def add(self, path: str, text: str) -> None:
        """Enter one fault at a dotted path."""
        path = one_line(path, longest=LONGEST_PATH)
        line = one_line(f"{self.where}: {path}: {text}" if path else f"{self.where}: {text}")
        if line not in self.lines:
            self.lines.append(line)

    def raise_any(self) -> None:
        """Raise everything found.

        Raises:
            ConfigError: There is at least one fault.
        """
        if self.lines:
            raise ConfigError(*self.lines)

    def unknown_keys(
        self, path: str, values: Mapping[str, Any], allowed: Collection[str], what: str
    ) -> None:
        """Enter a fault for every key that is not allowed."""
        for key in values:
            if key not in allowed:
                at = f"{path}.{key}" if path else str(key)
                self.add(at, f"no such {what}; {nearest(str(key), allowed)}")

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        """Return the value if it is a mapping; else enter a fault and return an empty one."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.add(path, f"must be a mapping of names, got {short(value)}")
        return {}

    def text(self, path: str, value: Any, *, default: str = "", needed: bool = False) -> str:
        """Return the value if it is a text; else enter a fault and return the default."""
        if value is None:
            if needed:
                self.add(path, "is missing; write a text")
            return default
        if isinstance(value, str) and value.strip():
            return value
        self.add(path, f"must be a text, got {short(value)}")
        return default

    def whole(self, path: str, value: Any, *, default: int, low: int = 0) -> int:
        """Return the value if it is a whole number of at least `low`."""
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and value >= low:
            return value
        self.add(path, f"must be a whole number of at least {low}, got {short(value)}")
        return default

    def number(self, path: str, value: Any, *, above: float) -> float:
        """Return the value if it is a finite number above a bound, else enter a fault."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and above < value < float("inf"):
            return float(value)
        self.add(path, f"must be a number above {above:g}, got {short(value)}")
        return above

    def flag(self, path: str, value: Any) -> bool:
        """Return the value if it is true or false, else enter a fault."""
        if value is None or isinstance(value, bool):
            return bool(value)
        self.add(path, f"must be true or false, got {short(value)}")
        return False

    def known(self, path: str, value: str, names: Collection[str] | None, what: str) -> None:
        """Enter a fault if the names are given and the value is none of them."""
        if names is not None and value not in names:
            self.add(path, f"no {what} is called {short(value)}; {nearest(value, names)}")


def short(value: Any) -> str:
    """Return the value as messages show it, cut to 60 characters."""
    text = one_line(repr(value), longest=10_000)
    return text if len(text) <= 60 else text[:57] + "..."
