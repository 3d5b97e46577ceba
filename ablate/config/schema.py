"""What a checked study file is: frozen dataclasses, all defaults filled in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from ablate.identity import JsonValue, derive_seed, digest
from ablate.rules import rules_of
from ablate.settings.command import COMMAND, NO_IDENTITY

Expects = Literal["higher", "lower", "differs"]
Trend = Literal["linear", "log2"]
Contrasts = tuple[str, ...] | Mapping[str, Mapping[Any, float]]
PATHS = ("root", "infrared", "visible", "splits")  # of one data set on one machine: no identity,
# and never carried to another data set
NOTHING = (False, 0, None, "none", "off")  # values that mean: without this component
KEPT: Final = 3  # best trials of a search whose weights are kept
LOOK = "@"  # study@2 is the second look at the study
Spending = Literal["obrien_fleming", "even"]
OBRIEN_FLEMING: Final = "obrien_fleming"
EVEN: Final = "even"
DimensionType = Literal["int", "float", "categorical", "bundle", "simplex", "decreasing"]
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
class VectorDimension(Dimension):
    """A dimension whose value is a list of numbers.

    "simplex": numbers from 0 that sum to 1. "decreasing": `first`, then each number the one before
    it times a ratio from `low` to `high`.
    """

    type: Literal["simplex", "decreasing"]
    size: int | str  # a number, or the dimension or setting that says it
    largest: int  # that it can be
    first: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A combination is tried only where `require` holds."""

    name: str
    require: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A dimension whose values are compared; two factors may compare values of one dimension."""

    name: str
    dimension: str
    values: tuple[Any, ...]
    baseline: Any
    ordered: bool = False  # a line plot and a trend contrast
    tied_to: str | None = None  # takes the value of the same index as that factor
    without: Any = field(default=None, repr=False)  # as the file says it; see `off`

    @property
    def others(self) -> tuple[Any, ...]:
        """The values beside the baseline."""
        return tuple(value for value in self.values if value != self.baseline)

    @property
    def off(self) -> Any:
        """The value that switches the component off; None where nothing says which one.

        It is what the file calls `without`. Of two values it is the one that means nothing (0,
        false, none), else the one that is not the baseline.
        """
        if self.without is not None:
            return self.without
        if len(self.values) != 2:
            return None
        if self.baseline in NOTHING and self.others[0] not in NOTHING:
            return self.baseline
        return self.others[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the study asks, about which factor, by which metrics.

    `contrasts` names families ("baseline": each value against the baseline, "sequence": each
    against the one before it) or maps a name to weights over values, their sum 0. A question about
    an interaction compares two factors; its contrasts are those of contrasts. A component table
    compares several factors, each alone away from its baseline; `compare` is the first of them.
    """

    id: str
    asks: str
    compare: str
    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    smallest_effect: Mapping[str, str | float] = field(default_factory=dict)  # "0.2%" or absolute
    expects: Expects = "differs"
    contrasts: Contrasts = ("baseline",)
    trend: Trend | None = None  # the axis on which an ordered factor has a slope and a bend
    images: str = "random"  # "fixed" limits the answer to these test images
    agrees_with: str | None = None  # the same on the ratio at fixed levels, else it is coverage
    crossed_with: str | None = field(default=None, repr=False)  # second factor of an interaction
    components: tuple[str, ...] = field(default=(), repr=False)  # the factors of a component table
    tests: tuple[str, ...] = field(default=(), repr=False)  # test sets; none: that of the training
    registered: bool = field(default=True, repr=False)  # False: described, never judged

    @property
    def responses(self) -> int:
        """How many metrics decide, each counted once per test set."""
        return len(self.primary) * max(1, len(self.tests))

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors that it compares: one, the two of an interaction, or all components."""
        if self.components:
            return self.components
        return (self.compare,) if self.crossed_with is None else (self.compare, self.crossed_with)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One stage of a study: a design, or a search."""

    name: str
    design: str
    seeds: int = 1
    trials: int | None = None  # only of a search and of sobol
    sampler: str | None = None
    pruner: str | None = None
    rungs: tuple[int, ...] = ()
    preset: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # of the design, its preset filled in
    claims: bool = False  # its verdicts may be claims; only of blocked and confirm
    looks: int = 1  # how often its verdicts will be read
    spending: Spending = EVEN  # how the looks share alpha; obrien_fleming takes them while it runs
    futility: float = 0.0  # chance of a difference below which a look closes a contrast
    budgets: tuple[float, ...] = ()  # multiples of train.steps; the first is 1 and decides
    of: str | None = field(default=None, repr=False)  # the answer whose blocks are trained again
    times: float = field(default=1.0, repr=False)  # multiple of train.steps; 1 where `of` is None

    @property
    def budget(self) -> float | None:
        """The multiple of train.steps that its runs train for; None in a phase without budgets."""
        return self.times if self.of or self.budgets else None

    @property
    def has_interims(self) -> bool:
        """Whether looks are taken while the phase runs, and may stop it."""
        return self.looks > 1 and self.spending == OBRIEN_FLEMING


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Dimensions and the constraints between them."""

    title: str
    dimensions: dict[str, Dimension]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Results of others that stand in every table; a folder of fused images, or weights.

    A folder holds an image for every test pair, of its name and size. Weights are a safetensors
    file that fits the packaged network of that name; nothing is trained.
    """

    folder: str | None = None
    weights: str | None = None  # a safetensors file
    model: Mapping[str, JsonValue] = field(default_factory=dict)  # the network of the weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherSet:
    """A test set on which trained weights are scored as they are; no part of any training.

    Args:
        data: Section of its data set; None for the test part of the training data.
        part: "test", or "all" pairs of a set of which nothing is trained on.
        protocol: Of its metrics; None: that of the study.
    """

    data: Mapping[str, JsonValue] | None
    part: str = "test"
    protocol: str | None = None


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
    objective: str  # picks winners and is judged at rungs
    seed: int
    executor: dict[str, Any]  # name, slots
    store: dict[str, str | None]  # optuna, mlflow
    nuisance: dict[str, Dimension] = field(default_factory=dict)  # tuned anew in every block
    held: tuple[str, ...] = ()  # nuisance that the file holds at its base value: a caveat
    further_objectives: tuple[str, ...] = ()  # of a search for trade-offs
    references: dict[str, Reference] = field(default_factory=dict)  # no part of the design
    tests: dict[str, FurtherSet] = field(default_factory=dict)  # further test sets; nor are they
    notes: tuple[str, ...] = ()  # what the user should know, for example shadowed files
    keep_best: int = KEPT  # trials of each search whose weights are kept; no part of the design
    kind: str = "study"
    defaults: int = 4  # version of the packaged defaults that base was filled in from

    @property
    def look(self) -> int:
        """Return which look at the study this is: 2 for "study@2", 1 for a plain name."""
        _, _, number = self.name.partition(LOOK)
        return int(number) if number else 1

    @property
    def drawn_from(self) -> int:
        """Return the number that blocks and explorations draw seeds, splits and points from.

        Plain designs and searches count their seeds up from `seed` itself. `seed` alone in studies
        that began before version 3 of the defaults; since then also the name of the study and that
        of its data, so that a replication on other data shares no table with the first.
        """
        if not rules_of(self.defaults).draws_per_data:
            return self.seed
        name, _, _ = self.name.partition(LOOK)
        data = self.base["data" if "data" in self.base else "task"]["name"]
        return derive_seed(self.seed, name, data) % 2**31

    @property
    def objectives(self) -> tuple[str, ...]:
        """Return every objective, the one that picks winners first."""
        return (self.objective, *self.further_objectives)

    @property
    def varied(self) -> dict[str, Dimension]:
        """Return every dimension that a trial may set: those of the space, then the nuisance."""
        return {**self.dimensions, **self.nuisance}

    @property
    def switched(self) -> tuple[str, ...]:
        """Return the nuisance that some values switch off, by its `when`."""
        return tuple(name for name, dimension in self.nuisance.items() if dimension.when)

    @property
    def digest(self) -> str:
        """Return the hash of all that defines the study.

        Where it runs and stores, and what its results are compared with, is not in it.
        """
        values = asdict(self)
        for name in (
            "file",
            "executor",
            "store",
            "notes",
            "references",
            "tests",
            "keep_best",
            "defaults",
        ):
            del values[name]
        for part, key in (
            ("factors", "without"),
            ("questions", "components"),
            ("questions", "tests"),
        ):
            for one in values[part].values():  # an older version had no such key
                if one[key] in (None, ()):
                    del one[key]
        for section in ("data", "task"):
            for name in PATHS:
                values["base"].get(section, {}).pop(name, None)
        if values["base"].get("task", {}).get("name") == COMMAND:
            for name in NO_IDENTITY:
                values["base"]["task"].pop(name, None)
        return digest(values)
