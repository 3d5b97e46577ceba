"""What a worker is given and what it hands back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from ablate.identity import JsonValue

State = Literal["finished", "pruned", "failed", "interrupted"]
OOM = "oom"  # how the reason of a run starts that ran out of memory
LOST = ("workers_killed", "workers_hung", "oom_retries")  # facts of runs that took several workers
WEIGHTS = "weights.safetensors"  # in the folder of a run that trained a network and scored test


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One training to run: everything a worker needs, nothing it must look up."""

    run_id: str  # hash of recipe, seed, split seed, phase, block and point
    arm_id: str  # hash of the settings without the seed, nuisance at its base value
    study: str
    phase: str
    trial: int  # number of the trial inside the study
    seed: int
    name: str  # what people read: "signed · r .50 · 3 levels · s2"
    settings: Mapping[str, Any]  # by section: data, model, loss (or task), train, metrics
    factors: Mapping[str, JsonValue] = field(
        default_factory=dict
    )  # dimension -> value, active only
    questions: tuple[str, ...] = ()
    recipe_id: str = ""  # hash of the settings as they are; "" in specs of earlier versions
    nuisance: Mapping[str, JsonValue] = field(default_factory=dict)  # dimension -> value
    dummy: float | None = None  # the control of an exploration; sets nothing
    block: int | None = None  # of an answer design, counted from 1
    point: int | None = None  # tuning point inside the block, or point of an exploration, from 1
    split_seed: int | None = None  # resamples the train and val pool; None keeps the fixed split
    rungs: tuple[int, ...] = ()  # steps after which the objective is reported
    objective: str = "val/qabf"
    budget: float | None = None  # multiple of train.steps, in a phase that is run at several
    scores_test: bool = True  # False while searching: samplers never see test

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunSpec":
        """Return the spec that `to_json` described.

        Raises:
            ValueError: It is no spec.
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
        """Return the state of the fused val images, "" where it was not looked at."""
        found = self.facts.get("health")
        return str(found.get("state", "")) if isinstance(found, Mapping) else ""

    @property
    def known_health(self) -> str:
        """Return the state, by the mean metrics where the run did not look; "" if nothing tells."""
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
            ValueError: It is no result: a state, a number or a row that no run writes.
        """
        try:
            made = cls(**{**values, "images": tuple(tuple(row) for row in values["images"])})
            numbers = [*made.metrics.values(), *(row[3] for row in made.images)]
            is_fine = made.state in get_args(State) and all(len(row) == 4 for row in made.images)
            is_fine = is_fine and isinstance(made.facts, dict) and isinstance(made.reason, str)
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        if not is_fine or not all(n is None or type(n) in (int, float) for n in numbers):
            raise ValueError("a state, a number or a row of it is none")
        return made
