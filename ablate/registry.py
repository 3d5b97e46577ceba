"""Named plug points: a name is registered once and found with its nearest neighbour."""

import ast
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

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
        self._is_loaded = package is None

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its object under `name`.

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
            self._members[name] = member
            self._places[name] = place
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


def declared(
    module: str, registry: str, *, package: str | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return name -> keyword-only parameters of what a module registers, in its order.

    The source is read, not run, so that a study file is checked without importing torch. Members
    registered elsewhere count once both modules are imported.

    Args:
        module: Dotted name of the module that holds the registry.
        registry: Name of the registry inside it.
        package: Where the members have files of their own: the package of these.

    Example:
        >>> declared("ablate.imaging.gradients", "OPERATORS")["sobel"]
        ('padding', 'gain')
    """
    found = dict(_written(package or module, registry))
    loaded: Registry[Callable[..., object]] = getattr(
        sys.modules.get(module), registry, Registry(registry)
    )
    for name, member in loaded.registered():
        if name not in found:
            parameters = inspect.signature(member).parameters.values()
            found[name] = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
    return found


def written_in(package: str, registry: str) -> Mapping[str, Mapping[str, Any]]:
    """Return name -> what the class bodies of a package's members set to a text or a number.

    The source is read, not run, as in `declared`.

    Example:
        >>> written_in("ablate.metrics", "METRICS")["en"]["label"]
        'EN'
    """
    return {name: _constants(node) for name, node in _nodes(package, registry)}


@functools.cache
def _written(module: str, registry: str) -> Mapping[str, tuple[str, ...]]:
    return {name: _keywords(node) for name, node in _nodes(module, registry)}


def _nodes(module: str, registry: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Yield name and definition of what a module, or the modules of a package, register."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin)
    files = sorted(file.parent.glob("*.py")) if spec.submodule_search_locations else [file]
    texts = [text for path in files if f"@{registry}." in (text := path.read_text("utf-8"))]
    for node in (node for text in texts for node in ast.parse(text).body):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"{registry}.register":
                yield ast.literal_eval(mark.args[0]), node


def _constants(node: ast.stmt) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in getattr(node, "body", ()):
        if isinstance(entry, ast.Assign | ast.AnnAssign) and isinstance(entry.value, ast.Constant):
            targets = entry.targets if isinstance(entry, ast.Assign) else [entry.target]
            found |= {each.id: entry.value.value for each in targets if isinstance(each, ast.Name)}
    return found


def _keywords(node: ast.stmt) -> tuple[str, ...]:
    """Return the keyword-only parameters of a function, or of a class's own `__init__`."""
    if isinstance(node, ast.ClassDef):
        inits = [one for one in node.body if getattr(one, "name", "") == "__init__"]
        return _keywords(inits[0]) if inits else ()
    return tuple(one.arg for one in node.args.kwonlyargs) if hasattr(node, "args") else ()
