"""What a reader sees first: question, headline, what to use, one figure, pictures, health, scope.

A study without an answer phase is described in the same place. At most 150 words per question;
everything behind them stands in the parts that follow.
"""

from collections.abc import Iterator, Sequence

from ablate.analysis.confirmation import BASELINE, recipe_in_words
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import HEALTHY, is_unhealthy, unhealthy_in_words
from ablate.analysis.question import metric_label
from ablate.report.anchors import anchor
from ablate.report.best import ArmMean, Recipe, best
from ablate.report.blocks import Block, Card, Part, Shown, Text
from ablate.report.confirmed import in_words as confirmed_in_words
from ablate.report.contents import Contents
from ablate.report.pilots import STILL, convergence
from ablate.tables import shortened

INSTEAD = "history"  # the figure of a study that only searched
LONGEST = 200  # letters of settings in a sentence
LONGEST_QUESTION = 400


def first_part(contents: Contents, figures: Sequence[Shown]) -> Part:
    """Return the first part of a report.

    Args:
        contents: Of the study.
        figures: Those that the part shows.
    """
    if contents.answered:
        cards = [
            _card(question, at, frozen=_frozen(contents, question))
            for at, question in enumerate(contents.answered, start=1)
        ]
    else:
        cards = list(_described(contents))
    return Part(
        anchor="answers",
        heading="Answers" if contents.answered else "What was seen",
        blocks=(
            *cards,
            *figures,
            Text(text=health_line(contents)),
            Text(text=_scope(contents), look="small"),
        ),
    )


def featured(figures: Sequence[Shown]) -> list[Shown]:
    """Return the figures of the first page, those that have something to show."""
    first = [one for one in figures if one.section == "first" and not one.reason]
    if not any(one.name != "winners" for one in first):
        first = [one for one in figures if one.name == INSTEAD and not one.reason] + first
    return first


def data_line(contents: Contents) -> str:
    """Return data, budget and protocol in a sentence each."""
    facts = contents.facts
    counts = ", ".join(f"{count} {split}" for split, count in facts.counts.items())
    if facts.chosen_on:
        size = f" ({counts} images)" if counts else ""
        return f"Data: {facts.data_label}{size}. Metrics: {facts.protocol}."
    return (
        f"Data: {facts.data_label} ({counts} {facts.items}). Budget per run: {facts.budget}. "
        f"Metrics: {facts.protocol}, on the test {facts.items}. Design {facts.design_hash}."
    )


def health_line(contents: Contents) -> str:
    """Return how many trainings there were and how they ended."""
    runs = contents.runs
    finished = int((runs["state"] == "finished").sum())
    parts = [f"{finished} of {len(runs)} trainings finished"]
    if failed := int((runs["state"] == "failed").sum()):
        parts.append(f"{failed} failed")
    text = f"Health: {', '.join(parts)}"
    if is_unhealthy(runs).any():
        text += f"; {unhealthy_in_words(runs)}"
    elif "health" in runs and (runs["health"] == HEALTHY).any():
        text += "; none is known to have ended unhealthy"
    rising = ". The baseline was still improving when its training ended"
    return f"{text}{rising if STILL in convergence(contents) else ''}."


def _frozen(contents: Contents, question: AnsweredQuestion) -> str:
    """Return what the arms of a confirmation are; "" for a question of another phase."""
    arms = [
        f"{arm.name} is {shortened(recipe_in_words(arm), LONGEST // 2)}"
        for one in contents.facts.confirmations
        if one.phase == question.id
        for arm in one.arms
        if arm.name != BASELINE
    ]
    text = "; ".join(arms)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _card(question: AnsweredQuestion, number: int, *, frozen: str = "") -> Card:
    place = anchor(question.id, number)
    count = len(question.caveats)
    caveats = {0: "No caveat.", 1: "1 caveat."}.get(count, f"{count} caveats.")
    blocks: list[Block] = [Text(text=text) for text in (question.advice, frozen) if text]
    blocks.append(Text(text=caveats, look="small", link=("What it rests on", f"behind-{place}")))
    return Card(
        anchor=place,
        look=question.word.replace(" ", "-"),
        id=question.id,
        asks=shortened(question.asks, LONGEST_QUESTION),
        answer=question.answer,
        blocks=tuple(blocks),
    )


def _described(contents: Contents) -> Iterator[Card]:
    """Yield a card per question that is asked and not tested."""
    found = best(contents)
    confirmed = confirmed_in_words(contents)
    texts = [_best_arm(found.arms, metric) for metric in contents.facts.leading][:2]
    texts = (
        confirmed
        or [text for text in texts if text]
        or [_best_recipe(found.recipes[0], contents) if found.recipes else _none(contents)]
    )
    asks = contents.facts.asks or (contents.facts.title,)
    for at, asked in enumerate(asks, start=1):
        yield Card(
            anchor=anchor("asked", at),
            look="described",
            id=f"Question {at}" if len(asks) > 1 else "Question",
            asks=shortened(asked, LONGEST_QUESTION),
            answer=" ".join(texts) if at == 1 else "Described with the first question.",
            blocks=(
                Text(text="What to use: left open; this study describes, it has no answer phase."),
            ),
        )


def _none(contents: Contents) -> str:
    """Say why there is nothing to describe."""
    has_ended = (contents.runs["state"] == "finished").any()
    return "No training ended healthy." if has_ended else "Nothing has finished yet."


def _best_arm(arms: Sequence[ArmMean], metric: str) -> str:
    """Return the arm with the best mean in a metric, and those behind it."""
    mine = [one for one in arms if one.metric == metric]
    if not mine:
        return ""
    first, others = mine[0], [shortened(one.arm, LONGEST // 4) for one in mine[1:4]]
    spread = "" if first.sd is None else f" ± {first.sd:.3f}"
    runs = f"{first.runs} healthy run{'' if first.runs == 1 else 's'}"
    then = f", then {', '.join(others)}" if others else ""
    return (
        f"Best in {metric_label(metric)}: {shortened(first.arm, LONGEST)} with "
        f"{first.mean:.3f}{spread} over {runs}{then}."
    )


def _best_recipe(recipe: Recipe, contents: Contents) -> str:
    split = contents.facts.objective.partition("/")[0]
    return (
        f"Best {split} {metric_label(contents.facts.selecting)} of phase {recipe.phase}: "
        f"{recipe.objective:.4f} with {shortened(recipe.settings, LONGEST)}."
    )


def _scope(contents: Contents) -> str:
    scopes = list(dict.fromkeys(one.scope for one in contents.answered))
    return " ".join(scopes) or data_line(contents)
