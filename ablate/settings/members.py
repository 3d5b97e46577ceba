"""What plug-ins are called and which settings they take, known without importing torch or optuna.

A plug-in stands in one file, with its settings. What the packaged ones declare is written into
`members.json` by `python -m ablate.settings.members`, so that a plan need not import them. A kind
whose files have changed since is imported instead: always right, only slower.
"""

import dataclasses
import functools
import hashlib
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ablate.registry import Registry
from ablate.settings.setting import NOTHING, Setting, settings_of

PACKAGE: Final = Path(__file__).resolve().parents[1]
TABLE: Final = Path(__file__).with_name("members.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What is known of a plug-in.

    Args:
        takes: Its keyword-only parameters, or the names of its settings class.
        settings: Those of its settings whose type and range it declares, by path.
        facts: Of a metric: its label and which side is better. Of a term of the loss: whether it
            gives a map or a scalar, what it reads of the network, and whether it learns. Of a
            network: the features that it hands out. Several names are separated by spaces.
    """

    takes: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def settings_names(self) -> tuple[str, ...]:
        """Return the names of all its settings, as they stand in its section of a file."""
        return tuple(
            dict.fromkeys((*self.takes, *(path.partition(".")[0] for path in self.settings)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Where the members of a kind are registered.

    Args:
        module: That holds the registry.
        registry: Its name there.
        files: Those that register packaged members: a folder of the package, or one file.
        facts: Class attributes that are worth knowing without the class.
    """

    module: str
    registry: str
    files: str
    facts: tuple[str, ...] = ()

    def members(self) -> Registry[Any]:
        """Return the registry; imports its module."""
        found: Registry[Any] = getattr(importlib.import_module(self.module), self.registry)
        return found

    def hash(self) -> str:
        """Return the hash of the files and of the classes that settings are made of."""
        place = PACKAGE / self.files
        files = sorted(place.glob("*.py")) if place.is_dir() else [place]
        files += [Path(__file__), Path(__file__).with_name("setting.py")]
        files += [
            Path(__file__).with_name(f"{name}.py")
            for name in ("data", "sources", "network", "executor")
        ]
        found = hashlib.sha256()
        for file in files:
            found.update(file.name.encode() + b"\0" + file.read_bytes())
        return found.hexdigest()[:16]


def _kind(package: str, registry: str, module: str = "contract", **more: Any) -> Kind:
    return Kind(module=f"ablate.{package}.{module}", registry=registry, files=package, **more)


def _step(package: str, module: str, registry: str) -> Kind:
    return Kind(
        module=f"ablate.{package}.{module}", registry=registry, files=f"{package}/{module}.py"
    )


KINDS: Final[Mapping[str, Kind]] = {
    "data": _kind("data", "DATASETS"),
    "models": _kind("models", "MODELS", facts=("features",)),
    "metrics": _kind("metrics", "METRICS", facts=("label", "better")),
    "designs": _kind("designs", "DESIGNS"),
    "executors": _kind("execution", "EXECUTORS", "protocol"),
    "samplers": _kind("search", "SAMPLERS"),
    "pruners": _kind("search", "PRUNERS"),
    "operators": _step("imaging", "gradients", "OPERATORS"),
    "laplacians": _step("imaging", "laplacians", "LAPLACIANS"),
    "resamplers": _step("imaging", "resample", "RESAMPLERS"),
    "components": _step("losses", "components", "COMPONENTS"),
    "selections": _step("losses", "selection", "SELECTIONS"),
    "penalties": _step("losses", "penalty", "PENALTIES"),
    "regions": _step("losses", "regions", "REGIONS"),
    "terms": Kind(
        module="ablate.losses.terms.contract",
        registry="TERMS",
        files="losses/terms",
        facts=("gives", "reads", "learns"),
    ),
}


def members(kind: str) -> Mapping[str, Member]:
    """Return the members of a kind by name: the packaged ones, then those registered elsewhere.

    Args:
        kind: One of `KINDS`.
    """
    packaged = _packaged(kind)
    place = KINDS[kind]
    registry = getattr(sys.modules.get(place.module), place.registry, None)
    if registry is None:
        return packaged
    more = {
        name: _described(registry, name, member, place.facts)
        for name, member in registry.registered()
        if name not in packaged
    }
    return {**packaged, **more} if more else packaged


def state(kinds: Iterable[str]) -> tuple[object, ...]:
    """Return a value that changes with every member of the kinds that comes or goes."""
    places = (KINDS[kind] for kind in kinds)
    found = (getattr(sys.modules.get(one.module), one.registry, None) for one in places)
    return tuple(registry and registry.state() for registry in found)


def described(kind: str) -> dict[str, Member]:
    """Return the packaged members of a kind, as their own files declare them; imports them."""
    place = KINDS[kind]
    registry = place.members()
    names = registry.in_order() if place.files.endswith(".py") else registry.names()
    return {
        name: _described(registry, name, member, place.facts)
        for name in names
        if (member := registry.get(name)).__module__.startswith("ablate.")
    }


def table() -> dict[str, Any]:
    """Return the content of `members.json` as it should be."""
    return {
        kind: {
            "files": place.hash(),
            "members": {name: _to_json(one) for name, one in described(kind).items()},
        }
        for kind, place in KINDS.items()
    }


@functools.cache
def _packaged(kind: str) -> Mapping[str, Member]:
    entry = _read().get(kind)
    if entry is None or entry["files"] != KINDS[kind].hash():
        return described(kind)
    return {name: _from_json(one) for name, one in entry["members"].items()}


@functools.cache
def _read() -> dict[str, Any]:
    try:
        return dict(json.loads(TABLE.read_text("utf-8")))
    except (OSError, ValueError):  # absent, or torn by a merge: as if out of date
        return {}


def _described(
    registry: Registry[Any], name: str, member: Callable[..., Any], facts: tuple[str, ...]
) -> Member:
    section = registry.settings_class(name)
    settings = settings_of(section) if section else {}
    parameters = inspect.signature(member).parameters.values()
    takes = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    if "settings" in inspect.signature(member).parameters:  # it takes its class as a whole
        takes += dict.fromkeys(path.partition(".")[0] for path in settings)
    return Member(
        takes=tuple(takes),
        settings=settings,
        facts={fact: text for fact in facts if (text := _said_of(member, fact))},
    )


def _said_of(member: object, fact: str) -> str:
    found = getattr(member, fact, "")
    return found if isinstance(found, str) else " ".join(found)


def _to_json(member: Member) -> dict[str, Any]:
    written: dict[str, Any] = {"takes": list(member.takes)}
    if member.settings:
        written["settings"] = {path: _said(path, one) for path, one in member.settings.items()}
    return written | dict(member.facts)


def _said(path: str, setting: Setting) -> dict[str, Any]:
    """Return the fields of a setting that are not at their default."""
    said = {}
    for one in dataclasses.fields(Setting):
        value = getattr(setting, one.name)
        if value is NOTHING or value in (one.default, {}):
            continue
        if callable(value):
            raise TypeError(f"{path}: {one.name} is code, which a table cannot hold; use a type")
        said[one.name] = value
    return said


def _from_json(written: Mapping[str, Any]) -> Member:
    facts = {key: text for key, text in written.items() if key not in ("takes", "settings")}
    settings = {
        path: Setting(
            **{
                **said,
                "choices": tuple(said.get("choices", ())),
                "only_with": {k: tuple(v) for k, v in said.get("only_with", {}).items()},
            }
        )
        for path, said in written.get("settings", {}).items()
    }
    return Member(takes=tuple(written["takes"]), settings=settings, facts=facts)


def main() -> None:
    """Write the table."""
    TABLE.write_text(written(table()), encoding="utf-8")


def written(content: Mapping[str, Any]) -> str:
    """Return the table as text, one member per line."""
    parts = []
    for kind, entry in content.items():
        lines = [
            f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in entry["members"].items()
        ]
        parts.append(
            f' {json.dumps(kind)}: {{"files": {json.dumps(entry["files"])}, "members": {{\n'
            + ",\n".join(lines)
            + "\n }}"
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
