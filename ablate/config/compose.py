"""Compose a study file, its search spaces, the defaults and the overrides; the only home of hydra.

Hydra composes and does not check: `check` looks at what comes out of here. The order, last wins:
conf/trial.yaml, the group file that a section's `name` chooses, the study's `base`, the command
line. A group chosen on the command line keeps those settings of the study that the group has too.
"""

import functools
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from ablate.config import locations, reading
from ablate.config.defaults import (
    CONF,
    KIND_OF,
    group_defaults,
    group_folders,
    groups,
    trial_defaults,
)
from ablate.config.errors import Errors
from ablate.config.layers import layered
from ablate.config.overrides import NAMED, SPACE_GROUP, Overrides, names_spaces, read
from ablate.errors import ConfigError, nearest
from ablate.settings.setting import NEWEST

_GROUP = re.compile(r"[A-Za-z][\w-]*")
_lock = threading.Lock()  # hydra's state is global


def compose(
    study: str | Path, overrides: Sequence[str] = (), *, folder: Path | None = None
) -> dict[str, Any]:
    """Return the study as plain nested dicts with every default of `base` filled in, not checked.

    Args:
        study: A name (packaged or in the folder's studies/) or a path to a YAML file.
        overrides: Words such as "data=msrs", "train.steps=50", "phases.compare.seeds=3".
        folder: The user's folder; the current one by default.

    Raises:
        ConfigError: A file, group or override that cannot be composed.
    """
    location = locations.find("studies", study, folder)
    tree, faults = compose_with_faults(location, overrides, folder=folder)
    if faults:
        raise ConfigError(*faults)
    return tree


def compose_with_faults(
    location: locations.Location,
    overrides: Sequence[str] = (),
    *,
    folder: Path | None = None,
    defaults: int = NEWEST,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the study and the faults that did not stop it from being composed.

    Args:
        location: Of the study.
        overrides: As in `compose`.
        folder: The user's folder; the current one by default.
        defaults: Version of the packaged defaults.

    Raises:
        ConfigError: The file or a search space of it cannot be composed at all.
    """
    where = locations.shown(location.file)
    faults = Errors(where)
    with _lock:
        composer = _Composer(location.file, folder, where, defaults=defaults)
        plain = composer.study([], _space_word(overrides))
        asked = read(overrides, study=plain)
        tree = composer.study(list(asked.others), asked.space) if asked.others else plain
        typed = composer.words(list(asked.settings))
        trial = trial_defaults(defaults)
        tree = layered(tree, typed, asked, trial=trial, group=composer.group, faults=faults)
    return tree, (*asked.faults, *composer.faults, *faults.lines)


def compose_space(name: str | Path, *, folder: Path | None = None) -> dict[str, Any]:
    """Return one search space and the default settings: {"space": ..., "base": ...}.

    Raises:
        ConfigError: The file cannot be found or composed.
    """
    location = locations.find("search_spaces", name, folder)
    where = locations.shown(location.file)
    with _lock:
        composer = _Composer(location.file, folder, where)
        space = composer.compose(location.file.stem, [])
        rest = layered(
            {}, {}, Overrides(), trial=trial_defaults(), group=composer.group, faults=Errors(where)
        )
    return {"space": space, "base": rest["base"]}


def space_names(study: Path) -> tuple[str, ...]:
    """Return the names of the spaces that a study file lists in its defaults."""
    try:
        raw = reading.read(study, where=study.name)
    except ConfigError:
        return ()
    found: list[str] = []
    for entry in raw.get("defaults") or []:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            if str(key).lstrip("/").startswith("search_spaces"):
                found += value if isinstance(value, list) else [value]
    return tuple(str(name) for name in found)


class _Composer:
    """Hydra over one file and the folders it may draw from."""

    def __init__(
        self, file: Path, folder: Path | None, where: str, *, defaults: int = NEWEST
    ) -> None:
        reading.read(file, where=where)
        own = [file.parent.parent] if file.parent.name in ("studies", "search_spaces") else []
        self._searched = tuple(dict.fromkeys([*own, *locations.roots(folder)]))
        self._version = defaults
        self._packaged = group_folders(defaults)
        self.file = file
        self.where = where
        self.faults: list[str] = []
        paths = [*(f"file://{path}" for path in self._searched), "pkg://ablate.conf"]
        self._path = "hydra.searchpath=[" + ",".join(_text(path) for path in paths) + "]"

    def study(self, words: list[str], space: str | None) -> dict[str, Any]:
        """Return the composed study file."""
        if space is None:
            return self.compose(self.file.stem, words)
        listed = bool(space_names(self.file))
        return self.compose(
            self.file.stem, [f"{'' if listed else '+'}{SPACE_GROUP}={space}", *words]
        )

    def words(self, words: list[str]) -> dict[str, Any]:
        """Return the settings that overrides alone give."""
        return self.compose(None, words) if words else {}

    def group(self, section: str, name: str) -> dict[str, Any] | None:
        """Return the content of a group file; None where there is none.

        A section without `name` has presets only, so a missing one is a fault; of the others
        `check` knows which names are right.
        """
        from hydra.errors import MissingConfigException

        try:
            if _GROUP.fullmatch(name):
                return self._group(section, name)
        except MissingConfigException:
            pass
        if section not in NAMED:
            known = nearest(name, self._groups(section))
            self.faults.append(f"override: {section}: no preset is called {name!r}; {known}")
        return None

    def _group(self, section: str, name: str) -> dict[str, Any]:
        from omegaconf import OmegaConf

        for root in (
            *self._searched,
            *self._packaged,
        ):  # most files are plain: faster without hydra
            file = root / section / f"{name}.yaml"
            if file.is_file():
                reading.read(file, where=locations.shown(file))
                plain = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(file)))
                if "defaults" not in plain:
                    return plain
                break
        else:
            made = group_defaults(section, name, version=self._version)
            if made is not None:
                return made
        found = self.compose(None, [f"+{section}={name}"], raw=True).get(section)
        return found if isinstance(found, dict) else {}

    def compose(self, name: str | None, words: list[str], *, raw: bool = False) -> dict[str, Any]:
        """Return one composition as plain types, interpolations unresolved."""
        import hydra
        from hydra.errors import HydraException, MissingConfigException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        _guard()
        _store(self._version)
        try:
            with hydra.initialize_config_dir(version_base="1.3", config_dir=str(self.file.parent)):
                tree = hydra.compose(name, [self._path, *words])
            plain = OmegaConf.to_container(tree, resolve=False)
        except MissingConfigException as error:
            if raw:
                raise
            raise ConfigError(f"{self.where}: {_missing(error)}") from error
        except ConfigError:
            raise
        except RecursionError:
            text = "its defaults name each other in a circle; remove one of the entries"
            raise ConfigError(f"{self.where}: cannot be composed: {text}") from None
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            raise ConfigError(f"{self.where}: cannot be composed: {_chain(error)}") from error
        return {str(key): value for key, value in cast(dict[Any, Any], plain).items()}

    def _groups(self, section: str) -> list[str]:
        folders = [CONF, *self._searched]
        files = [file.stem for folder in folders for file in (folder / section).glob("*.yaml")]
        return [*groups(section), *files]


@functools.cache
def _guard() -> None:
    """Make hydra load files through `reading.read` alone, and none outside its folders."""
    from hydra._internal.core_plugins.file_config_source import FileConfigSource
    from hydra._internal.sources_registry import SourcesRegistry
    from hydra.core.plugins import Plugins

    class Guarded(FileConfigSource):  # type: ignore[misc]  # hydra is not typed here
        def load_config(self, config_path: str) -> Any:
            folder = Path(self.path)
            file = folder / self._normalize_file_name(config_path)
            where = locations.shown(file)
            if not Path(os.path.normpath(file)).is_relative_to(os.path.normpath(folder)):
                raise ConfigError(f"{where}: lies outside {folder}; name a file inside")
            reading.read(file, where=where)
            return super().load_config(config_path)

    Plugins.instance()  # registers hydra's own first
    SourcesRegistry.instance().types["file"] = Guarded


def _store(version: int) -> None:
    """Let files draw in their defaults what the settings classes say: /trial, /data: msrs."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    of_study = {
        k: v for k, v in trial_defaults(version).items() if k != "train"
    }  # a preset may follow
    store.store(name="trial", node=of_study, provider="ablate")
    for section in KIND_OF:
        for name in groups(section):
            store.store(
                name=name,
                group=section,
                node=group_defaults(section, name, version=version),
                provider="ablate",
            )


def _space_word(words: Sequence[str]) -> str | None:
    for word in reversed(list(words)):
        key, _, value = str(word).partition("=")
        if key.strip().lstrip("+/") in ("space", SPACE_GROUP) and names_spaces(value.strip()):
            return value.strip()
    return None


def _text(value: str) -> str:
    """Quote a text for hydra, which takes a backslash for itself unless a quote follows."""
    inner = re.sub(r"(\\*)('|\Z)", lambda end: end[1] * 2 + (end[2] and "\\'"), value)
    return f"'{inner}'"


def _missing(error: Exception) -> str:
    """Return hydra's list of options as a nearest name."""
    lines = str(error).splitlines()
    if "Available options in" not in str(error):
        return " ".join(line.strip() for line in lines[:1])
    missing = lines[0].partition("Could not find ")[2].strip("'\" ")
    group, _, name = missing.rpartition("/")
    start = next(i for i, line in enumerate(lines) if line.startswith("Available options in"))
    options = [line.strip() for line in lines[start + 1 :] if line.startswith("\t")]
    options = [option for option in options if not option.startswith("provider=")]
    return f"defaults: {group} has no {name!r}; {nearest(name, options)}"


def _chain(error: BaseException | None) -> str:
    """Return the messages of an exception and its causes in one line, the innermost last."""
    parts: list[str] = []
    while error is not None:
        line = " ".join(str(error).split("See https://hydra.cc")[0].split())
        if line and line not in parts:
            parts.append(line)
        error = error.__cause__
    return "; ".join(parts)
