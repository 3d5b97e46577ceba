"""The section `task` of a study that runs the commands of a repository: `task: {name: command}`.

It says where their code takes values, where it looks for data, and what it leaves behind. Texts in
words of a command, in places and in values may hold `{out}`, `{infrared}`, `{visible}`,
`{checkpoint}`, `{split}`, `{seed}` and the names of settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, Self

from ablate.numbers import is_whole

COMMAND: Final = "command"  # the name of the task
PLANT: Final = "plant"
AS_IS: Final = "as_is"  # the variant that is their code, unchanged
OF_STUDY: Final = "train."  # settings of a study itself begin so, such as train.learning_rate
NO_IDENTITY: Final = ("repo", "python", "limit_s", "smoke", "files")
Kind = Literal["constant", "code", "flag", "file", "hydra", "env"]
SourceKind = Literal["json", "jsonl", "stdout", "tensorboard"]
WITH_KEY: Final = ("constant", "code", "file")  # kinds whose place is FILE:KEY
SUFFIXES: Final = (".yaml", ".yml", ".json", ".ini", ".cfg", ".toml")
LONGEST_S: Final = 7 * 24 * 3600.0
LINE: Final = "{infrared} {visible}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value goes.

    Args:
        kind: constant: a value in a Python file; code: the same place, its value being an
            expression of Python; flag: a word of the command line before the value; file: a key of
            a YAML, JSON, INI or TOML file; hydra: KEY=VALUE on the command line; env: a variable of
            the environment.
        at: FILE:NAME for constant, code and file, else the flag, the key or the variable.
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
    line: str = LINE


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
        edits: Place in a file -> what stands there in every run, of kind code or file.
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
    edits: Mapping[Place, Any] = field(default_factory=dict)
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
        from ablate.errors import ConfigError
        from ablate.settings.command_reader import Reader

        reader = Reader(section)
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


def length_of(section: Mapping[str, Any]) -> tuple[str, int, int] | None:
    """Return the setting that says how long a training is, its value in `smoke`, and its own.

    It is the one whole number of `smoke`; None where there is none, or several.

    Example:
        >>> length_of({"values": {"epochs": 120, "lr": 0.1}, "smoke": {"epochs": 1}})
        ('epochs', 1, 120)
    """
    values, smoke = (flat(section.get(part) or {}) for part in ("values", "smoke"))
    found = [
        (name, short, values[name])
        for name, short in smoke.items()
        if is_whole(short) and is_whole(values.get(name)) and 0 < short <= values[name]
    ]
    return found[0] if len(found) == 1 else None
