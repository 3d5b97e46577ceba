"""The factors and questions of a study: what is compared, by which metrics, what is enough."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from ablate.config.dimensions import Several, value_error
from ablate.config.entries import (
    Entry,
    Flag,
    Name,
    Number,
    Parts,
    Problem,
    Said,
    Text,
    name_error,
    read,
)
from ablate.config.errors import short
from ablate.config.schema import Contrasts, Dimension, Factor, Question, VectorDimension
from ablate.errors import nearest
from ablate.numbers import is_number
from ablate.settings.data import OWN

INTERACTION = "interaction"  # the contrasts of a question that compares two factors
OF_ONE_FACTOR = {
    "contrasts": "has contrasts of its own (contrasts: baseline makes a table of components)",
    "trend": "has no trend",
    "expects": "has no better or worse direction",
    "agrees_with": "does not agree with another question",
    "guardrails": "claims nothing that a guardrail could veto",
}
OF_ONE_LIST = {  # keys of a question about one factor that a component table has not
    "trend": "has no trend",
    "agrees_with": "does not agree with another question",
}

Metrics = Annotated[
    str | Annotated[list[str], Field(min_length=1)],
    Said("a list of metrics such as [qabf, vif]"),
]
Effect = Annotated[
    Annotated[int | float, Field(gt=0)]
    | Annotated[str, Field(pattern=r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$")],
    Said("a percentage such as 0.2% or a positive number"),
]
Family = Annotated[Literal["baseline", "sequence"], Said()]
Weights = dict[Any, Number]


def _form(value: Any) -> str:
    return (
        f"~{'weights' if isinstance(value, Mapping) else 'list' if isinstance(value, list) else ''}"
    )


class FactorEntry(Entry):
    """A dimension whose values are compared; two factors may compare values of one dimension."""

    what: ClassVar[str] = "setting of a factor"
    dimension: Text | None = Field(
        None, description="The dimension; by default that of the factor's name."
    )
    values: Several = Field(
        [], description="At least two; by default the choices of the dimension."
    )
    baseline: Any = Field(None, description="By default that of the dimension.")
    ordered: Flag | None = Field(None, description="A line plot and a trend contrast.")
    tied_to: Text | None = Field(
        None, description="Takes the value of the same index as that factor."
    )
    without: Any = Field(
        None,
        description="The value without this component, for component tables and leave_one_out; of "
        "two values by default the one that is not the baseline.",
    )


class _AskedEntry(Entry):
    what: ClassVar[str] = "setting of a question"
    asks: Text = Field(description="The question in words.")
    primary: Metrics = Field(description="Metrics that decide, corrected together.")
    secondary: Metrics | None = Field(
        None, description="Metrics that are corrected together and decide nothing."
    )
    smallest_effect: dict[str, Effect] | None = Field(
        None,
        description="Metric -> effect that matters: a percentage of the tuned baseline, or in "
        "units of the metric.",
    )
    images: Annotated[Literal["random", "fixed"], Said()] = Field(
        "random", description='"fixed" limits the answer to these test images.'
    )
    tests: (
        Annotated[
            str | Annotated[list[str], Field(min_length=1)],
            Said("a list of test sets such as [own, tno]"),
        ]
        | None
    ) = Field(
        None,
        description="Test sets of data.tests that it asks about, corrected together; own (the "
        "default) is the test part of the training data.",
    )

    def metrics(self) -> dict[str, tuple[str, ...]]:
        """Return role -> metrics in lower case; none of a role that is wrong."""
        found = {}
        for role in ("primary", "secondary", "guardrails"):
            names = getattr(self, role, None) if self.has(role) else None
            names = [names] if isinstance(names, str) else names or []
            found[role] = tuple(dict.fromkeys(name.lower() for name in names))
        return found

    def asked_on(self) -> tuple[str, ...]:
        """Return the test sets; none where it is that of the training data alone."""
        names = [self.tests] if isinstance(self.tests, str) else self.tests or []
        return () if names == [OWN] else tuple(dict.fromkeys(names))

    def effects(self) -> dict[str, Any]:
        """Return metric in lower case -> smallest effect."""
        return {name.lower(): effect for name, effect in (self.smallest_effect or {}).items()}

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        known = parts.known["metrics"]
        section = parts.settings.base.get("metrics")
        measured = section.get("names") if isinstance(section, dict) else None
        for name in self.asked_on():
            if name not in (known_sets := dict.fromkeys((OWN, *parts.tests))):
                text = f"data.tests has no test set {short(name)}"
                yield "tests", f"{text}; {nearest(name, known_sets)}"
        owners: dict[str, str] = {}
        for role, metrics in self.metrics().items():
            for metric in metrics:
                if metric not in known:
                    yield role, f"no metric is called {short(metric)}; {nearest(metric, known)}"
                elif metric not in (measured if isinstance(measured, list) else ()):
                    yield role, f"{metric!r} is not measured; add it to base.metrics.names"
                if metric in owners:
                    yield role, f"{metric!r} stands under {owners[metric]} too; remove one of them"
                owners.setdefault(metric, role)
        for metric in self.effects() if self.has("primary", "secondary", "guardrails") else ():
            if metric not in owners:
                tail = nearest(metric, owners)
                yield f"smallest_effect.{metric}", f"no such metric of the question; {tail}"


class _ClaimingEntry(_AskedEntry):
    guardrails: Metrics | None = Field(None, description="Metrics that may veto a claim of better.")
    expects: Annotated[Literal["higher", "lower", "differs"], Said()] = Field(
        "differs", description="The direction that is expected."
    )


class QuestionEntry(_ClaimingEntry):
    """What the study asks about one factor, and by which metrics."""

    compare: Text = Field(
        description="The factor; a list of two for their interaction, of more for a component "
        "table."
    )
    contrasts: (
        Annotated[
            Annotated[Family, Tag("~")]
            | Annotated[Annotated[list[Family], Field(min_length=1)], Tag("~list")]
            | Annotated[dict[Name, Weights], Tag("~weights")],
            Discriminator(_form),
        ]
        | None
    ) = Field(
        None,
        description="baseline: each value against the baseline (the default); sequence: each "
        "against the one before it; or name -> {value: weight}, whose weights sum to 0.",
    )
    trend: Annotated[Literal["linear", "log2"], Said()] | None = Field(
        None, description="The axis on which an ordered factor has a slope and a bend."
    )
    agrees_with: Text | None = Field(
        None,
        description="The question that asks the same of the scale ratio at fixed levels; without "
        "it, a difference may be one of coverage.",
    )

    def contrasts_of(self) -> Contrasts:
        """Return names of families, or name -> value -> weight."""
        if isinstance(self.contrasts, dict):
            return {
                name: {value: float(weight) for value, weight in weights.items()}
                for name, weights in self.contrasts.items()
            }
        if isinstance(self.contrasts, list):
            return tuple(self.contrasts)
        return (self.contrasts or "baseline",)

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if self.has("compare"):
            yield from _unknown_factors([self.compare], parts)
        factor = parts.factors.get(self.compare)
        if factor is not None and self.trend and (text := _trend_error(factor, self.trend)):
            yield "trend", text
        for name, weights in self.contrasts.items() if isinstance(self.contrasts, dict) else ():
            unknown = [value for value in weights if factor and value not in factor.values]
            for value in unknown:
                tail = nearest(str(value), [str(one) for one in factor.values] if factor else [])
                text = f"{value!r} is not a value of {self.compare}; {tail}"
                yield f"contrasts.{name}", text
            no_sum = not any(weights.values()) or abs(math.fsum(weights.values())) > 1e-9
            if no_sum and not unknown:
                example = "{signed: 1, sign_free: -1}"
                text = f"the weights must sum to 0 over two or more values, such as {example}"
                yield f"contrasts.{name}", text


class InteractionEntry(_AskedEntry):
    """Whether the effect of one factor depends on the value of another."""

    compare: Annotated[
        Annotated[list[Text], Field(min_length=2, max_length=2)],
        Said("two factors such as [padding, crop], for their interaction, or one without brackets"),
    ] = Field(description="The two factors.")

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Name the keys that only a question about one factor has."""
        del at
        text = OF_ONE_FACTOR.get(key)
        return text and (f"an interaction {text}; remove it" if value is not None else "")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if not self.has("compare"):
            return
        first, second = self.compare
        if first == second:
            yield "compare", f"an interaction has two factors, got {first!r} twice; name another"
            return
        yield from _unknown_factors(self.compare, parts)
        factors = [parts.factors[name] for name in self.compare if name in parts.factors]
        for factor in factors:
            if factor.tied_to:
                yield "compare", f"{factor.name!r} follows {factor.tied_to!r}; name that one"
        if len(factors) == 2 and factors[0].dimension == factors[1].dimension:
            text = f"both factors set {factors[0].dimension!r}; they cannot be crossed"
            yield "compare", f"{text}; name another"


class TableEntry(_ClaimingEntry):
    """Several components at once, each alone away from the baseline: one corrected family."""

    compare: Annotated[
        Annotated[list[Text], Field(min_length=2)],
        Said("a list of factors such as [attention, detail, gradient]"),
    ] = Field(description="The components, each a factor; the rows of one table.")
    contrasts: Annotated[Literal["baseline"], Said()] | None = Field(
        None, description="baseline: each row against the full method; needed for two components."
    )

    @classmethod
    def misplaced(cls, key: str, value: Any, at: str) -> str | None:
        """Name the keys that only a question about one factor has."""
        del at
        text = OF_ONE_LIST.get(key)
        return text and (f"a component table {text}; remove it" if value is not None else "")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if not self.has("compare"):
            return
        yield from _unknown_factors(self.compare, parts)
        for name in dict.fromkeys(self.compare):
            factor = parts.factors.get(name)
            if self.compare.count(name) > 1:
                yield "compare", f"names {name!r} twice; each component once"
            if factor is not None and factor.tied_to:
                yield "compare", f"{name!r} follows {factor.tied_to!r}; name that one"


def _unknown_factors(names: list[str], parts: Parts) -> Iterator[Problem]:
    for name in names:
        if name not in parts.compared:
            yield "compare", f"no factor is called {name!r}; {nearest(name, parts.compared)}"


def _trend_error(factor: Factor, trend: str) -> str | None:
    """Return why a factor can have no trend on an axis, None if it can."""
    numbers = [value for value in factor.values if is_number(value)]
    if not factor.ordered or len(numbers) < len(factor.values):
        return f"{factor.name} has no order; write ordered: true on a factor of numbers"
    if len(set(numbers)) < 3:
        return f"{factor.name} has {len(numbers)} values; a trend needs three or more"
    if trend == "log2" and min(numbers) <= 0:
        return f"{factor.name} has values without a logarithm; use linear"
    return None


AnyQuestion = QuestionEntry | InteractionEntry | TableEntry


def read_factors(parts: Parts, raw: Any) -> dict[str, Factor]:
    """Return the factors; those with errors are left out."""
    errors, factors = parts.errors, dict[str, Factor]()
    entries: dict[str, FactorEntry] = {}
    for name, values in errors.mapping("factors", raw).items():
        at = f"factors.{name}"
        if text := name_error(name):
            errors.add(at, text)
            continue
        entry = read(FactorEntry, values, at, parts)
        entries[name] = entry
        dimension = entry.dimension or name
        if dimension not in parts.written:
            text = f"no dimension is called {dimension!r}; {nearest(dimension, parts.written)}"
            errors.add(f"{at}.dimension" if entry.dimension else at, text)
        elif dimension in parts.dimensions:
            factor = _factor(parts, name, entry, parts.dimensions[dimension])
            if factor is not None:
                factors[name] = factor
    for name, factor in factors.items():
        if factor.tied_to is not None:
            factors[name] = _tied(parts, factor, factors, entries)
    first: dict[str, Factor] = {}
    for name, factor in factors.items():
        other = first.setdefault(factor.dimension, factor)
        if other.baseline != factor.baseline:
            errors.add(
                f"factors.{name}.baseline",
                f"must be {other.baseline!r} like that of {other.name!r}: both set "
                f"{factor.dimension!r}",
            )
    return factors


def _factor(parts: Parts, name: str, entry: FactorEntry, dimension: Dimension) -> Factor | None:
    """Return the factor over a dimension, None if it has no usable values."""
    at, errors = f"factors.{name}", parts.errors
    if isinstance(dimension, VectorDimension):
        errors.add(
            at,
            f"{dimension.name!r} has lists for values, which cannot be compared by name; compare a "
            "bundle with a named choice per list",
        )
        return None
    if not entry.has("values"):
        return None
    values = entry.values or list(dimension.choices or ())
    if not values:
        errors.add(f"{at}.values", "is missing; write a list of at least two values")
        return None
    if entry.tied_to is None and len({repr(value) for value in values}) < len(values):
        errors.add(f"{at}.values", "has one value twice; remove the second")
    for value in values:
        if text := value_error(parts, dimension, value):
            errors.add(f"{at}.values", text)
    is_given = "baseline" in entry.model_fields_set
    baseline = entry.baseline if is_given else dimension.baseline
    if baseline not in values and (entry.tied_to is None or is_given):
        text = f"{short(baseline)} is not one of the values {short(values)}; add it or name another"
        errors.add(f"{at}.baseline", text)
    if entry.without is not None and entry.without not in values:
        text = f"{short(entry.without)} is not one of the values {short(values)}; name one of them"
        errors.add(f"{at}.without", text)
    return Factor(
        name=name,
        dimension=dimension.name,
        values=tuple(values),
        baseline=baseline,
        ordered=bool(entry.ordered),
        tied_to=entry.tied_to,
        without=entry.without,
    )


def _tied(
    parts: Parts, factor: Factor, factors: Mapping[str, Factor], entries: Mapping[str, FactorEntry]
) -> Factor:
    """Return the factor with the baseline that has the index of its leader's."""
    at, errors = f"factors.{factor.name}", parts.errors
    leader = factors.get(str(factor.tied_to))
    others = [name for name in parts.compared if name != factor.name]
    if factor.tied_to not in others:
        tail = nearest(str(factor.tied_to), others)
        errors.add(f"{at}.tied_to", f"no other factor is called {factor.tied_to!r}; {tail}")
    if leader is None or leader.name == factor.name:
        return factor
    if leader.tied_to is not None:
        errors.add(f"{at}.tied_to", f"{leader.name!r} is tied itself; name {leader.tied_to!r}")
        return factor
    if len(leader.values) != len(factor.values):
        text = f"has {len(factor.values)} values, {leader.name!r} has {len(leader.values)}"
        errors.add(f"{at}.values", f"{text}; give as many")
        return factor
    if leader.baseline not in leader.values:
        return factor
    baseline = factor.values[leader.values.index(leader.baseline)]
    entry = entries[factor.name]
    if "baseline" in entry.model_fields_set and entry.baseline != baseline:
        errors.add(
            f"{at}.baseline",
            f"must be {baseline!r}, the value at the baseline of {leader.name!r}",
        )
    return replace(factor, baseline=baseline)


def read_questions(parts: Parts, raw: Any) -> dict[str, Question]:
    """Return the questions; one with errors has defaults in their place."""
    errors, questions = parts.errors, dict[str, Question]()
    for name, values in errors.mapping("questions", raw).items():
        at = f"questions.{name}"
        if text := name_error(name):
            errors.add(at, text)
            continue
        questions[name] = _question(name, read(_model_of(values), values, at, parts))
    _check_agreement(parts, questions)
    return questions


def _model_of(values: Any) -> type[AnyQuestion]:
    """Return the model of a question: two factors are an interaction unless they have contrasts."""
    compare = values.get("compare") if isinstance(values, Mapping) else None
    if not isinstance(compare, list):
        return QuestionEntry
    is_table = len(compare) > 2 or (len(compare) == 2 and values.get("contrasts") == "baseline")
    return TableEntry if is_table else InteractionEntry


def _question(name: str, entry: AnyQuestion) -> Question:
    shared: dict[str, Any] = {
        "id": name,
        "asks": entry.asks or "",
        **entry.metrics(),
        "smallest_effect": entry.effects(),
        "images": entry.images,
        "tests": entry.asked_on(),
    }
    if isinstance(entry, InteractionEntry):
        first, second = entry.compare or ("", "")
        return Question(compare=first, crossed_with=second, contrasts=(INTERACTION,), **shared)
    if isinstance(entry, TableEntry):
        names = tuple(entry.compare or ())
        first = next(iter(names), "")
        return Question(compare=first, components=names, expects=entry.expects, **shared)
    return Question(
        compare=entry.compare or "",
        expects=entry.expects,
        contrasts=entry.contrasts_of(),
        trend=entry.trend,
        agrees_with=entry.agrees_with,
        **shared,
    )


def _check_agreement(parts: Parts, questions: Mapping[str, Question]) -> None:
    """Add an error where a question agrees with one that does not ask the same in another form."""
    tied = {factor.tied_to for factor in parts.factors.values()}
    for name, question in questions.items():
        at, other = f"questions.{name}.agrees_with", question.agrees_with
        others = [one for one in questions if one != name]
        if other is None:
            continue
        if other not in others:
            text = f"no other question is called {other!r}; {nearest(other, others)}"
            parts.errors.add(at, text)
            continue
        both = [question.compare, questions[other].compare]
        factors = [parts.factors[one] for one in both if one in parts.factors]
        if len(factors) < 2:  # said where the factor is read
            continue
        is_ratio = all(factor.dimension == "ratio" for factor in factors)
        if not is_ratio or both[0] not in tied or both[1] in tied:
            parts.errors.add(
                at,
                "is for the scale ratio in two designs: both questions compare a factor of the "
                "dimension ratio, and another factor is tied to the one of this question",
            )
