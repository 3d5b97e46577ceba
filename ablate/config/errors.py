"""The errors of one file, collected so that they are reported together."""

from collections.abc import Collection, Mapping
from typing import Any

from ablate.errors import ConfigError, nearest, one_line

LONGEST_PATH = 160


class Errors:
    """Collects lines of "file: place: what is wrong; the fix"."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: list[str] = []

    def add(self, path: str, text: str) -> None:
        """Add an error at a dotted path, unless it is there already."""
        path = one_line(path, longest=LONGEST_PATH)
        line = one_line(f"{self.where}: {path}: {text}" if path else f"{self.where}: {text}")
        if line not in self.lines:
            self.lines.append(line)

    def raise_any(self) -> None:
        """Raise all errors together.

        Raises:
            ConfigError: There is at least one error.
        """
        if self.lines:
            raise ConfigError(*self.lines)

    def are_at(self, path: str) -> bool:
        """Whether there is an error at a path or below it."""
        start = f"{self.where}: {one_line(path, longest=LONGEST_PATH)}"
        return any(line.startswith((f"{start}:", f"{start}.")) for line in self.lines)

    def unknown_keys(
        self, path: str, values: Mapping[str, Any], allowed: Collection[str], what: str
    ) -> None:
        """Add an error for every key that is not allowed."""
        for key in values:
            if key not in allowed:
                at = f"{path}.{key}" if path else str(key)
                self.add(at, f"no such {what}; {nearest(str(key), allowed)}")

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        """Return a mapping as it is, an empty one for null; anything else is an error."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.add(path, f"must be a mapping of names, got {short(value)}")
        return {}

    def known(self, path: str, value: str, names: Collection[str] | None, what: str) -> None:
        """Add an error if the names are given and the value is not among them."""
        if names is not None and value not in names:
            self.add(path, f"no {what} is called {short(value)}; {nearest(value, names)}")


def short(value: Any) -> str:
    """Return a value as messages show it, cut to 60 characters."""
    text = one_line(repr(value), longest=10_000)
    return text if len(text) <= 60 else text[:57] + "..."
