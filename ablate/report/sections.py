"""The parts of a report in their order; page and Markdown show the same ones by a template each.

A part is a heading and its blocks: texts, lists, tables, figures, cards. Whoever adds one adds it
here, and once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from ablate.analysis.contrasts import LINEAR, QUADRATIC
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import metric_label
from ablate.analysis.table import not_numbers
from ablate.metrics.copies import sentence, with_mark
from ablate.report import further, summary, tables
from ablate.report.checklist import Item, checklist
from ablate.report.contents import Contents
from ablate.report.estimand import estimand_lines
from ablate.report.figures import SECTIONS, Section
from ablate.report.origin import origin_table
from ablate.report.paper_table import NOTE, paper_table, source_of
from ablate.report.pilots import convergence
from ablate.report.runs import (
    MOST_LINKS,
    MOST_SEARCHED,
    failed_table,
    health_table,
    runs_table,
    searched_table,
)
from ablate.report.values import (
    ROLES,
    contrasts_table,
    gamed_values,
    roles_of,
    trade_offs,
    values_table,
    winners_table,
    words_table,
)
from ablate.tables import Table, of_frame

BESIDE = (
    "Beside this page: tables/arms, answers (csv, tex), winners, budget, runs, images (csv), paper "
    "(tex, md: the questions as papers print them), figures/ and figures.pdf, verdict.json, "
    "report.md."
)
BESIDE_LINKED = (
    "Beside this page: tables/ (pandas.read_csv opens arms, answers, winners, budget and "
    "runs.csv.xz; pandas.read_parquet opens images.parquet, a row per run and test image), "
    "figures/, verdict.json, report.md."
)
ANCHORS = {"answers": "evidence"}  # the cards above are called answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph; `look` is "", "small" or "strong", `link` is (label, anchor) behind it."""

    kind: ClassVar = "text"
    text: str
    look: str = ""
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of texts."""

    kind: ClassVar = "bullets"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading within a part; `level` 4 stands below level 3."""

    kind: ClassVar = "heading"
    text: str
    level: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure as it is shown, or the reason why it is not."""

    kind: ClassVar = "figure"
    name: str
    section: str
    title: str
    caption: str
    reason: str = ""
    svg: str = ""  # base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled:
    """A table.

    Args:
        table: What it holds.
        look: "judged" (three columns of words first), "words" (nothing but words), or "".
        folded: What a page shows in its place until it is opened; empty where it is always shown.
        is_in_page_only: Whether Markdown leaves it to the files beside it.
    """

    kind: ClassVar = "table"
    table: Table
    look: str = ""
    folded: str = ""
    is_in_page_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A question with its verdict, and what is said of it."""

    kind: ClassVar = "card"
    anchor: str
    look: str  # the word of the answer as a name of a style
    id: str
    asks: str
    answer: str
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The items of the checklist."""

    kind: ClassVar = "checklist"
    items: tuple[Item, ...]


Block: TypeAlias = Text | Bullets | Heading | Shown | Tabled | Card | Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a report: its anchor on the page, its heading and its blocks.

    `is_in_markdown`: a page that links what lies beside it leaves the part to report.md.
    """

    anchor: str
    heading: str
    blocks: tuple[Block, ...]
    is_in_markdown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says, in its order."""

    title: str
    banner: tuple[Text, ...]  # above everything else
    parts: tuple[Part, ...]


def report(contents: Contents, figures: Sequence[Shown], *, is_linked: bool = False) -> Report:
    """All parts of the report of some contents; `is_linked` as in `page.render`."""
    return Report(
        title=contents.facts.title,
        banner=tuple(_banner(contents)),
        parts=(
            _answers(contents),
            *(
                Part(
                    anchor=f"behind-{_anchor(question, number)}",
                    heading=f"Behind {question.id}",
                    blocks=tuple(_behind(contents, question)),
                )
                for number, question in enumerate(contents.answered, start=1)
            ),
            *(
                Part(
                    anchor=ANCHORS.get(section, section),
                    heading=heading,
                    blocks=(
                        *_figures([one for one in figures if one.section == section]),
                        *_beside_figures(contents, section),
                    ),
                )
                for section, heading in SECTIONS.items()
            ),
            *_further(contents),
            Part(
                anchor="tables",
                heading="Tables",
                blocks=tuple(_tables(contents, is_linked=is_linked)),
            ),
            Part(anchor="runs", heading="Runs", blocks=tuple(_runs(contents))),
            Part(
                anchor="checklist",
                heading="Checklist",
                blocks=tuple(_checklist(contents)),
                is_in_markdown=True,
            ),
            Part(
                anchor="provenance",
                heading="Provenance",
                blocks=(Tabled(table=origin_table(contents), look="words"),),
                is_in_markdown=True,
            ),
        ),
    )


def anchor(name: str, number: int) -> str:
    """An id that an address can hold.

    Example:
        >>> anchor("scale ratio?", 2)
        'q2-scale-ratio'
    """
    return f"q{number}-{re.sub(r'[^A-Za-z0-9_]+', '-', name).strip('-')}"


def reselected(question: AnsweredQuestion) -> str:
    """What the answer would be had another metric chosen the tuning points."""
    named = metric_label(question.selected_by)
    others: dict[str, list[str]] = {}
    for one in question.reselected:
        if one.metric != question.selected_by:
            others.setdefault(one.verdict, []).append(metric_label(one.metric))
    verdicts = "; ".join(f"by {', '.join(names)}: {verdict}" for verdict, names in others.items())
    chose = f"{named} on val chose the tuning points; {verdicts}." if verdicts else ""
    return " ".join([chose, *_at_own_points(question)]).strip()


def _at_own_points(question: AnsweredQuestion) -> Iterator[str]:
    """Yield per other deciding metric its sizes at the points that it chooses itself."""
    for one in question.reselected:
        sizes = ", ".join(
            f"{contrast} {percent:+.1f} %"
            for contrast, percent in one.own.items()
            if not contrast.startswith((LINEAR, QUADRATIC))
        )
        if sizes and one.metric != question.selected_by:
            yield f"{metric_label(one.metric)} at the points that it chooses: {sizes}."


def _anchor(question: AnsweredQuestion, number: int) -> str:
    return anchor(question.id, number)


def _banner(contents: Contents) -> Iterator[Text]:
    facts = contents.facts
    if contents.banner:
        yield Text(text=contents.banner, look="strong")
    if not contents.answered:
        yield Text(text=summary.NO_CLAIM)
    if facts.drift:
        yield Text(text=facts.drift, look="strong")
    for text in (*contents.unscored, *contents.damage):
        yield Text(text=text, look="strong")
    counts = ", ".join(f"{count} {split}" for split, count in facts.counts.items())
    yield Text(
        text=f"Data: {facts.data_label} ({counts} {facts.items}). Budget per run: {facts.budget}. "
        f"Metrics: {facts.protocol}, on the test {facts.items}. Design {facts.design_hash}."
    )
    if text := convergence(contents):
        yield Text(text=text)


def _answers(contents: Contents) -> Part:
    if not contents.answered:
        asks = Bullets(texts=contents.facts.asks)
        return Part(anchor="answers", heading="Asked", blocks=(asks,))
    cards = [
        _card(contents, question, _anchor(question, number))
        for number, question in enumerate(contents.answered, start=1)
    ]
    return Part(anchor="answers", heading="Answers", blocks=tuple(cards))


def _card(contents: Contents, question: AnsweredQuestion, place: str) -> Card:
    gamed = gamed_values(question, contents.comparators)
    blocks: list[Block] = [Text(text=question.advice)] if question.advice else []
    if question.components and question.cells:
        paper = paper_table([source_of(contents, question)])
        blocks += [Tabled(table=paper), Text(text=NOTE, look="small")]
    if question.contrasts:
        blocks.append(Tabled(table=words_table(question)))
    blocks += [
        Bullets(
            texts=tuple(
                with_mark(question.sentence_of(row), row.metric, gamed) for row in question.deciding
            )
        )
    ]
    blocks += [Text(text=sentence(gamed))] if gamed else []
    blocks += [Text(text=text) for text in question.notes]
    if question.caveats:
        blocks += [Heading(text="Caveats", level=4), Bullets(texts=question.caveats)]
    if question.estimand is not None:
        lines = estimand_lines(question)
        blocks += [Heading(text="What is compared", level=4), Bullets(texts=lines)]
    elif text := reselected(question):
        blocks.append(Text(text=text, look="small"))
    behind = ("What it rests on", f"behind-{place}")
    return Card(
        anchor=place,
        look=question.word.replace(" ", "-"),
        id=question.id,
        asks=question.asks,
        answer=question.answer,
        blocks=(*blocks, Text(text=question.scope, look="small", link=behind)),
    )


def _behind(contents: Contents, question: AnsweredQuestion) -> Iterator[Block]:
    for place, role in enumerate(roles_of(question)):
        rows, name = contrasts_table(question, role), ROLES[role].capitalize()
        folded = f"{name} ({len(rows.rows)})" if place else ""
        yield from () if folded else (Heading(text=name, level=4),)
        yield Tabled(table=rows, look="judged", folded=folded)
    budgets = (
        " At other budgets: effect, interval, and whether the finding holds there; the verdict is "
        "that of the registered budget."
    )
    registered = (
        " It was registered in % of the pilot mean and is shown in % of the tuned baseline."
        if question.margins_of != question.percent_of
        and any(row.smallest_effect for row in question.deciding)
        else ""
    )
    yield Text(
        text=f"Effects in % are of {question.base_in_words}. P(better): share of blocks that score "
        "better. "
        "Smallest: the smallest effect of interest; of a guardrail, the loss that is still "
        f"allowed.{registered}{budgets if question.rows and question.rows[0].budgets else ''}",
        look="small",
        link=("Drawn in effects and intervals", "figure-forest"),
    )
    yield Heading(text="Values", level=4)
    yield Text(
        text="Mean ± standard deviation over blocks of the tuning point that won on val "
        f"{metric_label(question.selected_by)}; bold: in the set of values that no other one "
        "beats. Values share their blocks, so a difference may be sure where deviations overlap. "
        "Copies and rules need no training: a value that they exceed says little.",
        look="small",
    )
    yield Tabled(table=values_table(question, contents.comparators))
    winners = winners_table(contents, question)
    yield Tabled(
        table=winners,
        folded=f"Configurations that won ({len(winners.rows)})",
        is_in_page_only=True,
    )


def _further(contents: Contents) -> Iterator[Part]:
    """Yield the part on further test sets, where the study has any."""
    if not contents.facts.tests:
        return
    blocks: list[Block] = [Tabled(table=further.sets_table(contents), look="words")]
    blocks.append(Text(text=further.NOTE, look="small"))
    for question in contents.answered:
        sources = further.sources_on_sets(source_of(contents, question))[1:]
        if not sources:
            continue
        blocks += [
            Heading(text=question.id),
            Tabled(table=further.effects_table(question), look="words"),
            Bullets(
                texts=tuple(one.sentence for some in question.on_sets for one in some.agreement)
            ),
            Tabled(table=paper_table(sources)),
        ]
    if not contents.answered:
        blocks.append(Tabled(table=further.arms_on_sets(contents)))
    yield Part(anchor="further", heading="Further test sets", blocks=tuple(blocks))


def _figures(figures: Sequence[Shown]) -> Iterator[Block]:
    """Yield the figures that have something to show, and why the others have not."""
    yield from (one for one in figures if not one.reason)
    missing = [f"{one.title} ({one.reason})" for one in figures if one.reason]
    if missing:
        yield Text(text=f"Not drawn: {'; '.join(missing)}.", look="small")


def _beside_figures(contents: Contents, section: Section) -> Iterator[Block]:
    """Yield the tables that a section has below its figures."""
    if section == "exploration":
        yield from _searches(contents)
    if section == "health":
        yield from _health(contents)


def _searches(contents: Contents) -> Iterator[Block]:
    fronts = of_frame(trade_offs(contents).round(4))
    if fronts.rows:
        yield Heading(text="Trade-offs")
        yield Text(
            text="Trials that no other trial beats in all objectives at once, on val; exploratory.",
            look="small",
        )
        yield Tabled(table=fronts)
    searched = searched_table(contents)
    if searched.rows:
        yield Heading(text="Search (adaptive, exploratory)")
        yield Text(
            text="Suggested by a sampler that saw earlier val scores; never comparable as arms. At "
            f"most {MOST_SEARCHED}, best first; all are in tables/runs.csv.",
            look="small",
        )
        yield Tabled(table=searched)


def _health(contents: Contents) -> Iterator[Block]:
    health = health_table(contents)
    if health.rows:
        yield Heading(text="How trainings ended")
        yield Text(
            text="By the fused val images; an unhealthy training wins no block. Blocks are "
            "compared by the exact sign test on their counts, corrected over the contrasts of a "
            "question and the states that occur.",
            look="small",
        )
        yield Tabled(table=health)
        notes = [
            f"{question.id}: {text}"
            for question in contents.answered
            for text in question.health.sentences
        ]
        if notes:
            yield Bullets(texts=tuple(notes))
    yield Heading(text="Runs that failed")
    failed = failed_table(contents)
    if failed.rows:
        yield Tabled(table=failed, look="words")
    else:
        yield Text(text=f"None of {len(contents.runs)}.")
    yield Text(
        text=f"{contents.facts.infeasible} suggestions were infeasible and "
        f"{contents.facts.duplicates} repeated an arm; neither was run.",
        look="small",
    )


def _tables(contents: Contents, *, is_linked: bool) -> Iterator[Block]:
    yield Heading(text="Scores per arm")
    yield Text(
        text="Mean ± standard deviation over training runs (n - 1) of designed comparisons. Copies "
        "and rules need no network: a number that they exceed says little.",
        look="small",
    )
    yield Tabled(table=of_frame(tables.shown(contents)))
    if text := sentence(tables.gamed_arms(contents)):
        yield Text(text=text)
    bare = not_numbers(contents.images)
    if missing := ", ".join(f"{name} {count}" for name, count in bare.itertuples(index=False)):
        yield Text(text=f"Values that are not numbers, left out of means: {missing}.", look="small")
    yield Text(text=BESIDE_LINKED if is_linked else BESIDE, look="small")


def _runs(contents: Contents) -> Iterator[Block]:
    count = len(contents.runs)
    cut = f" The first {MOST_LINKS:,}; all of them are there." if count > MOST_LINKS else ""
    yield Text(
        text="Every run by the name that it has in MLflow; their ids are in tables/runs.csv. b2p3 "
        f"is block 2, tuning point 3; t003s0 is trial 3, seed 0.{cut}",
        look="small",
    )
    yield Tabled(table=runs_table(contents), folded=f"{count} runs", is_in_page_only=True)


def _checklist(contents: Contents) -> Iterator[Block]:
    yield Text(
        text="Answered by the program from what the study published; nothing is filled in by hand.",
        look="small",
    )
    yield Checked(items=tuple(checklist(contents)))
