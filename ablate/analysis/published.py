"""What a study published of itself: facts.json, typed, whatever version wrote it.

`ablate.study.publish` writes the document and `read_facts` is its only reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ablate.analysis.contrasts import registered_contrasts
from ablate.analysis.facts import NuisanceRange
from ablate.analysis.question import CrossedFactor, Expects, RegisteredQuestion, Trend, Value
from ablate.design_names import BLOCKED
from ablate.metrics.catalogue import BETTER, Direction
from ablate.stats.crossed import Images
from ablate.stored import decode, stored

Settings = Mapping[str, Any]  # open: those of a plug-in stand among them


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """A phase of the study as it was run.

    `of`, `times`, `steps` and `arms` are those of a phase that trains the blocks of another one at
    another budget: whose blocks, multiple of its steps, steps, and arm there -> arm here.
    `redrawn` has (block, spare block that replaces it), `dead` the blocks without a healthy
    baseline for which no spare block was left.
    """

    design: str
    seeds: int = 1
    preset: str | None = None
    claims: bool = False
    looks: int = 1
    blocks: int | None = None
    points: int | None = None
    planned: int | None = None
    of: str | None = None
    times: float = 1.0
    steps: int = 0
    arms: Mapping[str, str] = field(default_factory=dict)
    redraws: int = 0
    redrawn: tuple[tuple[int, int], ...] = ()
    dead: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenArm:
    """An arm of a confirmation: its settings, and what it was chosen from."""

    name: str
    source: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    nuisance: Mapping[str, Value] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """A metric of a plug-in, which may be absent where the report is made."""

    label: str
    better: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """One of several environments in which runs were made."""

    id: str
    differs: tuple[str, ...] = ()  # in words, from the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFacts:
    """Fused images or weights of others that were scored beside the runs."""

    name: str
    kind: str  # "images" or "weights"
    hash: str
    images: int = 0
    model: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """A test image of the gallery; `gain` is positive where the contrast is for the better."""

    image: str
    why: str = ""
    gain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryFacts:
    """Which pictures were published, and by which question's contrast they were chosen."""

    question: str | None = None
    images: tuple[ShownImage, ...] = ()


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

    source: str = ""
    licence: str = ""
    splits: Mapping[str, str] | None = None
    split_file: str | None = None
    in_two_splits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaFacts:
    """Where Optuna keeps the study."""

    study: str = ""
    storage: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """A study as it was published, beside its tables.

    Args:
        study: Its name.
        asks: Its questions in words.
        primary: Metrics that decide a question, question by question.
        data_label: The data as sentences show them; `data_name` is the data set or the task.
        counts: Split -> number of items.
        items: What one of the data is called, in the plural.
        groups: Test image -> its scene; empty where each is a case of its own.
        shared_groups: Scenes that stand in the test part and in what is trained or tuned on.
        metrics: All that were scored.
        declared: Metrics of plug-ins.
        budget: Steps, batch and so on, in words.
        arms: Names of the designed arms at the registered budget.
        phases: Name -> phase, in the order of the study file.
        questions: As they were registered; without percentages' base and the level of the study.
        nuisance: Ranges of the settings that are tuned in every block.
        ranges: Ranges of the dimensions that factors vary.
        baselines: Dimension -> baseline.
        held: Nuisance settings that all values share at one base value.
        objective: "split/metric" that selects; `objectives` are all of a search for trade-offs.
        planned: Runs, those of spare blocks that stand for others included.
        infeasible: Suggestions of a search that broke a constraint.
        duplicates: Suggestions of a search that repeated an arm.
        settings: The base settings of every run.
        environments: Those in which runs were made, where there are several.
        drift: How they differ, in a sentence.
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
    groups: Mapping[str, str] = field(default_factory=dict)
    shared_groups: int = 0
    declared: Mapping[str, MetricFacts] = field(default_factory=dict)
    questions: tuple[RegisteredQuestion, ...] = ()
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
    references: tuple[ReferenceFacts, ...] = ()
    references_left_out: str = ""
    environments: tuple[EnvironmentFacts, ...] = stored(default=(), name="strata")
    drift: str = ""
    gallery: GalleryFacts = field(default_factory=GalleryFacts)
    revision: str = ""

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

    def question(self, name: str | None) -> RegisteredQuestion | None:
        """The question with an id; None where there is no such question."""
        return next((one for one in self.questions if one.id == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredQuestion:
    """A question as facts.json has it; `registered` says whether an interaction was asked for."""

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
    crossed: tuple[CrossedFactor, ...] = ()
    registered: bool = True


def read_facts(raw: Mapping[str, Any]) -> StudyFacts:
    """Read what a study published of itself.

    Args:
        raw: Content of facts.json, of this version or an earlier one.

    Raises:
        DataError: A key that every version writes is missing, or has another type.
    """
    where = f"facts.json of {raw.get('study', 'a study')}"
    rest = {key: value for key, value in raw.items() if key != "questions"}
    found = decode(StudyFacts, rest, where=where)
    questions = [
        _question(one, study=found, where=f"{where}.questions[{at}]")
        for at, one in enumerate(raw.get("questions", ()))
    ]
    return replace(found, questions=tuple(questions))


def _question(raw: Mapping[str, Any], *, study: StudyFacts, where: str) -> RegisteredQuestion:
    """The question with its contrasts; metrics without a role are secondary, never deciding."""
    found = decode(_StoredQuestion, raw, where=where)
    values = tuple(value for value, _ in found.arms)
    named = {*found.primary, *found.secondary, *found.guardrails}
    return RegisteredQuestion(
        id=found.id,
        asks=found.asks,
        factor=found.factor,
        # a search varies a dimension; versions before 0.1 published the factor alone
        dimension=raw.get("dimension", found.factor),
        values=values,
        arms=tuple(arm for _, arm in found.arms),
        baseline=found.baseline,
        ordered=found.ordered,
        contrasts=registered_contrasts(
            values,
            baseline=found.baseline,
            factor=found.factor,
            written=found.contrasts,
            trend=found.trend,
            crossed=found.crossed,
            is_registered=found.registered,
        ),
        has_steps="sequence" in found.contrasts,
        trend=found.trend,
        crossed=found.crossed,
        primary=found.primary,
        secondary=(*found.secondary, *(metric for metric in study.metrics if metric not in named)),
        guardrails=found.guardrails,
        smallest_effect=found.smallest_effect,
        better={**BETTER, **{name: one.better for name, one in study.declared.items()}},
        expects=found.expects,
        images=found.images,
        agrees_with=found.agrees_with,
    )
