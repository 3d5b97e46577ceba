"""The spec of a run that a worker is given, and the result that it hands back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, get_args

from ablate.identity import JsonValue
from ablate.settings.sources import Sources, sources_of

State = Literal["finished", "pruned", "failed", "interrupted"]
OOM = "oom"  # how the reason of a run starts that ran out of memory
LOST = ("workers_killed", "workers_hung", "oom_retries")  # facts of runs that took several workers
FURTHER = "tests"  # folder in that of a run: scores of its weights on further test sets
SPEC: Final = "spec.json"  # what is trained
JOURNAL: Final = "journal.jsonl"  # what happens meanwhile, see `ablate.tracking.journal`
RESULT: Final = "result.json"  # how the run ended; its presence means that it has
WEIGHTS: Final = "weights.safetensors"  # in the folder of a run that keeps the network it trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A combination of settings at its place in a study: what all runs of it share.

    Args:
        phase: Its phase.
        arm_id: Hash of the settings without the seed, nuisance at its base value.
        recipe_id: Hash of the settings as they are; "" in specs of earlier versions.
        factors: Dimension -> value, active ones only.
        nuisance: Nuisance dimension -> value, active ones only.
        dummy: The control of an exploration; sets nothing.
        block: Of an answer design, counted from 1.
        point: Tuning point inside the block, or point of an exploration, from 1.
        split_seed: Resamples the train and val pool; None keeps the fixed split.
        budget: Multiple of train.steps, in a phase that is run at several.
    """

    phase: str
    arm_id: str
    recipe_id: str = ""
    factors: Mapping[str, JsonValue] = field(default_factory=dict)
    nuisance: Mapping[str, JsonValue] = field(default_factory=dict)
    dummy: float | None = None
    block: int | None = None
    point: int | None = None
    split_seed: int | None = None
    budget: float | None = None

    def shared(self) -> dict[str, Any]:
        """Return the fields above, from which its runs are made."""
        return {one.name: getattr(self, one.name) for one in fields(Trial)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec(Trial):
    """One training to run: everything a worker needs, nothing it must look up.

    Args:
        run_id: Hash of recipe, seed, split seed, phase, block and point.
        study: Name of the study.
        trial: Number of the trial inside the study.
        seed: Of the training.
        name: For people: "signed · r .50 · 3 levels · s2".
        settings: By section: data, model, loss (or task), train, metrics.
        questions: Ids of the study's questions.
        rungs: Steps after which the objective is reported.
        objective: "val/" and a metric.
        scores_test: False while searching: samplers never see test.
        keeps_weights: Whether weights are written although test is not scored: those of the best
            trials of a search stay.
        tests: Further test sets that its weights are scored on, see `ablate.training.test_sets`; no
            part of its identity.
    """

    run_id: str
    study: str
    trial: int
    seed: int
    name: str
    settings: Mapping[str, Any]
    questions: tuple[str, ...] = ()
    rungs: tuple[int, ...] = ()
    objective: str = "val/qabf"
    scores_test: bool = True
    keeps_weights: bool = False
    tests: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sources(self) -> Sources:
        """What its data set calls the two sources."""
        return sources_of(self.settings.get("data"))

    @property
    def in_places(self) -> dict[str, Any]:
        """Its settings as networks and losses know them: the sources are infrared and visible."""
        return self.sources.in_places(self.settings)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunSpec":
        """Return the spec that `to_json` described.

        Raises:
            ValueError: A field is missing, unknown or of the wrong type.
        """
        try:
            lists = {name: tuple(values[name]) for name in ("questions", "rungs")}
            made = cls(**{**values, **lists})
            is_fine = all(isinstance(part, dict) for part in made.settings.values())
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        if not is_fine or not {"model", "task"} & set(made.settings):
            raise ValueError("its settings are not those of a run")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How one run ended.

    `metrics` has final values under "val/qabf", "test/qabf", ... ; `images` has one row per image
    and metric: (split, image, metric, value). NaN is written as None.
    """

    run_id: str
    state: State
    reason: str = ""  # "", "pruned at step N", or diverged, oom, hung, killed, error and ": ..."
    metrics: Mapping[str, float] = field(default_factory=dict)
    images: tuple[tuple[str, str, str, float | None], ...] = ()
    facts: Mapping[str, JsonValue] = field(default_factory=dict)  # seconds, steps, parameters, ...

    @property
    def health(self) -> str:
        """Return the state of the fused val images, "" where it was not looked at.

        One that was recorded as healthy is judged by today's rules on the numbers beside it.
        """
        found = self.facts.get("health")
        if not isinstance(found, Mapping):
            return ""
        if found.get("state") != "healthy":
            return str(found.get("state", ""))
        from ablate.stats.health import Health  # numpy, which a plan does without

        return Health.from_json(found).state

    @property
    def known_health(self) -> str:
        """Return the state, from mean metrics where images were not examined; "" if unknown."""
        from ablate.stats.health import recorded_state  # numpy, which a plan does without

        state = recorded_state(looked_at=self.health, reason=self.reason, metrics=self.metrics)
        return state or ""

    @property
    def is_unhealthy(self) -> bool:
        """Return whether the training is known to have ended in something that does not fuse."""
        return self.known_health not in ("", "healthy")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunResult":
        """Return the result that `to_json` described.

        Raises:
            ValueError: A state, a number or a row is not one that a run writes.
        """
        try:
            made = cls(**{**values, "images": tuple(tuple(row) for row in values["images"])})
            numbers = [*made.metrics.values(), *(row[3] for row in made.images)]
            is_fine = made.state in get_args(State) and all(len(row) == 4 for row in made.images)
            is_fine = is_fine and isinstance(made.facts, dict)
            words = [made.run_id, made.reason, *(word for row in made.images for word in row[:3])]
            is_fine = is_fine and all(isinstance(word, str) for word in words)
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        if not is_fine or not all(
            n is None or type(n) is float or (type(n) is int and abs(n) < 2**63) for n in numbers
        ):
            raise ValueError("a state, a number or a row of it is none")
        return made
