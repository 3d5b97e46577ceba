"""A study file as a whole: its sections, and those that do not touch the design.

Where a study runs, where it is stored and what its results are compared with stand here.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from ablate.config.dimensions import AnyDimension, ConstraintEntry
from ablate.config.entries import (
    AboveZero,
    Count,
    Entry,
    Name,
    Parts,
    Positive,
    Problem,
    Said,
    Text,
    read,
)
from ablate.config.errors import short
from ablate.config.phases import AnyPhase
from ablate.config.questions import FactorEntry, InteractionEntry, QuestionEntry
from ablate.config.schema import Reference
from ablate.config.settings import Context
from ablate.errors import nearest

DEFAULT_EXECUTOR: Final = "processes"
MEASURED, AUTO = "local", "auto"  # at most a run per core, and as many as memory holds
REFERENCE = re.compile(r"\w[\w .+-]{0,39}")

Share = Annotated[float, Field(ge=0), Said("a number from 0")]  # below 1: a part of a device


class ExecutorEntry(Entry):
    """Where runs are trained."""

    name: Text | None = Field(None, description="processes by default.")
    slots: Annotated[Positive | Literal["auto"], Said("a whole number of at least 1")] | None = (
        Field(None, description="How many runs at a time; local takes auto too: one per core.")
    )

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Name the executor whose setting is not known."""
        del value, at
        names = [name for name, model in EXECUTORS.items() if model is cls]
        return f"no such setting of {' and '.join(names)}; {nearest(key, cls.model_fields)}"

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        if self.slots == AUTO and self.name != MEASURED:
            yield "slots", f"auto goes with executor={MEASURED}; write a number"
        if self.name == "inline" and isinstance(self.slots, int) and self.slots > 1:
            yield (
                "slots",
                f"inline makes one run at a time, got {self.slots}; leave it out, or use another "
                f"executor such as {MEASURED}",
            )


class _LeasedEntry(ExecutorEntry):
    lease_s: AboveZero | None = Field(
        None, description="Seconds without a heartbeat after which a worker counts as dead."
    )


class PlugInExecutorEntry(ExecutorEntry):
    """An executor of a plug-in, with its own settings."""

    model_config = ConfigDict(extra="allow")


class InlineEntry(ExecutorEntry):
    """In this process, one run after the other."""


class ProcessesEntry(_LeasedEntry):
    """Worker processes of this machine."""


class LocalEntry(_LeasedEntry):
    """Worker processes on every device of this machine, as many as their memory holds."""


class RayEntry(_LeasedEntry):
    """Workers in a Ray cluster."""

    address: Text | None = Field(None, description="Of the cluster.")
    host: Text | None = Field(None, description="By which workers reach this machine.")
    cpus: AboveZero | None = Field(None, description="Of a worker.")
    gpus: Share | None = Field(None, description="Of a worker; below 1 a part of a device.")
    memory_mib: Positive | None = Field(None, description="Of a worker.")


class SlurmEntry(_LeasedEntry):
    """Workers as jobs of a Slurm cluster."""

    host: Text | None = Field(None, description="By which workers reach this machine.")
    cpus: Positive | None = Field(None, description="Of a job.")
    gpus: Positive | None = Field(None, description="Of a job.")
    memory_mib: Positive | None = Field(None, description="Of a job.")
    minutes: Positive | None = Field(None, description="Longest time of a job.")
    partition: Text | None = Field(None, description="Of the cluster.")
    account: Text | None = Field(None, description="That pays.")
    cluster: Text | None = Field(None, description="Where there are several.")
    logs: Text | None = Field(None, description="Folder of the logs of the jobs.")


AnyExecutor = (
    InlineEntry | ProcessesEntry | LocalEntry | RayEntry | SlurmEntry | PlugInExecutorEntry
)
EXECUTORS: Final[Mapping[str, type[ExecutorEntry]]] = {
    "inline": InlineEntry,
    DEFAULT_EXECUTOR: ProcessesEntry,
    MEASURED: LocalEntry,
    "ray": RayEntry,
    "slurm": SlurmEntry,
}


class StoreEntry(Entry):
    """Addresses instead of the databases inside the store."""

    what: ClassVar[str] = "store"
    optuna: Text | None = Field(default=None, description="Such as postgresql+psycopg://...")
    mlflow: Text | None = Field(default=None, description="A tracking server or a database.")


class ReferenceEntry(Entry):
    """Weights of a packaged network; nothing is trained."""

    what: ClassVar[str] = "setting of a reference"
    weights: Text = Field(description="A safetensors file that fits the network.")
    model: dict[str, Any] = Field(
        description="Name of the network and its settings, by default its own.",
        json_schema_extra={
            "needed": "must name the network of the weights such as {name: seafusion}"
        },
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        if not self.has("model"):
            return
        name = self.model.get("name")
        if not isinstance(name, str):
            text = "must name the network of the weights such as {name: seafusion}"
            yield "model", f"{text}, got {short(self.model)}"
            return
        own = Context(parts.errors, {"model": self.model}, parts.known)
        for key, value in self.model.items():
            if problem := own.setting_fault(f"model.{key}", value):
                yield f"model.{key}", problem
        if name == "probe":
            yield "model.name", "the probe has no weights; name a network"


class HeadEntry(Entry):
    """The sections of a study that stand by themselves."""

    title: Text | None = Field(
        None, description="What the report is headed with; by default the name."
    )
    objective: (
        Annotated[
            Text | Annotated[list[Text], Field(min_length=1)],
            Said("a text such as val/qabf, or a list of such"),
        ]
        | None
    ) = Field(
        None,
        description="val/METRIC that picks winners, decides at rungs and is reported to "
        "samplers; a list for a search for trade-offs. val/qabf by default.",
    )
    seed: Count | None = Field(None, description="From which every other seed is derived.")
    store: StoreEntry = Field(
        default_factory=StoreEntry,
        description="optuna and mlflow: addresses instead of the databases inside the store.",
    )


class SpaceEntry(Entry):
    """A search space: dimensions, and constraints between them."""

    what: ClassVar[str] = "setting of a space"
    title: Text | None = Field(None, description="In a few words.")
    dimensions: dict[Name, AnyDimension] | None = Field(None, description="Name -> dimension.")
    constraints: dict[str, ConstraintEntry] | None = Field(
        None, description="Name, by which the report counts what it refused -> constraint."
    )


class StudyEntry(HeadEntry):
    """A study: its questions, what is varied for them, and how it is run."""

    what: ClassVar[str] = "section"
    questions: dict[Name, QuestionEntry | InteractionEntry] | None = Field(
        None, description="Name -> question."
    )
    space: SpaceEntry | None = Field(
        None,
        description="dimensions and constraints, mostly from the search spaces that defaults name.",
    )
    factors: dict[Name, FactorEntry] | None = Field(
        None, description="Name -> the values of a dimension that are compared."
    )
    nuisance: dict[Name, Literal["fixed"] | AnyDimension | None] | None = Field(
        None,
        description="Name -> range of what is tuned anew in every block: {low: 1e-4, high: 1e-2}, "
        "or fixed. Learning rate and gradient weight are always there, one decade either side.",
    )
    phases: dict[Name, AnyPhase] = Field(
        description="Name -> phase, in the order in which they run."
    )
    base: dict[str, Any] | None = Field(
        None, description="The settings of every run, where nothing varies them."
    )
    executor: Text | AnyExecutor | None = Field(
        None, description="name, slots and the settings of the executor."
    )
    references: (
        dict[Annotated[str, Field(pattern=f"^{REFERENCE.pattern}$")], Text | ReferenceEntry] | None
    ) = Field(
        None,
        description="Name -> folder of fused images, or {weights: FILE, model: {name: NETWORK}}: "
        "rows in every table, scored on the test pairs by the study's own protocol. They and their "
        "paths are not part of the design; a content hash is published. Studies of the probe leave "
        "them out.",
    )


def read_executor(parts: Parts, raw: Any) -> dict[str, Any]:
    """Return the executor with its name and slots; its errors are added.

    Settings of a plug-in's executor are checked by their names only, which "executor.<name>" gives.
    """
    executor = parts.errors.mapping("executor", raw)
    name = DEFAULT_EXECUTOR if executor.get("name") is None else executor["name"]
    known = parts.known["executors"]
    if not isinstance(name, str) or name not in known:
        text = f"no executor is called {short(name)}; {nearest(str(name), known)}"
        parts.errors.add("executor.name", text)
        return {**executor, "name": name, "slots": 1}
    model = EXECUTORS.get(name)
    own: Mapping[str, Any] = executor
    if model is None:
        allowed = parts.known.get(f"executor.{name}")
        own = {key: executor[key] for key in ("name", "slots") if key in executor}
        if allowed is not None:
            keys = ("name", "slots", *allowed)
            parts.errors.unknown_keys("executor", executor, keys, f"setting of {name}")
    entry = read(model or ExecutorEntry, own, "executor", parts)
    values = entry.model_dump(exclude_none=True)
    slots = values.get("slots", 1)
    if slots == AUTO and name == MEASURED:
        has_mask = hasattr(os, "sched_getaffinity")
        slots = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return {**executor, **values, "name": name, "slots": slots}


def read_references(parts: Parts, raw: Any) -> dict[str, Reference]:
    """Return name -> reference; whether files and folders are there is not looked at."""
    errors, found = parts.errors, dict[str, Reference]()
    for name, values in errors.mapping("references", raw).items():
        at = f"references.{name}"
        if not isinstance(name, str) or not REFERENCE.fullmatch(name):
            text = "cannot stand in a table; use at most 40 letters, digits, spaces and . _ + -"
            errors.add("references", f"{short(name)} {text}")
        elif isinstance(values, str) and values.strip():
            found[name] = Reference(folder=values)
        elif isinstance(values, Mapping):
            entry = read(ReferenceEntry, values, at, parts)
            if entry.has("weights", "model"):
                found[name] = Reference(weights=entry.weights, model=entry.model)
        else:
            example = "{weights: FILE.safetensors, model: {name: seafusion}}"
            text = f"must be a folder of images or {example}, got {short(values)}"
            errors.add(at, text)
    return found
