"""Compose a study file, its search spaces, the defaults and the overrides; the only home of hydra.

Hydra composes and does not check: `check` looks at what comes out of here. The order, last wins:
conf/trial.yaml, the group file that a section's `name` chooses, the study's `base`, the command
line. A group chosen on the command line keeps those settings of the study that the group has too.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ablate.config import locations
from ablate.config.faults import Faults
from ablate.config.overrides import NAMED, SECTIONS, SPACE_GROUP, Overrides, read
from ablate.errors import ConfigError, nearest

PATHS = ("root", "infrared", "visible", "splits")  # of one data set, never carried to another
EXECUTOR = {"name": "processes"}
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
    where = locations.shown(location.file)
    with _lock:
        composer = _Composer(location.file, folder, where)
        words = list(overrides)
        plain = composer.study([], _space_word(words))
        asked = read(words, study=plain)
        tree = composer.study(list(asked.others), asked.space) if asked.others else plain
        typed = composer.words(list(asked.settings))
        return _layered(composer, tree, typed, asked, where)


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
        rest = _layered(composer, {}, {}, Overrides(), where)
    return {"space": space, "base": rest["base"]}


def space_names(study: Path) -> tuple[str, ...]:
    """Return the names of the spaces that a study file lists in its defaults."""
    try:
        raw = yaml.safe_load(study.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ()
    found: list[str] = []
    for entry in (raw.get("defaults") or []) if isinstance(raw, dict) else []:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            if str(key).lstrip("/").startswith("search_spaces"):
                found += value if isinstance(value, list) else [value]
    return tuple(str(name) for name in found)


class _Composer:
    """Hydra over one file and the folders it may draw from."""

    def __init__(self, file: Path, folder: Path | None, where: str) -> None:
        _readable(file, where)
        own = [file.parent.parent] if file.parent.name in ("studies", "search_spaces") else []
        searched = dict.fromkeys([*own, *locations.roots(folder)])
        self.file = file
        self.where = where
        paths = [*(f"file://{path}" for path in searched), "pkg://ablate.conf"]
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
        """Return what overrides alone say."""
        return self.compose(None, words) if words else {}

    def group(self, section: str, name: str, *, needed: bool) -> dict[str, Any] | None:
        """Return the content of a group file; None where a plug-in has none."""
        if not name.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"{self.where}: {section}: {name!r} is no name of a {section} group")
        from hydra.errors import MissingConfigException

        try:
            found = self.compose(f"{section}/{name}", [], raw=True).get(section)
        except MissingConfigException:
            if needed:
                raise ConfigError(
                    f"override: {section}: no {section} is called {name!r}; "
                    f"{nearest(name, self._groups(section))}"
                ) from None
            return None
        return found if isinstance(found, dict) else {}

    def compose(self, name: str | None, words: list[str], *, raw: bool = False) -> dict[str, Any]:
        """Return one composition as plain types, interpolations unresolved."""
        import hydra
        from hydra.errors import HydraException, MissingConfigException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        try:
            with hydra.initialize_config_dir(version_base="1.3", config_dir=str(self.file.parent)):
                tree = hydra.compose(name, [self._path, *words])
            plain = OmegaConf.to_container(tree, resolve=False)
        except MissingConfigException as error:
            if raw:
                raise
            raise ConfigError(f"{self.where}: {_missing(error)}") from error
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            raise ConfigError(f"{self.where}: cannot be composed: {_chain(error)}") from error
        assert isinstance(plain, dict)
        return {str(key): value for key, value in plain.items()}

    def _groups(self, section: str) -> list[str]:
        import ablate.conf

        folders = [Path(str(ablate.conf.__file__)).parent, *locations.roots()]
        return [file.stem for folder in folders for file in (folder / section).glob("*.yaml")]


def _layered(
    composer: _Composer,
    tree: dict[str, Any],
    typed: dict[str, Any],
    asked: Overrides,
    where: str,
) -> dict[str, Any]:
    """Return the study with `base` and `executor` filled from defaults, groups and overrides."""
    faults = Faults(where)
    trial = composer.compose("trial", [])
    study = faults.mapping("base", tree.get("base"))
    words = faults.mapping("base", typed.get("base"))
    base: dict[str, Any] = {key: value for key, value in study.items() if key not in SECTIONS}
    for section in SECTIONS:
        base[section] = _section(
            composer, section, trial.get(section, {}), study.get(section), words.get(section), asked
        )
    faults.raise_any()
    executor = _section(
        composer, "executor", EXECUTOR, tree.get("executor"), typed.get("executor"), asked
    )
    return {**tree, "base": base, "executor": executor}


def _section(
    composer: _Composer, section: str, trial: Any, study: Any, words: Any, asked: Overrides
) -> Any:
    """Return one section: defaults < group < study < chosen on the command line < typed there."""
    if section in NAMED and isinstance(study, str):
        study = {"name": study}
    study = {} if study is None else study
    if not isinstance(study, dict):
        return study  # check() says that it must be a mapping
    choice = asked.choices.get(section)
    if section not in NAMED:
        preset = composer.group(section, choice, needed=True) if choice else {}
        return _merged(_merged(_merged(trial, study), preset), words or {})
    name = choice or study.get("name") or trial.get("name")
    if not isinstance(name, str):
        return _merged(study, words or {})
    group = composer.group(section, name, needed=choice is not None)
    if choice and choice != study.get("name", trial.get("name")):
        study = {k: v for k, v in study.items() if group and k in group and k not in PATHS}
    merged = _merged(_merged(group or {}, study), {"name": name})
    return _merged(merged, words or {})


def _merged(lower: Any, upper: Any) -> Any:
    if not (isinstance(lower, Mapping) and isinstance(upper, Mapping)):
        return upper
    both = dict(lower)
    for key, value in upper.items():
        both[key] = _merged(both[key], value) if key in both else value
    return both


def _space_word(words: Sequence[str]) -> str | None:
    for word in reversed(list(words)):
        key, _, value = str(word).partition("=")
        if key.strip().lstrip("+/") in ("space", SPACE_GROUP) and not value.startswith("{"):
            return value.strip()
    return None


def _readable(file: Path, where: str) -> None:
    """Refuse what hydra would take amiss, with a line number where YAML knows one."""
    if file.stem == "trial":
        raise ConfigError(f"{where}: 'trial' is the name of the packaged defaults; rename the file")
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{where}: line {line}: is no YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{where}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be a mapping such as 'title: ...', got {type(raw).__name__}")
    if "hydra" in raw:
        raise ConfigError(f"{where}: hydra: settings of hydra do not belong here; remove them")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


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
