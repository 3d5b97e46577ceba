"""An audited table in words, for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from ablate.auditing.audit import Audited, Difference
from ablate.auditing.noise import Noise
from ablate.metrics.catalogue import LABELS
from ablate.tables import table, to_text

WIDTH, FIRST, GAP = 80, 20, 2
NO_FAULT: Final = "  no error found: arrows, bold, underlining and ranges are consistent"
LEGEND: Final = (
    "within n: no larger than what the seed alone does in all of these trainings; n seeds of each "
    "row would show it (80 % power, alpha 0.05, unpaired, one comparison). mixed n: so in some of "
    "them; beyond: in none. It is the variation of these trainings, not of the table's networks."
)


def lines(found: Audited) -> Iterator[str]:
    """Yield what is said of a table."""
    count = f"{len(found.rows)} row{'' if len(found.rows) == 1 else 's'}"
    yield from _wrapped(
        f"Table on line {found.line}: {count}, {', '.join(found.heads)}; compared with "
        f"{', '.join(map(repr, found.against))}"
    )
    for one in found.findings:
        whose = f" of {one.row!r}" if one.row else ""
        said = f"{one.line}:{one.column} {one.kind}: {one.head}{whose}: {one.says}"
        yield from _wrapped(said, indent="  ")
    if not found.findings:
        yield NO_FAULT
    for text in found.notes:
        yield from _wrapped(f"note: {text}", indent="  ")
    if found.differences:
        heads = [head for head in found.heads if any(d.head == head for d in found.differences)]
        yield ""
        rows = list(_rows(found, heads))
        longest = max(len(text) for row in [heads, *rows] for text in row[-len(heads) :])
        yield to_text(
            table(["to that row, in %", *heads], rows),
            width=WIDTH,
            first=FIRST,
            column=min(longest, WIDTH - FIRST - GAP) + GAP,
        )


def _rows(found: Audited, heads: Sequence[str]) -> Iterator[list[str]]:
    said = {(one.row, one.head): _said(one) for one in found.differences}
    for row in dict.fromkeys(one.row for one in found.differences):
        yield [row, *(said.get((row, head), "-") for head in heads)]


def _said(one: Difference) -> str:
    start = f"{one.percent:+.2g}"
    if one.word == "no noise known" or one.seeds is None:
        return start
    if one.word == "beyond":
        return f"{start} beyond"
    few, many = (">10000" if count is None else f"{count}" for count in one.seeds)
    seeds = few if few == many else f"{few}-{many}"
    return f"{start} {'within' if one.word == 'within' else 'mixed'} {seeds if one.change else ''}"


def noise_in_words(noise: Sequence[Noise], metrics: Sequence[str]) -> Iterator[str]:
    """Yield what differences are held against.

    Args:
        noise: What is known.
        metrics: Those of the tables.
    """
    some = [one for one in noise if one.metric in metrics]
    if not some:
        return
    yield from _wrapped(
        "Run-to-run variation: two trainings that differ in the seed alone differ by less than "
        "this, in 19 of 20 cases"
    )
    for name in dict.fromkeys(one.name for one in some):
        mine = [one for one in some if one.name == name]
        shares = ", ".join(f"{LABELS[one.metric]} {100 * one.share:.2g} %" for one in mine)
        trainings = f"{mine[0].df} degrees of freedom"
        yield from _wrapped(f"{name} ({trainings}): {shares}", indent="  ")
    yield from _wrapped(LEGEND)


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
