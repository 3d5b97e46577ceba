"""Named plug points: a name is registered once and found with its nearest neighbour."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from ablate.errors import ConfigError, UnknownNameError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind of plug-in.

    Args:
        kind: What one member is called in messages, for example "metric".
        package: Package whose modules register members; its modules are imported on the first
            look-up, so that adding a member is adding a file.
    """

    def __init__(self, kind: str, *, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._members: dict[str, T] = {}
        self._places: dict[str, str] = {}
        self._settings: dict[str, type] = {}
        self._is_loaded = package is None
        self._changes = 0

    def register(self, name: str, *, settings: type | None = None) -> Callable[[T], T]:
        """Return a decorator that enters its object under `name`.

        Args:
            name: As files and commands call it.
            settings: Dataclass of its settings, whose fields are made by
                `ablate.settings.setting.field`: study files are then checked against their ranges
                and filled in with their defaults. Without it only the names of its keyword-only
                parameters are known.

        Raises:
            ConfigError: The name is taken; the text shows both places.
        """

        def enter(member: T) -> T:
            place = f"{getattr(member, '__module__', '?')}.{getattr(member, '__qualname__', name)}"
            if name in self._members and self._places[name] != place:
                raise ConfigError(
                    f"{place}: the {self.kind} name {name!r} is already taken by "
                    f"{self._places[name]}; choose another name"
                )
            self._changes += 1
            self._members[name] = member
            self._places[name] = place
            self._settings.pop(name, None)
            if settings is not None:
                self._settings[name] = settings
            return member

        return enter

    def get(self, name: str, *, where: str = "") -> T:
        """Return the member called `name`.

        Raises:
            UnknownNameError: No such member; the text offers the nearest name.
        """
        self._load()
        try:
            return self._members[name]
        except (KeyError, TypeError):
            at = f"{where}: " if where else ""
            raise UnknownNameError(
                f"{at}no {self.kind} is called {name!r}; {nearest(str(name), self._members)}"
            ) from None

    def registered(self) -> tuple[tuple[str, T], ...]:
        """Return name and member of what is registered so far; imports nothing."""
        return tuple(sorted(self._members.items(), key=lambda item: item[0]))

    def in_order(self) -> tuple[str, ...]:
        """Return all names in the order in which they were registered."""
        self._load()
        return tuple(self._members)

    def state(self) -> tuple[int, int]:
        """Return a value that changes with every member that comes or goes; imports nothing."""
        return self._changes, len(self._members)

    def settings_class(self, name: str) -> type | None:
        """Return the class that was registered for the settings of a member, None without one."""
        return self._settings.get(name)

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        self._load()
        return tuple(sorted(self._members))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._members

    def _load(self) -> None:
        if self._is_loaded or self._package is None:
            return
        self._is_loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")


def first_line(member: object) -> str:
    """Return the first line of a member's docstring, for listings."""
    return (inspect.getdoc(member) or "").split("\n", 1)[0]
