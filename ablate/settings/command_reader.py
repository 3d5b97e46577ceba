"""Reads the section `task` of a study that runs commands, and notes every error in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final, get_args

from ablate.errors import nearest, one_line
from ablate.numbers import is_number, is_whole
from ablate.settings.command import (
    AS_IS,
    LONGEST_S,
    OF_STUDY,
    PLANT,
    SECTION,
    SUFFIXES,
    WITH_KEY,
    Checkpoint,
    DataPlace,
    Images,
    Kind,
    Place,
    Source,
    SourceKind,
    Variant,
    flat,
)

_SIDES: Final = {"infrared": "ir", "visible": "vi"}  # folders of a split that is one folder


class Reader:
    """Reads a section.

    Args:
        section: As it stands in the study.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self.section = {key: value for key, value in section.items() if key != "name"}
        self.faults: list[str] = []

    def read(self) -> dict[str, Any]:
        """Return the fields of `CommandSettings`; `faults` has every error."""
        section = self.section
        self._known("", section, SECTION)
        gives = self._mapping("gives")
        self._known("gives.", gives, ("images", "metrics", "checkpoint"))
        settings = {
            name: place
            for name, raw in self._mapping("settings").items()
            if (place := self.place(f"settings.{name}", raw)) is not None
        }
        found = {
            "repo": self._text("repo", section.get("repo"), needed=True),
            "run": self._commands("run", section.get("run")),
            "images": self._images(gives.get("images")),
            "data": self._data(),
            "settings": settings,
            "values": flat(self._mapping("values")),
            "edits": self._edits(),
            "seed": self._seed(section.get("seed", PLANT)),
            "metrics": self._sources(gives.get("metrics")),
            "checkpoint": self._checkpoint(gives.get("checkpoint")),
            "variants": self._variants(),
            "variant": section.get("variant", AS_IS),
            "python": self._text("python", section.get("python", "")),
            "files": self._words("files", section.get("files", [])),
            "limit_s": section.get("limit_s", LONGEST_S),
            "smoke": flat(self._mapping("smoke")),
        }
        self._check_together(found)
        return found

    def _check_together(self, found: Mapping[str, Any]) -> None:
        if not is_number(found["limit_s"]) or found["limit_s"] <= 0:
            self.add("limit_s", f"must be seconds above 0, got {_short(found['limit_s'])}")
        names = [name for name in found["settings"] if not name.startswith(OF_STUDY)]
        for part in ("values", "smoke"):
            for name in found[part]:
                if name not in found["settings"]:
                    text = f"no such setting; {nearest(name, names)}; name it in task.settings"
                    self.add(f"{part}.{name}", text)
        for name in found["values"]:
            if name.startswith(OF_STUDY):
                self.add(f"values.{name}", f"is a setting of the study; set it as {name}")
        variant = found["variant"]
        if variant != AS_IS and variant not in found["variants"]:
            text = f"no variant is called {_short(variant)}; "
            self.add("variant", text + nearest(str(variant), [AS_IS, *found["variants"]]))
        stages = len(found["run"])
        for name, place in found["settings"].items():
            if place.stage is not None and place.stage > stages:
                self.add(f"settings.{name}.stage", f"run has {stages} commands, got {place.stage}")

    def add(self, at: str, text: str) -> None:
        """Note an error of a key."""
        self.faults.append(f"task.{at}: {text}")

    def place(self, at: str, raw: Any) -> Place | None:
        """Return the place that a value names; None, and an error, where it is none."""
        kinds = get_args(Kind)
        example = 'write {constant: "train.py:lr"}, {flag: --lr}, {file: "config.yaml:lr"}, '
        example += "{hydra: lr} or {env: LR}"
        if not isinstance(raw, Mapping) or len(raw.keys() - {"stage"}) != 1:
            self.add(at, f"must say one place, got {_short(raw)}; {example}")
            return None
        kind, where = next((key, value) for key, value in raw.items() if key != "stage")
        stage = raw.get("stage")
        if kind not in kinds or not isinstance(where, str) or not where.strip():
            self.add(at, f"{_short(kind)}: no such place; {nearest(str(kind), kinds)}")
            return None
        if stage is not None and not (is_whole(stage) and stage >= 1):
            self.add(at, f"stage must be the number of a command, from 1, got {_short(stage)}")
            return None
        file, colon, key = where.rpartition(":")
        if kind in WITH_KEY and not (colon and file and key):
            self.add(at, f'must be FILE:NAME such as "train.py:lr", got {_short(where)}')
            return None
        if kind in WITH_KEY and not self._inside(at, file):
            return None
        if kind == "file" and PurePosixPath(file).suffix not in SUFFIXES:
            self.add(at, f"{file}: must be one of {', '.join(SUFFIXES)}; use another kind of place")
            return None
        return Place(kind=kind, at=where, stage=stage)

    def _edits(self) -> dict[Place, Any]:
        """Return place -> value of `FILE:KEY: VALUE`, or of `FILE: {KEY: VALUE}`."""
        found: dict[Place, Any] = {}
        every: dict[str, Any] = {}
        for where, value in self._mapping("edits").items():
            inner = value.items() if isinstance(value, Mapping) else [("", value)]
            every |= {f"{where}:{key}" if key else where: one for key, one in inner}
        for where, value in every.items():
            kind = "code" if PurePosixPath(where.rpartition(":")[0]).suffix == ".py" else "file"
            if (place := self.place(f"edits.{where}", {kind: where})) is not None:
                found[place] = value
        return found

    def _seed(self, raw: Any) -> Place | None:
        if raw == PLANT:
            return None
        return self.place("seed", raw)

    def _images(self, raw: Any) -> Images | None:
        example = (
            'gives: {images: {command: [python, test.py, --out, "{out}"], from: "{out}/*.png"}}'
        )
        if not isinstance(raw, Mapping) or not {"command", "from"} <= raw.keys():
            self.add("gives.images", f"must say command and from; write {example}")
            return None
        self._known("gives.images.", raw, ("command", "from"))
        pattern = self._text("gives.images.from", raw["from"], needed=True)
        if pattern and not pattern.startswith("{out}"):
            self._inside("gives.images.from", pattern)
        return Images(
            commands=self._commands("gives.images.command", raw["command"]), pattern=pattern
        )

    def _data(self) -> dict[str, DataPlace]:
        raw = self._mapping("data")
        self._known("data.", raw, ("train", "val", "test"))
        found = {}
        for split, said in raw.items():
            at = f"data.{split}"
            one = {side: f"{said}/{folder}" for side, folder in _SIDES.items()}
            one = one if isinstance(said, str) else said
            if not isinstance(one, Mapping):
                self.add(at, f"must be a folder, or infrared and visible, got {_short(one)}")
                continue
            self._known(f"{at}.", one, ("infrared", "visible", "list", "line"))
            if not {"infrared", "visible"} <= one.keys():
                self.add(at, "must say both infrared and visible")
                continue
            texts = {key: self._text(f"{at}.{key}", value) for key, value in one.items()}
            if all(self._inside(at, texts[key]) for key in texts if key != "line"):
                found[split] = DataPlace(**texts)
        return found

    def _sources(self, raw: Any) -> tuple[Source, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, Mapping):
            self.add("gives.metrics", f"must be such as {{json: metrics.json}}, got {_short(raw)}")
            return ()
        self._known("gives.metrics.", raw, get_args(SourceKind))
        found = []
        for kind, value in raw.items():
            at = f"gives.metrics.{kind}"
            text = self._text(at, value, needed=True)
            if kind == "stdout":
                self._check_pattern(at, text)
            elif not self._inside(at, text):
                continue
            found.append(Source(kind=kind, at=text))
        return tuple(found)

    def _check_pattern(self, at: str, text: str) -> None:
        try:
            names = re.compile(text).groupindex.keys() - {"step", "epoch"}
        except re.error as error:
            self.add(at, f"is not a regular expression: {error}")
            return
        if not names:
            self.add(at, r"has no named group; write one such as 'loss: (?P<loss>\S+)'")

    def _checkpoint(self, raw: Any) -> Checkpoint | None:
        if raw is None:
            return None
        if not isinstance(raw, Mapping) or "save" not in raw:
            self.add("gives.checkpoint", "must say what is saved, such as {save: models/last.pth}")
            return None
        self._known("gives.checkpoint.", raw, ("save", "resume"))
        save = self._text("gives.checkpoint.save", raw["save"], needed=True)
        self._inside("gives.checkpoint.save", save)
        resume = self._words("gives.checkpoint.resume", raw.get("resume", []))
        return Checkpoint(save=save, resume=resume)

    def _variants(self) -> dict[str, Variant]:
        found = {}
        for name, raw in self._mapping("variants").items():
            at = f"variants.{name}"
            if not isinstance(raw, Mapping) or len(raw) != 1 or raw.keys() - {"patch", "ref"}:
                self.add(at, f"must be {{patch: FILE}} or {{ref: COMMIT}}, got {_short(raw)}")
            elif name == AS_IS:
                self.add(at, "is the name of their code as it is; choose another one")
            else:
                key, value = next(iter(raw.items()))
                text = self._text(f"{at}.{key}", value, needed=True)
                if key == "ref" and text.startswith("-"):
                    self.add(at, f"{_short(text)} is not a commit, tag or branch")
                found[name] = Variant(**{key: text})
        return found

    def _commands(self, at: str, raw: Any) -> tuple[tuple[str, ...], ...]:
        if (
            isinstance(raw, list | tuple)
            and raw
            and all(isinstance(one, list | tuple) for one in raw)
        ):
            return tuple(self._words(at, one, needed=True) for one in raw)
        return (self._words(at, raw, needed=True),)

    def _words(self, at: str, raw: Any, *, needed: bool = False) -> tuple[str, ...]:
        if isinstance(raw, str):
            self.add(at, f"must be a list of words such as [python, train.py], got {_short(raw)}")
        elif not isinstance(raw, list | tuple) or (needed and not raw):
            self.add(at, "must be a list of words such as [python, train.py]; set it")
        elif any(isinstance(word, Mapping | list | tuple) or word is None for word in raw):
            self.add(at, f"a word of {_short(raw)} is not a text; put it in quotes")
        else:
            return tuple(_word(word) for word in raw)
        return ()

    def _text(self, at: str, raw: Any, *, needed: bool = False) -> str:
        if not isinstance(raw, str) or (needed and not raw.strip()):
            self.add(
                at,
                "must be a text; set it" if raw is None else f"must be a text, got {_short(raw)}",
            )
            return ""
        return raw

    def _inside(self, at: str, path: str) -> bool:
        """Return whether a path stays in the folder of their code; enter an error else."""
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            self.add(at, f"{path}: must be a path inside the repository")
            return False
        return True

    def _mapping(self, key: str) -> Mapping[str, Any]:
        raw = self.section.get(key)
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            self.add(key, f"must be a mapping, got {_short(raw)}")
            return {}
        return raw

    def _known(self, at: str, raw: Mapping[str, Any], names: Sequence[str]) -> None:
        for key in raw:
            if key not in names:
                self.add(f"{at}{key}", f"no such setting; {nearest(str(key), names)}")


def _word(word: Any) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def _short(value: Any) -> str:
    return one_line(repr(value), longest=60)
