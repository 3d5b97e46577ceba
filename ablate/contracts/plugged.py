"""Which members a user's plug-ins have registered, and every contract that one of them breaks."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate import plugins
from ablate.contracts import data, executors, figures, losses, metrics, networks, tasks
from ablate.contracts.trying import MissingError
from ablate.data.contract import DATASETS
from ablate.errors import AblateError, one_line
from ablate.execution.protocol import EXECUTORS
from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses.catalogue.contract import CATALOGUE
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.regions import REGIONS
from ablate.losses.selection import SELECTIONS
from ablate.losses.terms.contract import TERMS
from ablate.metrics.contract import METRICS
from ablate.models.contract import MODELS
from ablate.registry import Registry
from ablate.report.figures import FIGURES
from ablate.training.tasks import TASKS

Settings = Mapping[str, Any]
Check = Callable[[str, Settings], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member that a plug-in registered: what it is, and where it stands."""

    kind: str
    name: str
    place: str  # "plugins/my.py:12"

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of checking one member: `broken` is empty where its contract holds."""

    member: Member
    broken: tuple[str, ...] = ()
    unchecked: str = ""  # why the contract could not be tried, where it could not

    def lines(self) -> list[str]:
        """A line per broken contract: where, what, how to fix it."""
        return [f"{self.member}: {text}" for text in self.broken]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlugPoint:
    registry: Registry[Any]
    check: Check
    section: str = ""  # of a study's base: its settings of that name are those tried


def _loss(setting: str) -> Check:
    return lambda name, settings: losses.faults(setting, name)


PLUG_POINTS: tuple[_PlugPoint, ...] = (
    _PlugPoint(registry=METRICS, check=lambda name, _: metrics.faults(name)),
    _PlugPoint(registry=OPERATORS, check=_loss("operator")),
    _PlugPoint(registry=LAPLACIANS, check=_loss("operator")),
    _PlugPoint(registry=COMPONENTS, check=_loss("components")),
    _PlugPoint(registry=SELECTIONS, check=_loss("selection")),
    _PlugPoint(registry=PENALTIES, check=_loss("penalty")),
    _PlugPoint(registry=RESAMPLERS, check=_loss("resampler")),
    _PlugPoint(registry=TERMS, check=_loss("terms")),
    _PlugPoint(registry=REGIONS, check=_loss("region")),
    _PlugPoint(registry=CATALOGUE, check=_loss("preset")),
    _PlugPoint(registry=MODELS, check=networks.faults, section="model"),
    _PlugPoint(registry=DATASETS, check=data.faults, section="data"),
    _PlugPoint(registry=TASKS, check=tasks.faults, section="task"),
    _PlugPoint(registry=FIGURES, check=lambda name, _: figures.faults(name)),
    _PlugPoint(registry=EXECUTORS, check=lambda name, _: executors.faults(name)),
)


def examine(bases: Sequence[Settings] = ()) -> tuple[Finding, ...]:
    """Check each plug-in member of the current folder against its contract.

    Args:
        bases: Base settings of the folder's studies: a network, data set or task is tried with the
            first that names it, else with its own defaults.

    Raises:
        ConfigError: A plug-in cannot be imported.
    """
    plugins.load()
    return tuple(
        _finding(point, name, member, bases)
        for point in PLUG_POINTS
        for name, member in point.registry.registered()
        if str(getattr(member, "__module__", "")).startswith(f"{plugins.PACKAGE}.")
    )


def _finding(point: _PlugPoint, name: str, member: Any, bases: Sequence[Settings]) -> Finding:
    file = Path(inspect.getsourcefile(member) or "")
    known = Member(
        kind=point.registry.kind,
        name=name,
        place=f"{plugins.FOLDER}/{file.name}:{inspect.getsourcelines(member)[1]}",
    )
    parts = [base.get(point.section) for base in bases]
    settings = [part for part in parts if isinstance(part, Mapping) and part.get("name") == name]
    broken: list[str] = []
    try:
        for text in point.check(name, settings[0] if settings else {"name": name}):
            broken.append(text)
    except MissingError as missing:
        return Finding(member=known, broken=tuple(broken), unchecked=str(missing))
    except Exception as error:  # whatever a user's member raises
        at = plugins.line_of(error, file)
        said = str(error) if isinstance(error, AblateError) else f"{type(error).__name__}: {error}"
        where = f" in line {at}" if at else ""
        broken.append(f"stopped its check{where}: {one_line(said, longest=300)}; fix that line")
    return Finding(member=known, broken=tuple(broken))
