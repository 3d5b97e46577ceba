"""Read and check the questions: what is compared, by which metrics, and what would be enough."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from ablate.config.faults import Faults, short
from ablate.config.schema import Expects, Factor, Question, Trend
from ablate.config.settings import Context
from ablate.config.spaces import usable_name
from ablate.errors import nearest

KEYS = (
    "asks",
    "compare",
    "primary",
    "secondary",
    "guardrails",
    "smallest_effect",
    "expects",
    "contrasts",
    "trend",
    "images",
    "agrees_with",
)
EXPECTS = ("higher", "lower", "differs")
PATTERNS = ("baseline", "sequence")  # families of contrasts that have a name
INTERACTION = "interaction"  # the contrasts of a question that compares two factors
TRENDS = ("linear", "log2")
IMAGES = ("random", "fixed")
OF_ONE_FACTOR = {
    "contrasts": "has contrasts of its own",
    "trend": "has no trend",
    "expects": "has no better and no worse side",
    "agrees_with": "stands for itself",
    "guardrails": "is no claim of better, so nothing can veto it",
}
_PERCENT = re.compile(r"\d+(\.\d+)?\s*%")


def read_questions(
    context: Context, raw: Any, *, factors: Mapping[str, Factor], written: Collection[str]
) -> dict[str, Question]:
    """Return the questions.

    Args:
        context: Base settings, names, and where faults go.
        raw: The section of the file.
        factors: The factors that could be read.
        written: All factors of the file, faulty ones included.
    """
    faults = context.faults
    questions: dict[str, Question] = {}
    for name, values in faults.mapping("questions", raw).items():
        at = f"questions.{name}"
        if not usable_name(faults, at, name):
            continue
        entry = faults.mapping(at, values)
        faults.unknown_keys(at, entry, KEYS, "setting of a question")
        compare, crossed_with = _compared(faults, at, entry, factors=factors, written=written)
        roles = {
            role: _metric_names(context, f"{at}.{role}", entry.get(role), needed=role == "primary")
            for role in ("primary", "secondary", "guardrails")
        }
        _each_once(faults, at, roles)
        factor = factors.get(compare)
        questions[name] = Question(
            id=name,
            asks=faults.text(f"{at}.asks", entry.get("asks"), needed=True),
            compare=compare,
            primary=roles["primary"],
            secondary=roles["secondary"],
            guardrails=roles["guardrails"],
            smallest_effect=_effects(
                faults,
                f"{at}.smallest_effect",
                entry.get("smallest_effect"),
                [metric for metrics in roles.values() for metric in metrics],
            ),
            expects=cast(Expects, _one_of(faults, f"{at}.expects", entry, EXPECTS, "differs")),
            contrasts=(INTERACTION,)
            if crossed_with
            else _contrasts(faults, f"{at}.contrasts", entry.get("contrasts"), factor),
            trend=_trend(faults, f"{at}.trend", entry.get("trend"), factor),
            images=_one_of(faults, f"{at}.images", entry, IMAGES, "random"),
            agrees_with=faults.text(f"{at}.agrees_with", entry.get("agrees_with")) or None,
            crossed_with=crossed_with,
        )
    for name, question in questions.items():
        others = [other for other in questions if other != name]
        if question.agrees_with is not None and question.agrees_with not in others:
            text = f"no other question is called {question.agrees_with!r}; "
            faults.add(
                f"questions.{name}.agrees_with", text + nearest(question.agrees_with, others)
            )
        elif question.agrees_with is not None and not _are_two_forms(
            question, questions[question.agrees_with], factors
        ):
            faults.add(
                f"questions.{name}.agrees_with",
                "is for the scale ratio in two designs: both questions compare a factor of the "
                "dimension ratio, and another factor is tied to the one of this question",
            )
    return questions


def _are_two_forms(question: Question, other: Question, factors: Mapping[str, Factor]) -> bool:
    """Return whether both are about the scale ratio, this one with something tied to it."""
    both = [factors.get(one.compare) for one in (question, other)]
    if None in both:
        return True  # said where the factor is read
    tied = {factor.tied_to for factor in factors.values()}
    is_ratio = all(factor is not None and factor.dimension == "ratio" for factor in both)
    return is_ratio and question.compare in tied and other.compare not in tied


def _compared(
    faults: Faults,
    at: str,
    entry: Mapping[str, Any],
    *,
    factors: Mapping[str, Factor],
    written: Collection[str],
) -> tuple[str, str | None]:
    """Return the factor that a question compares, and the second one of an interaction."""
    raw, at_compare = entry.get("compare"), f"{at}.compare"
    names = raw if isinstance(raw, list) else [faults.text(at_compare, raw, needed=True)]
    if isinstance(raw, list) and (len(raw) != 2 or raw[0] == raw[1]):
        text = f"an interaction has two factors such as [padding, crop], got {short(raw)}"
        faults.add(at_compare, text)
        return "", None
    for name in names:
        if name and name not in written:
            faults.add(at_compare, f"no factor is called {name!r}; {nearest(str(name), written)}")
    if len(names) == 1:
        return names[0], None
    first, second = (factors.get(str(name)) for name in names)
    for factor in (first, second):
        if factor is not None and factor.tied_to:
            faults.add(at_compare, f"{factor.name!r} follows {factor.tied_to!r}; name that one")
    if first is not None and second is not None and first.dimension == second.dimension:
        faults.add(at_compare, f"both factors set {first.dimension!r}; they cannot be crossed")
    for key, text in OF_ONE_FACTOR.items():
        if entry.get(key) is not None:
            faults.add(f"{at}.{key}", f"an interaction {text}; remove it")
    return str(names[0]), str(names[1])


def _metric_names(context: Context, at: str, raw: Any, *, needed: bool) -> tuple[str, ...]:
    faults, names = context.faults, context.known
    section = context.base.get("metrics")
    measured = section.get("names") if isinstance(section, dict) else None
    measured = measured if isinstance(measured, list) else []
    values = [raw] if isinstance(raw, str) else raw
    if values is None and not needed:
        return ()
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        faults.add(at, f"must be a list of metrics such as [qabf, vif], got {short(raw)}")
        return ()
    lower = tuple(value.lower() for value in values)
    for value in lower:
        if value in names["metrics"] and value not in measured:
            faults.add(at, f"{value!r} is not measured; add it to base.metrics.names")
        else:
            faults.known(at, value, names["metrics"], "metric")
    return tuple(dict.fromkeys(lower))


def _each_once(faults: Faults, at: str, roles: Mapping[str, tuple[str, ...]]) -> None:
    owners: dict[str, str] = {}
    for role, metrics in roles.items():
        for metric in metrics:
            if metric in owners:
                text = f"{metric!r} stands under {owners[metric]} too; a metric has one role"
                faults.add(f"{at}.{role}", text)
            owners.setdefault(metric, role)


def _effects(faults: Faults, at: str, raw: Any, metrics: list[str]) -> dict[str, Any]:
    effects = {str(key).lower(): value for key, value in faults.mapping(at, raw).items()}
    faults.unknown_keys(at, effects, metrics, "metric of the question")
    for key, value in effects.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0 < value < math.inf:
            continue
        if not isinstance(value, str) or not _PERCENT.fullmatch(value.strip()):
            text = f"must be a percentage such as 0.2% or a positive number, got {short(value)}"
            faults.add(f"{at}.{key}", text)
    return effects


def _contrasts(
    faults: Faults, at: str, raw: Any, factor: Factor | None
) -> tuple[str, ...] | dict[str, dict[Any, float]]:
    """Return names of patterns, or name -> value -> weight."""
    if raw is None:
        return ("baseline",)
    if isinstance(raw, (str, list)):
        words = [raw] if isinstance(raw, str) else raw
        if not words:
            faults.add(at, f"must name at least one of {', '.join(PATTERNS)}")
        for word in words:
            faults.known(at, str(word), PATTERNS, "family of contrasts")
        return tuple(str(word) for word in words)
    found: dict[str, dict[Any, float]] = {}
    for name, weights in faults.mapping(at, raw).items():
        if not usable_name(faults, f"{at}.{name}", name):
            continue
        terms = faults.mapping(f"{at}.{name}", weights)
        for value, weight in terms.items():
            number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
            if not number or not math.isfinite(weight):
                faults.add(f"{at}.{name}.{value}", f"must be a number, got {short(weight)}")
                return {}
            if factor is not None and value not in factor.values:
                known = [str(some) for some in factor.values]
                text = f"{value!r} is no value of {factor.name}; {nearest(str(value), known)}"
                faults.add(f"{at}.{name}", text)
                return {}
        if not any(terms.values()) or abs(math.fsum(terms.values())) > 1e-9:
            faults.add(
                f"{at}.{name}",
                "the weights must sum to 0 over two or more values, such as "
                "{signed: 1, sign_free: -1}",
            )
        found[str(name)] = {value: float(weight) for value, weight in terms.items()}
    return found


def _trend(faults: Faults, at: str, raw: Any, factor: Factor | None) -> Trend | None:
    if raw is None:
        return None
    if raw not in TRENDS:
        faults.add(at, f"must be one of {', '.join(TRENDS)}, got {short(raw)}")
        return None
    if factor is None:
        return cast(Trend, raw)
    numbers = [v for v in factor.values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if not factor.ordered or len(numbers) < len(factor.values):
        faults.add(at, f"{factor.name} has no order; write ordered: true on a factor of numbers")
    elif len(set(numbers)) < 3:
        faults.add(at, f"{factor.name} has {len(numbers)} values; a trend needs three or more")
    elif raw == "log2" and min(numbers) <= 0:
        faults.add(at, f"{factor.name} has values without a logarithm; use linear")
    return cast(Trend, raw)


def _one_of(
    faults: Faults, at: str, entry: Mapping[str, Any], allowed: tuple[str, ...], default: str
) -> str:
    value = entry.get(at.rpartition(".")[2], default)
    if value not in allowed:
        faults.add(at, f"must be one of {', '.join(allowed)}, got {short(value)}")
        return default
    return str(value)
