"""What a checked study file is: frozen dataclasses, all defaults filled in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ablate.identity import JsonValue, digest

DimensionType = Literal["int", "float", "categorical", "bundle"]
Bundle = Mapping[str, Mapping[str, JsonValue]]  # choice -> dotted path -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One setting, or one bundle of settings, that may vary; ranges are closed at both ends."""

    name: str
    type: DimensionType
    path: str | None = None  # dotted path into the settings; None for a bundle
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: tuple[JsonValue, ...] | Bundle | None = None  # a mapping for a bundle
    baseline: Any = None
    label: str = ""
    when: str | None = None  # an expression; the dimension is absent where it is false


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A combination is tried only where `require` holds."""

    name: str
    require: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A dimension whose values are compared."""

    name: str
    values: tuple[Any, ...]
    baseline: Any
    ordered: bool = False  # a line plot and a trend contrast
    tied_to: str | None = None  # takes the value of the same index as that factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the study asks, about which factor, by which metrics."""

    id: str
    asks: str
    compare: str
    primary: tuple[str, ...]
    smallest_effect: Mapping[str, str | float] = field(default_factory=dict)  # "0.2%" or absolute
    expects: Literal["higher", "lower", "differs"] = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One stage of a study: a design, or a search."""

    name: str
    design: str
    seeds: int = 1
    trials: int | None = None  # only of a search
    sampler: str | None = None
    pruner: str | None = None
    rungs: tuple[int, ...] = ()
    preset: str | None = None
    options: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Dimensions and the constraints between them."""

    title: str
    dimensions: dict[str, Dimension]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConfig:
    """A study file after composing and checking."""

    name: str
    title: str
    file: str  # as messages show it
    questions: dict[str, Question]
    dimensions: dict[str, Dimension]
    factors: dict[str, Factor]
    constraints: tuple[Constraint, ...]
    phases: dict[str, Phase]
    base: dict[str, Any]  # settings by section: data, model, loss, train, metrics
    objective: str
    seed: int
    executor: dict[str, Any]  # name, slots
    store: dict[str, str | None]  # optuna, mlflow
    notes: tuple[str, ...] = ()  # what the user should know, for example shadowed files
    kind: str = "study"

    @property
    def digest(self) -> str:
        """Return the hash of all that defines the study; where it runs and stores is not in it."""
        values = asdict(self)
        for name in ("file", "executor", "store", "notes"):
            del values[name]
        values["base"]["data"].pop("root", None)
        return digest(values)
