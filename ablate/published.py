"""What a study publishes of itself: facts.json, one document for its writer and its readers.

`ablate.study.publish` makes a `StudyDocument`, `ablate.stored` writes it and reads it, whatever
version wrote it, and `ablate.analysis.published` adds what follows from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ablate.config.schema import EVEN, Expects, Spending, Trend
from ablate.design_names import BLOCKED
from ablate.metrics.catalogue import Direction
from ablate.rules import Rules
from ablate.settings.sources import INFRARED_VISIBLE
from ablate.stats.crossed import Images
from ablate.stored import stored

Settings = Mapping[str, Any]  # open: those of a plug-in stand among them
Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceRange:
    """The range that a nuisance setting was drawn from, closed at both ends."""

    name: str
    low: float
    high: float
    is_log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedFactor:
    """One of the two factors of an interaction."""

    factor: str
    values: tuple[Value, ...]
    baseline: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component of the method in a component table.

    Args:
        factor: Its name.
        values: Its value in every row, which are the values of the question.
        off: The value without it; None where the study does not say.
    """

    factor: str
    values: tuple[Value, ...]
    off: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFacts:
    """A question as it was registered, with (value, id of its arm) for each value.

    `dimension` is what a search varies for the factor: None where its values set several, and empty
    where it is the factor itself, as versions before 0.1 published it. A contrast is the name of a
    family, or (name, weights of values). `registered` says whether an interaction was asked for.
    """

    id: str
    asks: str
    factor: str
    baseline: Value
    arms: tuple[tuple[Value, str], ...]
    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    smallest_effect: Mapping[str, str | float] = field(default_factory=dict)
    expects: Expects = "differs"
    contrasts: tuple[str | tuple[str, tuple[tuple[Value, float], ...]], ...] = ()
    trend: Trend | None = None
    images: Images = "random"
    agrees_with: str | None = None
    ordered: bool = False
    dimension: str | None = stored(default="", optional=True)
    crossed: tuple[CrossedFactor, ...] = stored(default=(), optional=True)
    components: tuple[Component, ...] = stored(default=(), optional=True)
    registered: bool = stored(default=True, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookFacts:
    """An interim analysis: the blocks that were in, and question -> why it was closed."""

    number: int
    blocks: int
    closed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """A phase of the study as it was run.

    `of`, `times`, `steps` and `arms` are those of a phase that trains the blocks of another one at
    another budget: whose blocks, multiple of its steps, steps, and arm there -> arm here.
    `spending` says how `looks` share alpha, `taken` are those that were taken while it ran.
    `redrawn` has (block, spare block that replaces it), `dead` the blocks without a healthy
    baseline for which no spare block was left.
    """

    design: str
    seeds: int = 1
    preset: str | None = None
    claims: bool = False
    looks: int = 1
    spending: Spending = stored(default=EVEN, optional=True)
    futility: float = stored(default=0.0, optional=True)
    taken: tuple[LookFacts, ...] = stored(default=(), optional=True)
    blocks: int | None = None
    points: int | None = None
    planned: int | None = None
    of: str | None = stored(default=None, optional=True)
    times: float = stored(default=1.0, optional=True)
    steps: int = stored(default=0, optional=True)
    arms: Mapping[str, str] = stored(default_factory=dict, optional=True)
    redraws: int = stored(default=0, optional=True)
    redrawn: tuple[tuple[int, int], ...] = stored(default=(), optional=True)
    dead: tuple[int, ...] = stored(default=(), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenArm:
    """An arm of a confirmation: its settings, what it was chosen from, and its objective there."""

    name: str
    source: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    nuisance: Mapping[str, Value] = field(default_factory=dict)
    val: float | None = stored(default=None, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationFacts:
    """Frozen configurations that were trained on fresh seeds; no arms where nothing was frozen.

    `recipes` has (name of an arm, id of its recipe).
    """

    phase: str
    question: str = ""
    of: str | None = None
    arms: tuple[FrozenArm, ...] = ()
    recipes: tuple[tuple[str, str], ...] = ()
    is_untuned: bool = False
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """A metric of a plug-in, which may be absent where the report is made."""

    label: str
    better: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """One of several environments in which runs were made, and how many."""

    id: str
    runs: int = 0
    differs: tuple[str, ...] = ()  # in words, from the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """A further test set: what its pairs are, and by which rules they were scored.

    `groups` is image -> scene; empty where each is a case of its own.
    """

    name: str
    label: str
    hash: str
    count: int
    protocol: str
    protocol_hash: str
    groups: Mapping[str, str] = stored(default_factory=dict, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFacts:
    """Fused images or weights of others that were scored beside the runs."""

    name: str
    kind: str  # "images" or "weights"
    hash: str
    images: int = stored(default=0, optional=True)
    model: Settings = stored(default_factory=dict, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """A test image of the gallery; `gain` is positive where the contrast is for the better."""

    image: str
    why: str = ""
    gain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryFacts:
    """Which pictures were published, and by which question's contrast they were chosen.

    The runs are those of the median block, or seed, of the contrast in the metric.
    """

    question: str | None = stored(default=None, optional=True)
    metric: str = stored(default="", optional=True)
    terms: tuple[tuple[Value, float], ...] = stored(default=(), optional=True)  # of the contrast
    block: int | None = stored(default=None, optional=True)
    seed: int | None = stored(default=None, optional=True)
    runs: Mapping[str, str] = stored(default_factory=dict, optional=True)  # arm id -> run id
    images: tuple[ShownImage, ...] = stored(default=(), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The processor: its name, the instruction set that torch uses, and those that it has."""

    kind: str = ""
    used: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What the runs were trained on."""

    name: str = ""
    torch: str = ""
    cuda: str | None = None
    gpu: str = stored(default="", optional=True)
    cudnn: int | str = stored(default="", optional=True)
    driver: str = stored(default="", optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorFacts:
    """The executor, and how many runs it trains at once."""

    name: str
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOrigin:
    """Source and licence of the data, and the hash of the names in each split."""

    source: str = stored(default="", optional=True)
    licence: str = stored(default="", optional=True)
    manifest_hash: str = ""
    splits: Mapping[str, str] | None = None
    split_file: str | None = None
    in_two_splits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaFacts:
    """Where Optuna keeps the study."""

    study: str = ""
    storage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowFacts:
    """Where MLflow keeps the study."""

    experiment: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the numbers come from; what was not published is empty."""

    command: str = ""
    revision: str = ""
    is_dirty: bool = False
    program_hash: str = ""
    code_hash: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    system: str = ""
    machine: str = ""
    cpu: Processor | None = None
    device: Device | None = None
    executor: ExecutorFacts | None = None
    threads_per_run: int | None = None
    determinism: Mapping[str, bool] = field(default_factory=dict)
    data: DataOrigin = field(default_factory=DataOrigin)
    optuna: OptunaFacts = field(default_factory=OptunaFacts)
    mlflow: MlflowFacts = field(default_factory=MlflowFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDocument:
    """A study as it was published, beside its tables.

    Args:
        study: Its name.
        asks: Its questions in words.
        primary: Metrics that decide a question, question by question.
        data_label: The data as sentences show them; `data_name` is the data set or the task.
        counts: Split -> number of items.
        items: What one of the data is called, in the plural.
        sources: What the two sources of a pair are called.
        groups: Test image -> its scene; empty where each is a case of its own.
        shared_groups: Scenes that stand in the test part and in what is trained or tuned on.
        metrics: All that were scored.
        declared: Metrics of plug-ins.
        budget: Steps, batch and so on, in words.
        arms: Names of the designed arms at the registered budget.
        phases: Name -> phase, in the order of the study file.
        registered: Its questions, without the base of percentages and the level of the study.
        nuisance: Ranges of the settings that are tuned in every block.
        ranges: Ranges of the dimensions that factors and searches vary; older documents have those
            of factors alone.
        baselines: Dimension -> baseline.
        held: Nuisance settings that all values share at one base value.
        objective: "split/metric" that selects; `objectives` are all of a search for trade-offs.
        planned: Runs, those of spare blocks that stand for others included.
        infeasible: Suggestions of a search that broke a constraint.
        duplicates: Suggestions of a search that repeated an arm.
        settings: The base settings of every run.
        tests: Further test sets that the weights of its runs are scored on.
        environments: Those in which runs were made, where there are several.
        drift: How they differ, in a sentence.
        damage: Files that were damaged and are left out, in a sentence.
        chosen_on: Of runs from elsewhere, the split that chose their weights and settings, or
            "unknown"; empty for a study of ablate, which chooses on val.
        rules: Of analysis, as the study registered them.
        revision: Of the code; versions before 0.1 published it here.
    """

    study: str
    title: str
    asks: tuple[str, ...]
    primary: tuple[str, ...]
    data_label: str
    data_name: str
    data_hash: str
    counts: Mapping[str, int]
    design_hash: str
    protocol: str
    protocol_hash: str
    metrics: tuple[str, ...]
    budget: str
    arms: tuple[str, ...]
    phases: Mapping[str, PhaseFacts]
    objective: str
    items: str = "pairs"
    sources: tuple[str, str] = stored(default=INFRARED_VISIBLE, optional=True)
    groups: Mapping[str, str] = stored(default_factory=dict, optional=True)
    shared_groups: int = stored(default=0, optional=True)
    rules: Rules = stored(default_factory=Rules, optional=True)
    baseline_arm: str = ""
    declared: Mapping[str, MetricFacts] = field(default_factory=dict)
    registered: tuple[QuestionFacts, ...] = stored(default=(), name="questions")
    confirmations: tuple[ConfirmationFacts, ...] = ()
    nuisance: tuple[NuisanceRange, ...] = ()
    ranges: tuple[NuisanceRange, ...] = ()
    baselines: Mapping[str, Value] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    planned: int | None = None
    infeasible: int = 0
    duplicates: int = 0
    tracking_uri: str = ""
    settings: Settings = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    references: tuple[ReferenceFacts, ...] = stored(default=(), optional=True)
    references_left_out: str = stored(default="", optional=True)
    tests: tuple[SetFacts, ...] = stored(default=(), optional=True)
    environments: tuple[EnvironmentFacts, ...] = stored(default=(), name="strata", optional=True)
    drift: str = stored(default="", optional=True)
    damage: str = stored(default="", optional=True)
    chosen_on: str = stored(default="", optional=True)
    gallery: GalleryFacts = field(default_factory=GalleryFacts)
    revision: str = stored(default="", optional=True)

    def phases_of(self, *designs: str) -> list[str]:
        """Names of the phases with one of some designs, in their order."""
        return [name for name, phase in self.phases.items() if phase.design in designs]

    @property
    def answer_phase(self) -> str | None:
        """Name of the first blocked phase, which answers the questions; None without one."""
        return next(iter(self.phases_of(BLOCKED)), None)

    @property
    def selecting(self) -> str:
        """The metric that selects tuning points and that samplers optimise."""
        return self.objective.partition("/")[2]


def unscored_in_words(objectives: Mapping[str, int], *, finished: int) -> list[str]:
    """Return which objectives finished runs lack since no image gave a number.

    Args:
        objectives: "split/metric" -> finished runs with a number for it.
        finished: Runs that finished.

    Example:
        >>> unscored_in_words({"val/vif": 0, "val/qabf": 7}, finished=7)
        ['7 of 7 finished runs have no val/vif: it is not a number for any of their images']
    """
    return [
        f"{finished - count} of {finished} finished runs have no {name}: it is not a number for "
        "any of their images"
        for name, count in objectives.items()
        if count < finished
    ]
