"""What a training leaves behind and what a fusing script takes, as far as the source says it."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ablate.adopting.paths import pattern
from ablate.adopting.repository import Python
from ablate.adopting.scripts import Script
from ablate.adopting.setting import Setting
from ablate.settings.python_places import dotted

_SIDES: Final = {  # words of a name or of a folder, side of a pair
    "infrared": re.compile(r"(^|[\W_])(ir|infrared|thermal|lwir|inf|tir)([\W_]|$)", re.IGNORECASE),
    "visible": re.compile(r"(^|[\W_])(vi|vis|visible|rgb|viy?)([\W_]|$)", re.IGNORECASE),
}
_LOSS: Final = re.compile(
    r"(?P<name>\w*loss\w*)\s*[:=]\s*(%[-+.\d]*[fegs]|\{[^}]*\})", re.IGNORECASE
)
_EPOCH: Final = re.compile(r"epoch\W{0,3}(%d|%s|\{[^}]*\})", re.IGNORECASE)
_SAID: Final = ("print", "write", "set_description", "info", "log", "log_and_print", "format")
_NUMBER: Final = r"[-+.\deE]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that a fusing script is given: a word such as {infrared}, and where it goes."""

    hole: str
    setting: Setting


def saved(script: Script, found: Sequence[Setting]) -> list[str]:
    """Return patterns of the files that a training saves, as paths of its folder."""
    values = _values(found)
    every = []
    for file in script.reached.values():
        for call in _calls(file, "save"):
            at = {"torch.save": 1, "numpy.save": 0, "np.save": 0}.get(dotted(call.func), 1)
            if len(call.args) > max(at, 1):
                every.append(pattern(call.args[at], values, file))
    return _useful(every)


def curves(script: Script, found: Sequence[Setting]) -> list[tuple[str, str, int]]:
    """Return folders of TensorBoard event files, each with file and line of its writer."""
    values = _values(found)
    every = []
    for file in script.reached.values():
        for call in _calls(file, "SummaryWriter"):
            given = {one.arg: one.value for one in call.keywords}
            folder = given.get("log_dir") or given.get("logdir") or next(iter(call.args), None)
            whole = pattern(folder, values, file) if folder is not None else "runs"
            known = PurePosixPath(whole.partition("*")[0].rpartition("/")[0] or ".")
            at = whole if "*" not in whole else str(known)
            is_inside = at not in (".", "") and not at.startswith(("/", ".."))
            every.append((at if is_inside else "", file.path, call.lineno))
    return every


def said(script: Script) -> str:
    """Return a pattern of the loss that a script prints, "" where none is found."""
    for file in script.reached.values():
        for call in [one for name in _SAID for one in _calls(file, name)]:
            for node in ast.walk(call):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(node, ast.JoinedStr):
                    text = "".join(
                        str(one.value) if isinstance(one, ast.Constant) else "{}"
                        for one in node.values
                    )
                if isinstance(text, str) and (loss := _LOSS.search(text)):
                    epoch = _EPOCH.search(text)
                    between = re.escape(text[loss.end("name") : loss.start(2)])
                    between = between.replace(r"\ ", r"\s*")
                    number = f"{re.escape(loss['name'])}{between}(?P<loss>{_NUMBER})"
                    if epoch and epoch.start() < loss.start():
                        return rf"[Ee]poch\W{{0,3}}(?P<epoch>\d+).*?{number}"
                    return number
    return ""


def taken(found: Sequence[Setting]) -> list[Given]:
    """Return what a fusing script is given: folders of its images, its results, a checkpoint."""
    result: dict[str, Given] = {}
    for one in found:
        if one.place is None or not isinstance(one.value, str):
            continue
        hole = {"output": "out", "checkpoint": "checkpoint"}.get(one.role, "")
        if one.role == "data":
            hole = next(iter(_sides(one)), "")
        if hole and hole not in result:
            result[hole] = Given(hole=hole, setting=one)
    if ("infrared" in result) != ("visible" in result):
        result.pop("infrared", None), result.pop("visible", None)
    return list(result.values())


def folders_of(split: str, places: Sequence[Setting]) -> dict[str, str] | None:
    """Return side -> folder of a split that a program names, None where it does not name both."""
    found: dict[str, str] = {}
    for one in places:
        value = str(one.value).replace("\\", "/").removeprefix("./").rstrip("/")
        is_inside = not value.startswith(("/", "..")) and ":" not in value
        if split in f"{one.name} {value}".lower() and is_inside and "*" not in value:
            for side in _sides(one):
                found.setdefault(side, value)
    return found if len(found) == len(_SIDES) and len(set(found.values())) == len(_SIDES) else None


def _sides(one: Setting) -> list[str]:
    """Return the side of a pair that a setting is of, by its name, else by its value."""
    by_name = [side for side, word in _SIDES.items() if word.search(one.name)]
    by_value = [side for side, word in _SIDES.items() if word.search(str(one.value))]
    found = by_name or by_value
    return found if len(found) == 1 else []


def suffix(script: Script) -> str:
    """Return the ending of the images that a script writes; .png where it does not say."""
    counts = {".png": 0, ".jpg": 0, ".bmp": 0, ".tif": 0}
    for node in ast.walk(script.reached[script.path].tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for ending in counts:
                counts[ending] += node.value.lower().endswith(ending)
    best = max(counts, key=lambda one: counts[one])
    return best if counts[best] else ".png"


def _calls(file: Python, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name:
            yield node


def _values(found: Sequence[Setting]) -> dict[str, str]:
    """Return name -> text of settings that are texts, each only where it has one value."""
    every: dict[str, set[str]] = {}
    for one in found:
        if isinstance(one.value, str):
            every.setdefault(one.name.rpartition(".")[2], set()).add(one.value)
    return {name: next(iter(some)) for name, some in every.items() if len(some) == 1}


def _useful(patterns: Sequence[str]) -> list[str]:
    found: list[str] = []
    for one in patterns:
        is_inside = not one.startswith(("/", "..")) and ":" not in one
        if is_inside and re.search(r"[A-Za-z]", one.replace("*", "")) and one not in found:
            found.append(one)
    return found
