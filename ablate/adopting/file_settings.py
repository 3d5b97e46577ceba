"""Settings in YAML, JSON, INI and TOML files: which files a script reads, and their keys."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from ablate.adopting.flow import Flow
from ablate.adopting.repository import Repository
from ablate.adopting.roles import NO_WEIGHT
from ablate.adopting.scripts import Script
from ablate.adopting.setting import NOTHING, Setting, literal, role_in_program
from ablate.settings.command import Place
from ablate.settings.file_places import entries
from ablate.settings.python_places import dotted

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def config_files(repository: Repository, script: Script) -> list[str]:
    """Return the settings files that a script reads, the one that it reads by default first."""
    hydra = list(hydra_keys(repository, script))
    named_by = [word.partition("=")[2] or word for word in script.words]
    quoted = [word for word in re.split(r"[\s=]+", repository.about) if "." in word]
    texts = [
        node.value
        for file in script.reached.values()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    here = PurePosixPath(script.path).parent
    found = list(hydra)
    for word in (*named_by, *texts, *quoted):
        for path in (word.removeprefix("./"), str(here / word)):
            if path in repository.settings and path not in found and "\n" not in word:
                found.append(path)
    return found


def of_file(
    path: str, text: str, traced: Flow, hydra: Mapping[str, str] | None
) -> Iterator[Setting]:
    """Yield the settings of a file.

    Args:
        path: From the folder of the repository.
        text: What it holds.
        traced: How the program uses its keys.
        hydra: Key -> key of an override, where Hydra composes it.
    """
    try:
        every = entries(text, path)
    except ValueError:
        return
    for key, (start, end) in every:
        value = _read_value(text[start:end], path)
        name = key.rpartition(".")[2]
        if name.isdigit() or value is NOTHING or isinstance(value, bool | dict):
            continue
        in_loss = "loss" in key.lower().rpartition(".")[0] and not NO_WEIGHT.search(name)
        is_traced = (name,) in traced.weights
        role = role_in_program(
            name, value, is_traced=(is_traced and not NO_WEIGHT.search(name)) or in_loss
        )
        at = Place(kind="file", at=f"{path}:{key}")
        place = Place(kind="hydra", at=hydra[key]) if hydra and key in hydra else at
        yield Setting(
            name=key,
            role=role,
            value=value,
            file=path,
            line=text.count("\n", 0, start) + 1,
            place=place,
        )


def _read_value(text: str, path: str) -> Any:
    """Return the value that stands in a settings file."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)
    try:
        value = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return NOTHING
    if isinstance(value, list):
        value = [_as_number(one) for one in value]
    return value if isinstance(value, str | int | float | list | dict) else NOTHING


def _as_number(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)  # YAML 1.1 reads 1e-4 as a text
    return value


def hydra_keys(repository: Repository, script: Script) -> dict[str, dict[str, str]]:
    """Return settings file -> key -> key of an override, of the files that @hydra.main composes."""
    for file in script.reached.values():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and dotted(node.func) in ("hydra.main", "main"):
                given = {one.arg: literal(one.value) for one in node.keywords}
                folder, name = given.get("config_path", ""), given.get("config_name")
                if isinstance(name, str):
                    at = PurePosixPath(file.path).parent / (
                        folder if isinstance(folder, str) else ""
                    )
                    return _composed(repository, at, name.removesuffix(".yaml"))
    return {}


def _composed(
    repository: Repository, folder: PurePosixPath, name: str
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    todo = [(f"{name}.yaml", "")]
    while todo:
        inner, prefix = todo.pop(0)
        path = str(folder / inner)
        if path in found or path not in repository.settings:
            continue
        text = repository.settings[path]
        try:
            keys = [key for key, _ in entries(text, path)]
            defaults = (yaml.safe_load(text) or {}).get("defaults", [])
        except (ValueError, yaml.YAMLError, AttributeError):
            continue
        at = "" if "@package _global_" in text[:200] else prefix
        found[path] = {key: f"{at}{key}" for key in keys if not key.startswith("defaults")}
        for one in defaults if isinstance(defaults, list) else []:
            if isinstance(one, Mapping):
                for key, chosen in one.items():
                    group = str(key).removeprefix("override ").strip("/").partition("@")[0]
                    todo.append((f"{group}/{chosen}.yaml", f"{group.replace('/', '.')}."))
            elif isinstance(one, str) and one != "_self_":
                todo.append((f"{one.strip('/')}.yaml", prefix))
    return found
