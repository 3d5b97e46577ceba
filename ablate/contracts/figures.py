"""The contract of a report figure: it has numbers and draws them, or a reason why not."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ablate.contracts.sample import sample
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, SECTIONS, NotDrawn

DECLARED: dict[str, type | tuple[type, ...]] = {
    "section": str,
    "number": (int, float),
    "title": str,
    "caption": str,
}


def faults(name: str) -> Iterator[str]:
    """Yield every broken part of the contract of one figure, with and without answers."""
    from matplotlib import pyplot

    member = FIGURES.get(name)
    wrong = [
        part
        for part, kind in DECLARED.items()
        if not isinstance(getattr(member, part, None), kind) or getattr(member, part) == ""
    ]
    if wrong:
        yield f"declares no {', '.join(wrong)}; add {wrong[0]} = ... to the class"
        return
    if member.section not in SECTIONS:
        yield f"section is {member.section!r}; use one of {', '.join(SECTIONS)}"
    if not math.isfinite(member.number):
        yield "number is its rank in the section; write a whole number"
    try:
        for contents in (sample(), sample(is_answered=False)):
            yield from _of(member(), contents)
    finally:
        pyplot.close("all")


def _of(figure: Any, contents: Contents) -> Iterator[str]:
    from matplotlib.figure import Figure

    where = "a study with answers" if contents.verdicts else "a study without answers"
    before = contents.runs.copy()
    numbers = figure.numbers(contents)
    if isinstance(numbers, NotDrawn):
        if not isinstance(numbers.reason, str) or not numbers.reason.strip():
            yield f"numbers returned {numbers!r}; give it a sentence that says why not"
        return
    if not isinstance(numbers, pd.DataFrame):
        yield f"numbers returned a {type(numbers).__name__}; return a DataFrame or NotDrawn(reason)"
        return
    if numbers.empty:
        yield f"has no numbers for {where}; return NotDrawn(reason) there"
        return
    drawn = figure.draw(contents, numbers.copy())
    if not isinstance(drawn, Figure) or not drawn.axes:
        yield f"draw returned {drawn!r:.60}; return a matplotlib Figure with axes"
    if not before.equals(contents.runs):
        yield "changes the table of runs; work on a copy"
