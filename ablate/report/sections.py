"""The parts of a report in their order; page and Markdown show the same ones by a template each.

A part is a heading and its blocks: texts, lists, tables, figures, cards. Whoever adds one adds it
here, and once.
"""

from collections.abc import Iterator, Sequence

from ablate.analysis.contrasts import LINEAR, QUADRATIC
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import metric_label
from ablate.analysis.table import not_numbers
from ablate.metrics.copies import sentence, with_mark
from ablate.report import summary, tables, test_sets
from ablate.report.anchors import anchor
from ablate.report.blocks import (
    Block,
    Bullets,
    Checked,
    Folded,
    Heading,
    Part,
    Report,
    Shown,
    Tabled,
    Text,
)
from ablate.report.checklist import checklist
from ablate.report.confirmed import confirmed_table
from ablate.report.contents import Contents
from ablate.report.estimand import estimand_lines
from ablate.report.figures import SECTIONS, Section
from ablate.report.first_page import data_line, featured, first_part
from ablate.report.origin import origin_table, package_table
from ablate.report.paper_table import NOTE, paper_table, source_of
from ablate.report.pilots import convergence
from ablate.report.runs import (
    MOST_LINKS,
    MOST_SEARCHED,
    compared_table,
    failed_table,
    health_table,
    runs_table,
    searched_table,
)
from ablate.report.searched import best_table, too_few
from ablate.report.theme import scored
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
from ablate.report.viewer import flipped
from ablate.tables import of_frame

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
DESCRIBING: tuple[Section, ...] = ("search", "exploration")
ANCHORS = {"answers": "evidence"}  # the cards above are called answers


def report(contents: Contents, figures: Sequence[Shown], *, is_linked: bool = False) -> Report:
    """All parts of the report of some contents; `is_linked` as in `page.render`."""
    first = featured(figures)
    rest = [one for one in figures if one not in first]
    parts = (
        first_part(contents, first),
        *(
            Part(
                anchor=f"behind-{anchor(question.id, number)}",
                heading=f"Behind {question.id}",
                blocks=tuple(_behind(contents, question)),
            )
            for number, question in enumerate(contents.answered, start=1)
        ),
        *(
            Part(
                anchor=ANCHORS.get(section, section),
                heading=SECTIONS[section],
                blocks=(
                    *_above_figures(contents, section),
                    *(one for one in rest if one.section == section and not one.reason),
                    *_beside_figures(contents, section),
                ),
            )
            for section in _order(contents)
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
            blocks=tuple(_provenance(contents, rest)),
            is_in_markdown=True,
        ),
    )
    return Report(
        title=contents.facts.title,
        banner=tuple(_banner(contents)),
        parts=tuple(part for part in parts if part.blocks),
    )


def _order(contents: Contents) -> list[Section]:
    """The sections behind the first page; what describes comes first where nothing answers."""
    order: list[Section] = [section for section in SECTIONS if section != "first"]
    return order if contents.answered else sorted(order, key=lambda one: one not in DESCRIBING)


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


def _banner(contents: Contents) -> Iterator[Text]:
    """Yield what a reader must know before any number."""
    if contents.banner:
        yield Text(text=contents.banner, look="strong")
    if not contents.answered:
        yield Text(text=summary.NO_CLAIM)
    if contents.facts.drift:
        yield Text(text=contents.facts.drift, look="strong")
    for text in (*contents.unscored, *contents.damage):
        yield Text(text=text, look="strong")


def _behind(contents: Contents, question: AnsweredQuestion) -> Iterator[Block]:
    """Yield what an answer rests on: words, sentences, caveats, then every row and value."""
    gamed = gamed_values(question, contents.comparators)
    if question.components and question.cells:
        paper = paper_table([source_of(contents, question)])
        yield Tabled(table=paper)
        yield Text(text=NOTE, look="small")
    if question.contrasts:
        yield Tabled(table=words_table(question), look="labelled")
    yield Bullets(
        texts=tuple(
            with_mark(question.sentence_of(row), row.metric, gamed) for row in question.deciding
        )
    )
    if gamed:
        yield Text(text=sentence(gamed))
    yield from (Text(text=text) for text in question.notes)
    if question.caveats:
        yield Heading(text="Caveats", level=4)
        yield Bullets(texts=question.caveats)
    if question.estimand is not None:
        yield Heading(text="What is compared", level=4)
        yield Bullets(texts=estimand_lines(question))
    elif text := reselected(question):
        yield Text(text=text, look="small")
    yield from _numbers(contents, question)


def _numbers(contents: Contents, question: AnsweredQuestion) -> Iterator[Block]:
    """Yield the tables of a question: its rows by role, the means of its values, its winners."""
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
        text=f"Mean ± standard deviation over blocks{_chosen(question)}; bold: in the set of "
        "values that no other one beats. Values share their blocks, so a difference may be sure "
        "where deviations overlap. Copies and rules need no training: a value that they exceed "
        "says little.",
        look="small",
    )
    yield Tabled(table=values_table(question, contents.comparators))
    winners = winners_table(contents, question)
    yield Tabled(
        table=winners,
        folded=f"Configurations that won ({len(winners.rows)})",
        is_in_page_only=True,
    )


def _chosen(question: AnsweredQuestion) -> str:
    """Return which run of a block it is; "" where each has one alone."""
    by = question.selected_by
    return f" of the tuning point that won on val {metric_label(by)}" if by else ""


def _further(contents: Contents) -> Iterator[Part]:
    """Yield the part on further test sets, where the study has any."""
    if not contents.facts.tests:
        return
    blocks: list[Block] = [Tabled(table=test_sets.sets_table(contents), look="words")]
    blocks.append(Text(text=test_sets.NOTE, look="small"))
    for question in contents.answered:
        sources = test_sets.sources_on_sets(source_of(contents, question))[1:]
        if not sources:
            continue
        blocks += [
            Heading(text=question.id),
            Tabled(table=test_sets.effects_table(question), look="words"),
            Bullets(
                texts=tuple(one.sentence for some in question.on_sets for one in some.agreement)
            ),
            Tabled(table=paper_table(sources)),
        ]
    if not contents.answered:
        blocks.append(Tabled(table=test_sets.arms_on_sets(contents)))
    yield Part(anchor="further", heading="Further test sets", blocks=tuple(blocks))


def _above_figures(contents: Contents, section: Section) -> Iterator[Block]:
    """Yield what a section says before its figures."""
    if section == "answers" and contents.answered:
        yield Text(text=data_line(contents), look="small")
    if section == "answers":
        yield from _confirmed(contents)
    if section == "search":
        yield from _best_settings(contents)
    if section == "health" and (text := convergence(contents)):
        yield Text(text=text)
    if section == "qualitative":
        yield from flipped(contents)


def _beside_figures(contents: Contents, section: Section) -> Iterator[Block]:
    """Yield the tables that a section has below its figures."""
    if section == "search":
        yield from _searches(contents)
    if section == "health":
        yield from _health(contents)


def _confirmed(contents: Contents) -> Iterator[Block]:
    """Yield the frozen arms of confirmations that no question asks for."""
    confirmed = confirmed_table(contents)
    if confirmed.rows:
        yield Heading(text="Confirmed on fresh seeds: described, not tested")
        yield Text(
            text="Mean ± standard deviation over n blocks, on test; a block is a seed and a split "
            "that all arms share. Differences are taken block by block. A test needs a question.",
            look="small",
        )
        yield Tabled(table=confirmed)


def _best_settings(contents: Contents) -> Iterator[Block]:
    """Yield the best trials in a table, those of the front where there are several objectives."""
    fronts = of_frame(trade_offs(contents).round(4))
    if fronts.rows:
        yield Heading(text="Trade-offs")
        yield Text(
            text="Trials that no other trial beats in all objectives at once, on val; exploratory.",
            look="small",
        )
        yield Tabled(table=fronts)
    best = best_table(contents)
    if best.rows:
        yield Heading(text="Best settings")
        yield Text(
            text=f"The best {len(best.rows)} trials by {scored(contents.facts.objective)}, mean "
            "and standard deviation over n healthy seeds. The best of many is better by chance "
            "too: train it anew with fresh seeds (a confirm phase, or ablate promote) before it is "
            "compared.",
            look="small",
        )
        yield Tabled(table=best)
    if text := too_few(contents):
        yield Text(text=text, look="small")


def _searches(contents: Contents) -> Iterator[Block]:
    """Yield all adaptive trials, folded."""
    searched = searched_table(contents)
    if searched.rows:
        yield Heading(text="Search (adaptive, exploratory)")
        yield Text(
            text="Suggested by a sampler that saw earlier val scores; never comparable as arms. At "
            f"most {MOST_SEARCHED}, best first; all are in tables/runs.csv.",
            look="small",
        )
        yield Tabled(
            table=searched, look="searched", folded=f"Trials ({len(searched.rows)}), best first"
        )


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
        compared = compared_table(contents)
        if compared.rows:
            yield Tabled(
                table=compared,
                look="judged",
                folded=f"Exact tests over blocks ({len(compared.rows)})",
            )
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
    named = "" if contents.facts.chosen_on else " by the name that it has in MLflow"
    yield Text(
        text=f"Every run{named}; their ids are in tables/runs.csv. b2p3 "
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


def _provenance(contents: Contents, figures: Sequence[Shown]) -> Iterator[Block]:
    """Yield where the numbers come from, and last what does not apply to this study."""
    yield Tabled(table=origin_table(contents), look="words")
    packages = package_table(contents)
    yield Tabled(table=packages, look="words", folded=f"Packages ({len(packages.rows)})")
    missing = tuple(f"{one.title} ({one.reason})" for one in figures if one.reason)
    if missing:
        yield Folded(text=f"Does not apply here ({len(missing)} figures)", texts=missing)
