"""The word of a contrast, in one metric and over all that decide, and the headline of a question.

Words do not depend on which of two values is called the baseline: written the other way round, a
gain is a loss, and all other words stay.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ablate.analysis.question import label_of, metric_label
from ablate.published import Value

MetricWord: TypeAlias = Literal[
    "gain", "loss", "equivalent", "present", "absent", "open", "not answerable"
]
ContrastWord: TypeAlias = MetricWord | Literal["trade-off"]
GuardWord: TypeAlias = Literal["safe", "harmed", "unknown"]
MOST_EFFECTS: Final = 4  # numbers of a headline
MOST_NAMED: Final = 3  # contrasts that a headline lists
MOST_WORDS: Final = 40
DECIDED: Final = ("gain", "loss", "trade-off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one contrast shows in one metric, larger meaning better.

    Args:
        metric: Name of the metric.
        change: Estimate, in percent of the tuned baseline, with the sign of the raw difference.
        low: Ends of its interval, same unit; None where there is none.
        high: See `low`.
        is_better: Whether the estimate lies on the better side; None at 0.
        p: Corrected two-sided p; None where the row is not judged.
        p_equivalent: Corrected p of the equivalence; None without a smallest effect.
        is_inside: Whether the whole interval lies inside the smallest effect.
        is_safe: Whether the worse end of the interval lies inside the smallest effect.
        is_answerable: False where a guard of validity fails.
    """

    metric: str
    change: float
    low: float | None
    high: float | None
    is_better: bool | None
    p: float | None
    p_equivalent: float | None
    is_inside: bool
    is_safe: bool
    is_answerable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One contrast over its primary metrics, with its guards beside it.

    `value` and `baseline` are None where the contrast is not a pair of values.
    """

    contrast: str
    value: Value | None
    baseline: Value | None
    word: ContrastWord
    primary: Mapping[str, MetricWord]  # by metric
    guards: Mapping[str, GuardWord]
    expected: Literal["as expected", "the opposite", ""]
    effects: tuple[Shown, ...]  # of primary metrics, then of harmed guards


def metric_word(shown: Shown, *, alpha: float, has_direction: bool = True) -> MetricWord:
    """Return the word of a contrast in one metric.

    Equivalence goes first: an effect that is sure and too small to matter is equivalent.

    Args:
        shown: The contrast in the metric.
        alpha: Family-wise level of the claims.
        has_direction: False for a curvature and an interaction, which are present or absent.
    """
    if not shown.is_answerable:
        return "not answerable"
    if shown.p_equivalent is not None and shown.p_equivalent < alpha:
        return "equivalent" if has_direction else "absent"
    if shown.p is None or shown.p >= alpha or shown.is_better is None:
        return "open"
    if not has_direction:
        return "present"
    return "gain" if shown.is_better else "loss"


def guard_word(shown: Shown, *, alpha: float) -> GuardWord:
    """Return whether a guardrail metric is harmed: shown to be worse by more than what matters."""
    if shown.is_answerable and _is_shown(shown, alpha=alpha) and not shown.is_better:
        return "harmed"
    return "safe" if shown.is_answerable and shown.is_safe else "unknown"


def contrast_word(
    primary: Sequence[Shown],
    guards: Sequence[Shown],
    *,
    alpha: float,
    has_direction: bool = True,
) -> ContrastWord:
    """Return the word of a contrast over its primary metrics.

    A gain beside a loss, or beside a harmed guard, is a trade-off; so is a loss that a guard
    gains by. A metric that is open takes nothing away from one that is decided.
    """
    words = [metric_word(one, alpha=alpha, has_direction=has_direction) for one in primary]
    if not words or "not answerable" in words:
        return "not answerable"
    if not has_direction:
        if "present" in words:
            return "present"
        return "absent" if set(words) == {"absent"} else "open"
    shown = [one for one in guards if one.is_answerable and _is_shown(one, alpha=alpha)]
    ups = "gain" in words, any(one.is_better for one in shown)
    downs = "loss" in words, any(not one.is_better for one in shown)
    if (ups[0] and any(downs)) or (downs[0] and any(ups)):
        return "trade-off"
    if ups[0] or downs[0]:
        return "gain" if ups[0] else "loss"
    return "equivalent" if set(words) == {"equivalent"} else "open"


def answered(
    contrast: str,
    *,
    pair: tuple[Value, Value] | None,
    primary: Sequence[Shown],
    guards: Sequence[Shown],
    alpha: float,
    expects: Literal["higher", "lower", "differs"] = "differs",
    has_direction: bool = True,
) -> Answered:
    """Return a contrast with its words.

    Args:
        contrast: Its name.
        pair: Value and baseline; None where it is not a pair of values.
        primary: What it shows in every primary metric.
        guards: What it shows in every guardrail metric.
        alpha: Family-wise level of the claims.
        expects: The hypothesis: a better or a worse score, or no direction.
        has_direction: False for a curvature and an interaction.
    """
    word = contrast_word(primary, guards, alpha=alpha, has_direction=has_direction)
    of_guards = {one.metric: guard_word(one, alpha=alpha) for one in guards}
    harmed = {name for name, found in of_guards.items() if found == "harmed"}
    return Answered(
        contrast=contrast,
        value=pair[0] if pair else None,
        baseline=pair[1] if pair else None,
        word=word,
        primary={
            one.metric: metric_word(one, alpha=alpha, has_direction=has_direction)
            for one in primary
        },
        guards=of_guards if has_direction else {},
        expected=_expected(word, expects),
        effects=(*primary, *(one for one in guards if one.metric in harmed and has_direction)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What a contrast shows in a metric at another training budget, in words and in percent."""

    contrast: str
    metric: str
    change: float  # in percent of the tuned baseline of the registered budget
    at: str  # such as "twice the steps"
    low: float | None = None  # ends of its interval, same unit
    high: float | None = None


def headline(
    factor: str,
    answers: Sequence[Answered],
    *,
    not_answerable: str = "",
    later: Sequence[Later] = (),
) -> str:
    """Return the answer to a question in at most 40 words and four effects, a sentence for each.

    Args:
        factor: What is compared.
        answers: Every registered contrast.
        later: Effects at other training budgets: that of the first effect named stands behind it.
        not_answerable: The first reason why the question has no answer; empty where it has one.
    """
    if not_answerable:
        return f"Not answerable: {not_answerable}."
    pairs = [one for one in answers if one.value is not None]
    if first := leading(pairs):
        text = _in_words(factor, first, later)
        tails = _beside_the_first(pairs)
        return next(
            (f"{text}{tail}" for tail in tails if len(f"{text}{tail}".split()) <= MOST_WORDS), text
        )
    if pairs and all(one.word == "equivalent" for one in pairs):
        return f"Equivalent: no value of {factor} changes a primary metric by as much as matters."
    present = [one for one in answers if one.word == "present"]
    if present:
        metrics = [name for name, word in present[0].primary.items() if word == "present"]
        return (
            f"{present[0].contrast} is present in {_listed(metrics)}; no single value is decided."
        )
    alike = [one.contrast for one in pairs if one.word == "equivalent"]
    if alike:
        text = f"Open: no difference between values of {factor} is shown."
        return f"{text} Equivalent: {joined(alike[:MOST_NAMED], last='and')}."
    if pairs:
        return f"Open: no difference between values of {factor} is shown, and none is ruled out."
    words = {one.word for one in answers}
    return f"Absent: {factor} shows no such effect." if words == {"absent"} else f"Open: {factor}."


def leading(answers: Sequence[Answered]) -> Answered | None:
    """Return the decided contrast that a headline names; None where none is decided."""
    return max(_decided(answers), key=_weight, default=None)


def leading_word(answers: Sequence[Answered]) -> ContrastWord | None:
    """Return the word of the contrast that a headline names; None without any contrast."""
    if first := leading(answers):
        return first.word
    for word in ("present", "not answerable", "open", "equivalent", "absent"):
        if any(one.word == word for one in answers):
            return word
    return None


def advice(factor: str, answers: Sequence[Answered], *, values: Sequence[Value]) -> str:
    """Return what to use, in one line: the values that no other value beats.

    A value is beaten by another where their contrast is a gain or a loss, or where it harms a
    guardrail and gains nothing for it.
    """
    pairs = [one for one in answers if one.value is not None and one.baseline is not None]
    answerable = [one for one in pairs if one.word != "not answerable"]
    if not answerable:
        return "What to use: nothing follows from this study."
    seen = {value for one in answerable for value in (one.value, one.baseline)}
    values, pairs = [value for value in values if value in seen], answerable
    beaten = {one.baseline for one in pairs if one.word == "gain"}
    beaten |= {one.value for one in pairs if one.word == "loss"}
    harms = [one for one in pairs if "harmed" in one.guards.values()]
    beaten |= {one.value for one in harms if one.word in ("open", "equivalent")}
    kept = [value for value in values if value not in beaten]
    trades = [one for one in pairs if one.word == "trade-off"]
    trades = [one for one in trades if one.value in kept and one.baseline in kept]
    if trades:
        first = max(trades, key=_weight)
        up = _listed([n for n, word in first.primary.items() if word == "gain"])
        down = [n for n, word in first.primary.items() if word == "loss"]
        down += [n for n, word in first.guards.items() if word == "harmed"]
        one, other = label_of(first.value), label_of(first.baseline)  # type: ignore[arg-type]
        if not up or not down:
            return f"What to use: {factor} {one} or {other}, by the metric that counts for you."
        return f"What to use: {one} for {up}, {other} for {_listed(down)}."
    if len(kept) == 1:
        return f"What to use: {factor} {label_of(kept[0])}."
    if 0 < len(kept) < len(values):
        return f"What to use: {factor} {joined([label_of(value) for value in kept], last='or')}."
    if all(one.word == "equivalent" for one in pairs):
        return f"What to use: any {factor}; take the cheapest."
    return f"What to use: this study does not decide between the values of {factor}."


def _is_shown(shown: Shown, *, alpha: float) -> bool:
    """Return whether a difference is shown and may be larger than what matters."""
    is_sure = shown.p is not None and shown.p < alpha and shown.is_better is not None
    return is_sure and not shown.is_inside


def _expected(
    word: ContrastWord, expects: Literal["higher", "lower", "differs"]
) -> Literal["as expected", "the opposite", ""]:
    if expects == "differs" or word not in ("gain", "loss"):
        return ""
    return "as expected" if (word == "gain") == (expects == "higher") else "the opposite"


def _decided(answers: Sequence[Answered]) -> list[Answered]:
    """Return the decided contrasts of two values, those that a headline may name."""
    return [one for one in answers if one.word in DECIDED and one.value is not None]


def _weight(one: Answered) -> tuple[int, float]:
    """Return the rank of a contrast for the headline: trade-offs and gains, then the largest."""
    changes = [abs(shown.change) for shown in one.effects]
    return (one.word != "loss", max(changes, default=0.0))


def _beside_the_first(pairs: Sequence[Answered]) -> list[str]:
    """Return what a headline says of the contrasts that it does not name, the longest first."""
    others = len(_decided(pairs)) - 1
    verb = "is" if others == 1 else "are"
    decided = f" {others} more of {len(pairs)} contrasts {verb} decided." if others else ""
    left = [one.contrast for one in pairs if one.word == "open"]
    named = f" Open: {joined(left, last='and')}." if left else ""
    counted = f" {len(left)} of {len(pairs)} contrasts stay open." if left else ""
    return [f"{decided}{named}", f"{decided}{counted}", counted, decided]


def _in_words(factor: str, one: Answered, later: Sequence[Later]) -> str:
    """Return a decided contrast in words: a sentence per effect, each with its interval."""
    words = one.primary
    sure = [s for s in one.effects if words.get(s.metric, "gain") in ("gain", "loss")]
    mine = [x for x in later if sure and (x.contrast, x.metric) == (one.contrast, sure[0].metric)]
    kept = sure[: MOST_EFFECTS - len(mine[:1])]
    parts = [f"{metric_label(shown.metric)} {effect_of(shown)}" for shown in kept]
    parts += [
        f"{metric_label(x.metric)} at {x.at} {percent_of(x.change, x.low, x.high)}"
        for x in mine[:1]
    ]
    kind = {"gain": "a gain", "loss": "a loss", "trade-off": "a trade-off"}[one.word]
    expected = f", {one.expected}" if one.expected else ""
    pair = f"{label_of(one.value)} vs {label_of(one.baseline)}"  # type: ignore[arg-type]
    name = f"{factor} {pair}" if one.contrast == pair else f"{one.contrast} ({pair})"
    text = f"{name} is {kind}{expected}{f': {parts[0]}' if parts else ''}."
    for part in parts[1:]:
        longer = f"{text} {part}."
        text = longer if len(longer.split()) <= MOST_WORDS else text
    return text


def effect_of(shown: Shown) -> str:
    """Return an effect in percent of the tuned baseline, with the digits that its interval allows.

    Example:
        >>> effect_of(Shown(metric="qabf", change=1.71, low=1.36, high=2.06, is_better=True, p=0.0,
        ...     p_equivalent=None, is_inside=False, is_safe=True))
        '+1.7 % (+1.4 to +2.1)'
    """
    return percent_of(shown.change, shown.low, shown.high)


def percent_of(change: float, low: float | None, high: float | None) -> str:
    """Return a change in percent with its interval where there is one."""
    digits = digits_of(low, high)
    text = f"{rounded(change, digits)} %"
    if low is not None and high is not None:
        text += f" ({rounded(low, digits)} to {rounded(high, digits)})"
    return text


def rounded(number: float, digits: int) -> str:
    """Return a number with its sign; what rounds to 0 has no minus.

    Example:
        >>> rounded(-0.01, 1), rounded(-0.1, 1)
        ('+0.0', '-0.1')
    """
    return f"{round(number, digits) + 0.0:+.{digits}f}"


def digits_of(low: float | None, high: float | None) -> int:
    """Return the decimals that an interval in percent allows.

    Example:
        >>> digits_of(-20.0, 10.0), digits_of(1.4, 2.1), digits_of(0.31, 0.42)
        (0, 1, 2)
    """
    if low is None or high is None:
        return 1
    half = abs(high - low) / 2
    if half >= 10 or half == 0:
        return 0 if half else 1
    return 1 if half >= 0.1 else min(9, -math.floor(math.log10(half)))


def _listed(metrics: Iterable[str]) -> str:
    return joined([metric_label(name) for name in metrics], last="and")


def joined(names: Sequence[str], *, last: str) -> str:
    """Return names as a list in a sentence.

    Example:
        >>> joined(["EN", "SD", "MI"], last="and")
        'EN, SD and MI'
    """
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
