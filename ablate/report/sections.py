"""The parts of a report in their order, as page and Markdown both show them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.analysis.contrasts import LINEAR, QUADRATIC
from ablate.analysis.question import metric_label
from ablate.analysis.table import not_numbers
from ablate.metrics.copies import Gamed, sentence, with_mark
from ablate.report import summary, tables
from ablate.report.checklist import Item, checklist
from ablate.report.contents import Contents
from ablate.report.figures import SECTIONS
from ablate.report.grid import Grid, of_frame
from ablate.report.origin import origin_grid
from ablate.report.pilots import convergence
from ablate.report.runs import MOST_LINKS, failed_grid, health_grid, runs_grid, searched_grid
from ablate.report.trade_offs import trade_offs
from ablate.report.values import (
    ROLES,
    gamed_values,
    roles_of,
    rows_grid,
    values_grid,
    winners_grid,
)

FIRST_TO_LAST = ("answers", "exploration", "health", "qualitative")
ANCHORS = {"answers": "evidence"}  # the cards above are called answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure as it is shown, or the reason why it is not."""

    name: str
    section: str
    title: str
    caption: str
    reason: str = ""
    svg: str = ""  # base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question with its answer and all that stands behind it."""

    anchor: str
    question: Mapping[str, Any]
    rows: tuple[tuple[str, Grid], ...]  # by role, the deciding one first
    values: Grid
    winners: Grid
    gamed: Mapping[str, Gamed]  # metrics in which a copy of a source beats every value

    @property
    def look(self) -> str:
        """Return the verdict as a name of a style."""
        return str(self.question["verdict"]).replace(" ", "-")

    @property
    def reselected(self) -> str:
        """Return what the answer would be had another metric chosen the points."""
        named = metric_label(self.question["selected_by"])
        others: dict[str, list[str]] = {}
        for one in self.question["reselected"]:
            if one["metric"] != self.question["selected_by"]:
                others.setdefault(one["verdict"], []).append(metric_label(one["metric"]))
        told = "; ".join(f"by {', '.join(names)}: {verdict}" for verdict, names in others.items())
        chose = f"{named} on val chose the tuning points; {told}." if told else ""
        return " ".join([chose, *self._at_own_points()]).strip()

    def _at_own_points(self) -> Iterator[str]:
        """Yield per other deciding metric its sizes at the points that it chooses itself."""
        for one in self.question["reselected"]:
            sizes = ", ".join(
                f"{contrast} {percent:+.1f} %"
                for contrast, percent in one["own"].items()
                if not contrast.startswith((LINEAR, QUADRATIC))
            )
            if sizes and one["metric"] != self.question["selected_by"]:
                yield f"{metric_label(one['metric'])} at the points that it chooses: {sizes}."

    @property
    def values_caption(self) -> str:
        """Return what the grid of values shows, and how it is read."""
        return (
            "Mean ± standard deviation over blocks of the tuning point that won on val "
            f"{metric_label(self.question['selected_by'])}; bold: in the set of values that no "
            "other one beats. Values share their blocks, so a difference may be sure where "
            "deviations overlap. Copies and rules need no training: a value that they exceed says "
            "little."
        )

    @property
    def deciding(self) -> Sequence[str]:
        """Return the sentences of the rows that decide."""
        return [
            with_mark(row["sentence"], row["metric"], self.gamed)
            for row in self.question["rows"]
            if row["role"] == "primary"
        ]

    @property
    def gamed_note(self) -> str:
        """Return what it means that copies beat every value, "" where they beat none."""
        return sentence(self.gamed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a page says, in order."""

    facts: Mapping[str, Any]
    banner: str
    no_claim: str
    convergence: str  # whether the pilot was still rising; "" where nobody looked
    answers: tuple[Answered, ...]
    figures: Mapping[str, tuple[Shown, ...]]  # section -> its figures
    headings: Mapping[str, str]
    arms: Grid
    gamed_note: str  # of the arms
    missing: str
    trade_offs: Grid
    searched: Grid
    health: Grid
    health_notes: tuple[str, ...]
    failed: Grid
    run_count: int
    runs: Grid
    runs_are_cut: bool
    checklist: tuple[Item, ...]
    origin: Grid

    @property
    def contents(self) -> Sequence[tuple[str, str]]:
        """Return (anchor, heading) of the parts that the report has, in their order."""
        parts = [("answers", "Answers" if self.answers else "Asked")]
        parts += [(f"behind-{one.anchor}", f"Behind {one.question['id']}") for one in self.answers]
        parts += [(ANCHORS.get(name, name), self.headings[name]) for name in FIRST_TO_LAST]
        return [
            *parts,
            ("tables", "Tables"),
            ("runs", "Runs"),
            ("checklist", "Checklist"),
            ("provenance", "Provenance"),
        ]


def report(contents: Contents, figures: Sequence[Shown]) -> Report:
    """Return all parts of the report of some contents."""
    bare = not_numbers(contents.images)
    fronts = trade_offs(contents).round(4)
    return Report(
        facts=contents.facts,
        banner=contents.banner,
        no_claim="" if contents.answered else summary.NO_CLAIM,
        convergence=convergence(contents),
        answers=tuple(
            _answered(contents, question, number)
            for number, question in enumerate(contents.answered, start=1)
        ),
        figures={
            name: tuple(figure for figure in figures if figure.section == name)
            for name in FIRST_TO_LAST
        },
        headings={str(name): heading for name, heading in SECTIONS.items()},
        arms=of_frame(tables.shown(contents)),
        gamed_note=sentence(tables.gamed_arms(contents)),
        missing=", ".join(f"{name} {count}" for name, count in bare.itertuples(index=False)),
        trade_offs=of_frame(fronts),
        searched=searched_grid(contents),
        health=health_grid(contents),
        health_notes=tuple(_health_notes(contents)),
        failed=failed_grid(contents),
        run_count=len(contents.runs),
        runs=runs_grid(contents),
        runs_are_cut=len(contents.runs) > MOST_LINKS,
        checklist=tuple(checklist(contents)),
        origin=origin_grid(contents),
    )


def _health_notes(contents: Contents) -> Iterator[str]:
    """Yield what the exact tests say of the unhealthy trainings behind each question."""
    for question in contents.answered:
        for text in question.get("health", {}).get("sentences", ()):
            yield f"{question['id']}: {text}"


def _answered(contents: Contents, question: Mapping[str, Any], number: int) -> Answered:
    return Answered(
        anchor=anchor(question["id"], number),
        question=question,
        rows=tuple((ROLES[role], rows_grid(question, role)) for role in roles_of(question)),
        values=values_grid(question, contents.comparators),
        winners=winners_grid(contents, question),
        gamed=gamed_values(question, contents.comparators),
    )


def anchor(name: str, number: int) -> str:
    """Return an id that an address can hold.

    Example:
        >>> anchor("scale ratio?", 2)
        'q2-scale-ratio'
    """
    return f"q{number}-{re.sub(r'[^A-Za-z0-9_]+', '-', name).strip('-')}"
