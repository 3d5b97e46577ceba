"""The section `task` of a study that runs the commands of a repository: `task: {name: command}`.

It says where their code takes values, where it looks for data, and what it leaves behind. Texts in
words of a command, in places and in values may hold `{out}`, `{infrared}`, `{visible}`,
`{checkpoint}`, `{split}`, `{seed}` and the names of settings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Self, get_args

from ablate.errors import ConfigError, nearest, one_line
from ablate.numbers import is_number, is_whole

COMMAND: Final = "command"  # the name of the task
PLANT: Final = "plant"
AS_IS: Final = "as_is"  # the variant that is their code, unchanged
OF_STUDY: Final = "train."  # settings of a study itself begin so, such as train.learning_rate
NO_IDENTITY: Final = ("repo", "python", "limit_s", "smoke", "files")
Kind = Literal["constant", "flag", "file", "hydra", "env"]
SourceKind = Literal["json", "jsonl", "stdout", "tensorboard"]
WITH_KEY: Final = ("constant", "file")  # kinds whose place is FILE:KEY
SUFFIXES: Final = (".yaml", ".yml", ".json", ".ini", ".cfg", ".toml")
LONGEST_S: Final = 7 * 24 * 3600.0
_SIDES: Final = {"infrared": "ir", "visible": "vi"}  # folders of a split that is one folder
_LINE: Final = "{infrared} {visible}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value goes.

    Args:
        kind: constant: an assignment in a Python file; flag: a word of the command line before the
            value; file: a key of a YAML, JSON, INI or TOML file; hydra: KEY=VALUE on the command
            line; env: a variable of the environment.
        at: FILE:NAME for constant and file, else the flag, the key or the variable.
        stage: The one command of `run` that has the flag, from 1; None: all of them.
    """

    kind: Kind
    at: str
    stage: int | None = None

    @property
    def file(self) -> str:
        """The file of a constant or a key."""
        return self.at.rpartition(":")[0]

    @property
    def key(self) -> str:
        """The name of the constant, or the dotted key."""
        return self.at.rpartition(":")[2]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlace:
    """Where their code looks for the pairs of a split, in its own folder.

    Args:
        infrared: Folder of links to infrared images, each under its name.
        visible: The same of visible ones.
        list: A text file with a line per pair; "" for none.
        line: That line; `{infrared}`, `{visible}` and `{name}` are replaced.
    """

    infrared: str
    visible: str
    list: str = ""
    line: str = _LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """How fused images come about: commands for one split, and where they write its images."""

    commands: tuple[tuple[str, ...], ...]
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where numbers of theirs are read: a file, a folder of event files, or lines of the output."""

    kind: SourceKind
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What they save (a path or a pattern), and the words with which they go on from it."""

    save: str
    resume: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Code as a value of a factor: a patch (a file of the project), or a commit of theirs."""

    patch: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """The section, checked.

    Args:
        repo: Their folder, under git or not.
        run: The commands of a training, one after the other; each a list of words.
        images: How fused images of a split come about.
        data: Split -> where they look for it; test: the split that is being fused.
        settings: Name -> place. A name such as train.learning_rate is that setting of the study.
        values: Name -> value where nothing varies it; without one theirs stays.
        seed: Where the seed goes beside the usual generators; None: nowhere.
        metrics: Where their own numbers are read.
        checkpoint: What they save; None: nothing that is needed.
        variants: Name -> code.
        variant: The one that is used.
        python: The interpreter that `python` in a command means; "": the one of ablate.
        files: Paths that git does not know and that every run needs; linked.
        limit_s: Longest time of a command.
        smoke: Name -> value for `ablate check`, to make a training short.
    """

    repo: str
    run: tuple[tuple[str, ...], ...]
    images: Images
    data: Mapping[str, DataPlace] = field(default_factory=dict)
    settings: Mapping[str, Place] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    seed: Place | None = None
    metrics: tuple[Source, ...] = ()
    checkpoint: Checkpoint | None = None
    variants: Mapping[str, Variant] = field(default_factory=dict)
    variant: str = AS_IS
    python: str = ""
    files: tuple[str, ...] = ()
    limit_s: float = LONGEST_S
    smoke: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Return the typed section.

        Raises:
            ConfigError: All that is wrong with it, one line each.
        """
        reader = _Reader(section)
        found = reader.read()
        if reader.faults:
            raise ConfigError(*reader.faults)
        return cls(**found)

    def planted(self, train: Mapping[str, Any]) -> dict[str, Any]:
        """Return setting -> value of a run, of those that the study gives one.

        Args:
            train: The section of that name.
        """
        found = {}
        for name in self.settings:
            if name.startswith(OF_STUDY):
                found[name] = train[name.removeprefix(OF_STUDY)]
            elif name in self.values:
                found[name] = self.values[name]
        return found


SECTION: Final = tuple(
    "gives" if one.name == "images" else one.name
    for one in fields(CommandSettings)
    if one.name not in ("metrics", "checkpoint")
)  # the keys of the section


class _Reader:
    """Reads a section and notes every error."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        self.section = {key: value for key, value in section.items() if key != "name"}
        self.faults: list[str] = []

    def read(self) -> dict[str, Any]:
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
        self.faults.append(f"task.{at}: {text}")

    def place(self, at: str, raw: Any) -> Place | None:
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


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return dotted name -> value of mappings in mappings.

    Example:
        >>> flat({"lr": 1, "loss": {"alpha": 2}})
        {'lr': 1, 'loss.alpha': 2}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _word(word: Any) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def _short(value: Any) -> str:
    return one_line(repr(value), longest=60)
