"""The contract of a task: its settings, its metrics, its data, and how one run of it is trained."""

import abc
import hashlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from ablate.errors import ConfigError, nearest
from ablate.identity import JsonValue
from ablate.metrics.catalogue import Direction, declare
from ablate.registry import Registry
from ablate.settings.command import COMMAND

if TYPE_CHECKING:  # a plan needs no torch
    from ablate.data.items import Examples
    from ablate.training.run import Run
    from ablate.training.scoring import Row

FUSION: Final = "fusion"  # the task of a study that names none
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_USUAL: Final = (None, "auto", "never")  # layouts and graphs
_IN_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric that the rows of a task may have.

    Args:
        label: What reports call it.
        better: Which side is better.
        range: The least and the largest value that it can have, both included.
        unit: Shown behind the label; "" for a bare number.
    """

    label: str
    better: Direction
    range: tuple[float, float] = (-float("inf"), float("inf"))
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a run hands back: rows per item, their means by "split/metric", and other facts."""

    rows: "tuple[Row, ...]"
    values: Mapping[str, float]
    facts: Mapping[str, JsonValue]


class Task(abc.ABC):
    """Something that can be trained and scored under settings.

    A task of one's own is a frozen dataclass: its fields are its settings, with types (int, float,
    bool, str or a Literal) and defaults; what cannot be is refused by `__post_init__` with a
    ConfigError. It declares `measures`, returns its data from `examples`, and trains in `fit`.
    """

    measures: ClassVar[Mapping[str, Measure]]
    items: ClassVar[str] = "items"  # what reports call several things that are scored
    copies: tuple[str, ...] = ()  # trivial baselines that are a source, unchanged

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the task with the settings of the section `task`.

        Raises:
            ConfigError: Unknown settings or values of a wrong type, all of them together.
        """
        given = {name: v for name, v in settings["task"].items() if name != "name"}
        known = typing.get_type_hints(cls.__init__)
        names = settings_of(cls)
        faults = [
            f"task.{name}: no such setting of {settings['task']['name']}; {nearest(name, names)}"
            for name in given
            if name not in names
        ]
        faults += [
            f"task.{name}: {text}"
            for name, value in given.items()
            if name in names and (text := _type_fault(known.get(name), value))
        ]
        if faults:
            raise ConfigError(*faults)
        try:
            return cls(**given)
        except TypeError as error:  # one without a default is missing
            raise ConfigError(f"task: {error}; set it") from None

    @abc.abstractmethod
    def examples(self) -> "Examples":
        """Return the data: names of train, val and test, and a manifest that tells versions apart.

        Called in the driver and in every run; keep what is slow to load (functools.cache).
        """

    @abc.abstractmethod
    def fit(self, run: "Run") -> Trained:
        """Train and score one run; `run.fit` does most of it."""

    def faults(self) -> list[str]:
        """Return why this combination of settings cannot be trained: it is then not tried."""
        return []

    def scope(self) -> str:
        """Describe the training for a report, beside its steps and batch size."""
        return type(self).__name__

    def budget(self, train: Mapping[str, Any]) -> str:
        """Describe for a report what one training costs, of its section `train`, epochs as steps.

        The arithmetic is named where it is not the usual one.
        """
        unusual = [train[k] for k in ("layout", "graph") if train.get(k) not in _USUAL]
        parts = [self.scope(), train["precision"], *unusual, train["device"]]
        return f"{train['steps']} steps, batch {train['batch_size']}, {', '.join(parts)}"

    def environment(self, run: Path | None = None) -> Mapping[str, str]:
        """Return what numbers depend on beside ablate, its libraries and the machine.

        Args:
            run: Folder of a run of a study that has begun; None: as it is now.
        """
        del run
        return {}

    def begin(self, study: Path) -> None:
        """Prepare the folder of a study whose runs are about to begin; also when they go on."""
        del study

    def protocol(self) -> tuple[str, str]:
        """Return name and hash of the rules that metrics are computed by: here the task's file."""
        file = inspect.getsourcefile(type(self))
        found = hashlib.sha256(Path(file).read_bytes() if file else b"").hexdigest()[:12]
        return f"those of the task {type(self).__name__}", found

    def kept_examples(self, folder: Path) -> "Examples":
        """Return the data for a run of a worker that may keep decoded files in a folder."""
        del folder
        return self.examples()

    def check_examples(self, examples: Any, arms: Iterable[Mapping[str, Any]]) -> None:
        """Raise DataError where the data cannot serve the settings of these arms."""
        del examples, arms

    def remarks(self, examples: Any) -> list[str]:
        """Return what whoever starts the study should know of its data, a line each."""
        del examples
        return []

    def trivial_baselines(self, examples: Any, *, seeds: Sequence[int]) -> "dict[str, list[Row]]":
        """Return test rows of what needs no training, by its name; they stand in every table.

        Args:
            examples: The data.
            seeds: Of the runs beside which they stand.
        """
        del examples, seeds
        return {}


class _Tasks(Registry[type[Task]]):
    def register(
        self, name: str, *, settings: type | None = None
    ) -> Callable[[type[Task]], type[Task]]:
        """Return a decorator that enters a task and declares its metrics.

        Raises:
            ConfigError: The name is taken or unusable, or a metric is not declared as it must be.
        """
        enter = super().register(name, settings=settings)

        def checked(task: type[Task]) -> type[Task]:
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"task {name!r}: its name must be lower-case letters, digits and _, at most 60"
                )
            if hasattr(task, "floors"):
                raise ConfigError(
                    f"task {name!r}: the method floors is called trivial_baselines now; rename it"
                )
            measures: Mapping[str, Measure] = getattr(task, "measures", {})
            if not measures and name not in (FUSION, COMMAND):
                raise ConfigError(f"task {name!r}: declares no measures; add measures = {{...}}")
            for metric, measure in measures.items():
                label = f"{measure.label} ({measure.unit})" if measure.unit else measure.label
                declare(metric, label=label, better=measure.better, of=f"task {name!r}")
            return enter(task)

        return checked


TASKS: Final[Registry[type[Task]]] = _Tasks("task", package="ablate.training.tasks")


def settings_of(task: type[Task]) -> tuple[str, ...]:
    """Return the names of a task's own settings."""
    parameters = inspect.signature(task).parameters.values()
    return tuple(p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD))


def _type_fault(wanted: Any, value: Any) -> str | None:
    """Return the error in the type of a value; None where it fits, or no type is given."""
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        faults = [_type_fault(one, value) for one in typing.get_args(wanted)]
        return faults[0] if all(faults) else None
    if typing.get_origin(wanted) is Literal:
        names = typing.get_args(wanted)
        return None if value in names else f"{value!r} is none of {', '.join(map(str, names))}"
    if wanted not in _IN_WORDS:
        return None
    right = (int, float) if wanted is float else wanted
    fits = isinstance(value, right) and (wanted is bool or not isinstance(value, bool))
    return None if fits else f"must be {_IN_WORDS[wanted]}, got {value!r}"
