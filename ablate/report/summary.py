"""The result in words, for a terminal: what was seen, and that it claims nothing."""

import textwrap

import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import unhealthy_in_words
from ablate.analysis.table import arms, designed, gamed
from ablate.errors import one_line
from ablate.metrics.catalogue import better_of, label_of
from ablate.metrics.copies import marked, sentence, with_mark
from ablate.report.contents import Contents
from ablate.report.pilots import convergence
from ablate.report.values import gamed_values, trade_offs

MOST_TRADE_OFFS = 5

NO_CLAIM = (
    "This report describes and claims nothing: no interval, test or correction has been applied, "
    "and means over a few seeds differ by chance."
)


def summary(contents: Contents) -> str:
    """Return a few lines of at most 80 columns that say what was seen."""
    facts = contents.facts
    lines = [f"{facts.study}: {facts.title}"]
    lines += textwrap.wrap(contents.banner, 78)
    lines += textwrap.wrap(facts.drift, 78)
    lines += textwrap.wrap(convergence(contents), 78)
    lines += [f"  asks: {question}" for question in facts.asks]
    if contents.answered:
        beside = contents.comparators
        lines += [line for one in contents.answered for line in _answer(one, beside)]
    else:
        lines += _best_first(contents)
    fronts = trade_offs(contents)
    if len(fronts):
        word = "trial" if len(fronts) == 1 else "trials"
        lines.append(f"  trade-offs: {len(fronts)} {word} that no other beats in all objectives")
        lines += [
            f"    {row['arm']}: "
            + ", ".join(f"{name} {row[name]:.4f}" for name in fronts.columns[4:])
            for row in fronts.head(MOST_TRADE_OFFS).to_dict("records")
        ]
    failed = int((contents.runs["state"] == "failed").sum())
    if failed:
        word = "run" if failed == 1 else "runs"
        lines.append(f"  {failed} {word} failed; see the reasons in the report")
    unhealthy = unhealthy_in_words(contents.runs)
    for text in (*contents.unscored, *contents.damage, *([unhealthy] if unhealthy else [])):
        lines += textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="    ")
    if not contents.answered:
        lines.append("Descriptive only: nothing is claimed from these means.")
    return "\n".join(map(one_line, lines))  # the words of a store must not move the cursor


def _answer(question: AnsweredQuestion, comparators: pd.DataFrame) -> list[str]:
    """Return the verdict of a question and its primary rows, wrapped."""
    beaten = gamed_values(question, comparators)
    texts = [f"{question.id}: {question.answer}"]
    texts += [question.advice] if question.advice else []
    texts += [with_mark(question.sentence_of(row), row.metric, beaten) for row in question.deciding]
    texts += [sentence(beaten)] if beaten else []
    texts += question.notes
    texts += [f"caveat: {text}" for text in question.caveats]
    lines = textwrap.wrap(texts[0], 78, initial_indent="", subsequent_indent="    ")
    for text in texts[1:]:
        lines += textwrap.wrap(text, 78, initial_indent="  - ", subsequent_indent="    ")
    return lines


def _best_first(contents: Contents) -> list[str]:
    """Return the arms of every metric in the order of their means."""
    facts, lines = contents.facts, []
    table = arms(designed(contents.runs, facts), facts.metrics)
    beaten = gamed(table, contents.comparators)
    for metric in dict.fromkeys([*facts.primary, *facts.metrics]):
        part = table[(table["metric"] == metric) & (table["runs"] > 0)]
        if part.empty:
            continue
        ordered = part.sort_values("mean", ascending=better_of(metric) == "lower", kind="stable")
        words = ", ".join(f"{row.arm} {row.mean:.3f}" for row in ordered.itertuples())
        first = marked(f"  {label_of(metric):5s} best first", metric, beaten)
        lines.append(f"{first}: {words}")
    text = sentence(beaten)
    return lines + textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="    ")
