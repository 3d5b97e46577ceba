"""The answer to a component table in a sentence: what is worse without it, and what is not."""

from collections.abc import Sequence
from typing import Final

from ablate.analysis.question import label_of, metric_label
from ablate.analysis.words import Answered, effect_of

MOST_NAMES: Final = 4  # rows that are named per word; the rest is counted
HEADS: Final = {
    "loss": "worse",
    "gain": "better",
    "trade-off": "a trade-off",
    "equivalent": "equivalent",
    "open": "open",
}


def table_headline(answers: Sequence[Answered]) -> str:
    """Return the rows of a table by their words, with the largest effect of what is worse.

    Args:
        answers: Every row against the full method.
    """
    parts = []
    for word, head in HEADS.items():
        rows = [one for one in answers if one.word == word]
        if not rows:
            continue
        rows.sort(key=_size, reverse=True)
        names = [_row(one) for one in rows[:MOST_NAMES]]
        if word in ("loss", "gain") and (shown := _largest(rows[0])):
            names[0] += f" by {shown}"
        more = len(rows) - len(names)
        parts.append(f"{head}: {', '.join(names)}" + (f" and {more} more" if more else ""))
    base = label_of(answers[0].baseline) if answers and answers[0].baseline is not None else "full"
    return f"Against {base}, {'; '.join(parts)}." if parts else "No row has an answer."


def table_advice(answers: Sequence[Answered]) -> str:
    """Return what to keep and what may go, in one line."""
    parts = []
    for word, text in (
        ("loss", "leave as it is: {}"),
        ("gain", "change: {}"),
        ("equivalent", "makes no difference that matters: {}"),
        ("trade-off", "depends on the metric that counts: {}"),
        ("open", "not decided: {}"),
    ):
        names = [_row(one) for one in answers if one.word == word]
        if names:
            parts.append(text.format(", ".join(names)))
    return f"What to use: {'; '.join(parts)}." if parts else "What to use: nothing follows."


def _row(one: Answered) -> str:
    return label_of(one.value) if one.value is not None else one.contrast


def _size(one: Answered) -> float:
    return max((abs(shown.change) for shown in one.effects), default=0.0)


def _largest(one: Answered) -> str:
    """Return the largest decided effect of a row, with its interval."""
    sure = [shown for shown in one.effects if one.primary.get(shown.metric) == one.word]
    if not sure:
        return ""
    first = max(sure, key=lambda shown: abs(shown.change))
    return f"{metric_label(first.metric)} {effect_of(first)}"
