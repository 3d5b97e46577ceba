"""A study file as a whole: its sections, and those that do not touch the design.

Where a study runs, where it is stored and what its results are compared with stand here.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from ablate.config.defaults import groups
from ablate.config.dimensions import AnyDimension, ConstraintEntry
from ablate.config.entries import (
    Count,
    Entry,
    Name,
    Parts,
    Problem,
    Said,
    Text,
    read,
)
from ablate.config.errors import short
from ablate.config.phases import AnyPhase
from ablate.config.questions import AnyQuestion, FactorEntry
from ablate.config.schema import KEPT, Reference
from ablate.config.settings import Context, settings_of_executor
from ablate.errors import nearest
from ablate.numbers import is_whole
from ablate.settings.executor import AUTO, DEFAULT

MEASURED: Final = "local"  # takes as many runs as memory holds
REFERENCE = re.compile(r"\w[\w .+-]{0,39}")


class StoreEntry(Entry):
    """Addresses instead of the databases inside the store."""

    what: ClassVar[str] = "store"
    optuna: Text | None = Field(default=None, description="Such as postgresql+psycopg://...")
    mlflow: Text | None = Field(default=None, description="A tracking server or a database.")


class KeepEntry(Entry):
    """What is kept of the trainings of a search."""

    what: ClassVar[str] = "setting of what is kept"
    best: Count = Field(
        default=KEPT,
        description="Trials of each search or exploration whose weights are kept: those that are "
        "best on val so far, 3 by default; 0 keeps none.",
    )


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
    keep: KeepEntry = Field(
        default_factory=KeepEntry, description="best: how many trials of a search keep weights."
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
    questions: dict[Name, AnyQuestion] | None = Field(None, description="Name -> question.")
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
    executor: Text | dict[str, Any] | None = Field(
        None, description="name, slots and the settings of the executor; processes by default."
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
    """Return the executor with its name and slots; its errors are added, null is left out.

    Settings of a plug-in's executor that registers no settings class are checked by their names
    only, which "executor.<name>" gives.
    """
    errors = parts.errors
    given = errors.mapping("executor", raw)
    given = {key: value for key, value in given.items() if value is not None}
    name, known = given.get("name", DEFAULT), parts.known["executors"]
    if not isinstance(name, str) or name not in known:
        near = nearest(str(name), known)
        errors.add("executor.name", f"no executor is called {short(name)}; {near}")
        return {**given, "name": name, "slots": 1}
    settings = settings_of_executor(name)
    named = parts.known.get(f"executor.{name}", ())
    is_open = f"executor.{name}" not in parts.known and name not in groups("executor")
    for key in [key for key in given if key != "name"]:
        if key in settings:
            text = _slots_error(name, given[key]) if key == "slots" else None
            text = text or settings[key].fault(given[key], parts.known)
        else:
            near = nearest(str(key), {"name", *settings, *named})
            text = None if is_open or key in named else f"no such setting of {name}; {near}"
        if text:
            errors.add(f"executor.{key}", text)
    slots = given.get("slots", 1)
    if slots == AUTO:
        has_mask = hasattr(os, "sched_getaffinity")
        slots = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return {**given, "name": name, "slots": slots}


def _slots_error(name: str, slots: Any) -> str | None:
    """Return why an executor cannot have a number of slots that others can."""
    if slots == AUTO and not settings_of_executor(name)["slots"].choices:
        return f"auto goes with executor={MEASURED}; write a number"
    if name == "inline" and is_whole(slots) and slots > 1:
        return (
            f"inline makes one run at a time, got {slots}; leave it out, or use another executor "
            f"such as {MEASURED}"
        )
    return None


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
