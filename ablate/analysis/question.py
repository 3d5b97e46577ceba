"""A question as it was registered: what the verdict engine may use, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ablate.config.schema import Expects, Trend
from ablate.errors import ConfigError
from ablate.metrics import catalogue
from ablate.metrics.catalogue import BETTER, Direction, set_of
from ablate.published import Component, CrossedFactor, Value
from ablate.rules import Base
from ablate.stats.crossed import Images

Role = Literal["primary", "secondary", "guardrail", "exploratory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference between values of the factor.

    `expects` stands where a contrast has another hypothesis than its question, and `is_exploratory`
    where it was not registered: it is then described and never judged.
    """

    name: str
    weights: tuple[float, ...]  # one per value of the question, their sum 0
    expects: Expects | None = None
    is_exploratory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredQuestion:
    """What is asked of which metrics, fixed before the first score is seen.

    Args:
        id: Name in the study file.
        asks: The question in words.
        factor: What is compared.
        values: Its values, in design order.
        baseline: One of them.
        contrasts: The comparisons; contrasts x primary metrics are the family that Holm corrects.
        primary: Metrics that decide.
        secondary: Metrics judged in a family of their own; they never decide.
        guardrails: Metrics that may veto a claim of better, and never support one.
        smallest_effect: Metric to the smallest effect of interest: a number in units of the
            metric, or a percentage of the frozen base such as "0.2%".
        percent_base: Metric to the mean that smallest effects in percent refer to.
        percent_of: Whose mean that is: of the pilot, or of the tuned baseline of the same study.
        shown_base: Metric to the mean of the tuned baseline, which changes in percent refer to;
            where it is not known, `percent_base` is.
        better: Metric to its direction.
        expects: "higher" and "lower" mean a better and a worse score, whatever the direction of
            the metric; with "differs" nothing can be contradicted.
        alpha: Level of the question.
        images: "random" speaks of images like these, "fixed" of this test set.
        groups: Image to its scene, whose number is that of the cases; empty: each image is a case.
        arms: Id of the arm of each value; empty where only scores are judged.
        by: Column of the run table that holds these ids: "arm_id" or "recipe_id".
        dimension: What a search varies for the factor; None where its values set several.
        ordered: Whether the values have an order.
        has_steps: Whether each value is compared with the one before it.
        trend: Axis of the trend, where one is asked for.
        crossed: The two factors of an interaction, else empty.
        components: The columns of a component table, whose rows are the values; else empty.
        agrees_with: Another question whose answer this one completes.
    """

    id: str
    asks: str
    factor: str
    values: tuple[Value, ...]
    baseline: Value
    contrasts: tuple[Contrast, ...]
    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    smallest_effect: Mapping[str, str | float] = field(default_factory=dict)
    percent_base: Mapping[str, float] = field(default_factory=dict)
    percent_of: Base = "pilot"
    shown_base: Mapping[str, float] = field(default_factory=dict)
    better: Mapping[str, Direction] = field(default_factory=lambda: dict(BETTER))
    expects: Expects = "differs"
    alpha: float = 0.05
    images: Images = "random"
    groups: Mapping[str, str] = field(default_factory=dict)
    arms: tuple[str, ...] = ()
    by: Literal["arm_id", "recipe_id"] = "arm_id"
    dimension: str | None = None
    ordered: bool = False
    has_steps: bool = False
    trend: Trend | None = None
    crossed: tuple[CrossedFactor, ...] = ()
    components: tuple[Component, ...] = ()
    agrees_with: str | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return every metric of the question once, primary first."""
        return tuple(dict.fromkeys([*self.primary, *self.secondary, *self.guardrails]))

    def role_of(self, metric: str) -> Role:
        """Return the role of a metric; the first that names it counts."""
        if metric in self.primary:
            return "primary"
        return "secondary" if metric in self.secondary else "guardrail"

    def sign_of(self, metric: str) -> int:
        """Return 1 where larger is better and -1 where smaller is."""
        return 1 if self.better[set_of(metric)[1]] == "higher" else -1

    def pair_of(self, contrast: Contrast) -> tuple[Value, Value] | None:
        """Return value and baseline of a contrast between two values, None for any other."""
        weights = list(zip(self.values, contrast.weights, strict=True))
        up = [value for value, weight in weights if weight > 0]
        down = [value for value, weight in weights if weight < 0]
        return (up[0], down[0]) if len(up) == len(down) == 1 else None

    def base_of(self, metric: str) -> float | None:
        """Return what changes of a metric in percent refer to, None where nothing is known."""
        return self.shown_base.get(metric) or self.percent_base.get(metric)

    def margin_of(self, metric: str) -> float | None:
        """Return the smallest effect of interest in units of the metric, None where none is named.

        None too where it is a percentage of a tuned baseline that scores 0 or nothing.

        Raises:
            ConfigError: It is a percentage and no base is frozen, or it is not a positive number.
        """
        raw = self.smallest_effect.get(metric)
        if raw is None:
            return None
        where = f"questions.{self.id}.smallest_effect.{metric}"
        try:
            number = float(raw.strip().removesuffix("%") if isinstance(raw, str) else raw)
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            raise ConfigError(f"{where}: must be above 0 such as 0.002 or 0.2%, got {raw!r}")
        if not (isinstance(raw, str) and raw.strip().endswith("%")):
            return number
        base = self.percent_base.get(metric)
        if not base and self.percent_of == "tuned_baseline":
            return None
        if not base:
            raise ConfigError(
                f"{where}: {raw} has no base to refer to; freeze the pilot mean of {metric}, or "
                "give the effect in units of the metric"
            )
        return number / 100 * abs(base)


def label_of(value: Value) -> str:
    """Return a value as people read it.

    Example:
        >>> label_of(0.70710678), label_of("signed")
        ('0.7071', 'signed')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def metric_label(metric: str) -> str:
    """Return the label of a metric, its name where it is not a packaged one."""
    return catalogue.label_of(metric)
