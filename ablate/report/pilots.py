"""How the baseline spreads over seeds, and what a number of blocks finds at that spread."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ablate.analysis.answers import finished_pilots
from ablate.analysis.question import metric_label
from ablate.report.contents import Contents
from ablate.stats.power import ALPHA, blocks_needed, detectable_effect

BLOCKS: Final = (8, 16, 32)  # those of quick, of full and deep, and twice those
FEWEST: Final = 3


def pilot_of(contents: Contents) -> list[dict[str, Any]]:
    """Return metric, mean, standard deviation and number of the pilot's runs, on test.

    Empty where fewer than three pilot runs finished: their spread would say too little.
    """
    mine = finished_pilots(contents.facts, contents.runs)
    found = []
    for metric in contents.facts["metrics"]:
        column = f"test/{metric}"
        values = [float(value) for value in mine[column].dropna()] if column in mine else []
        if len(values) >= FEWEST:
            mean, spread = statistics.fmean(values), statistics.stdev(values)
            found.append({"metric": metric, "mean": mean, "sd": spread, "runs": len(values)})
    return found


def table(pilot: Sequence[Mapping[str, Any]], *, comparisons: int) -> Iterator[str]:
    """Yield the lines of a Markdown table; none without a pilot.

    Args:
        pilot: As of `pilot_of`.
        comparisons: Primary rows that share alpha; Holm's first step decides.
    """
    if not pilot:
        return
    alpha = ALPHA / max(1, comparisons)
    found = [f"{blocks} blocks find" for blocks in BLOCKS]
    yield f"| metric | mean | sd over {pilot[0]['runs']} seeds | {' | '.join(found)} |"
    yield "|---|--:|--:|" + "--:|" * len(found)
    for row in pilot:
        cells = [_finds(row, blocks=blocks, alpha=alpha) for blocks in BLOCKS]
        label = metric_label(row["metric"])
        yield f"| {label} | {row['mean']:.4g} | {row['sd']:.2g} | {' | '.join(cells)} |"


def sentence(
    pilot: Sequence[Mapping[str, Any]], *, comparisons: int, smallest: Mapping[str, float]
) -> str:
    """Return the blocks that the smallest effects of interest need; empty without a pilot.

    The spread of a paired difference is taken as sqrt(2) times that over seeds: what a shared
    seed, split and tuning remove is not known before, and stands in the rows of the answer after.
    """
    alpha = ALPHA / max(1, comparisons)
    parts = []
    for row in pilot:
        if row["metric"] in smallest and row["mean"]:
            effect = smallest[row["metric"]]
            blocks = _needed(row, effect=effect, alpha=alpha)
            percent = 100 * effect / abs(row["mean"])
            count = f"{blocks:,}" if blocks else "more than 10,000"
            parts.append(f"{metric_label(row['metric'])} {percent:.2g} % {count}")
    if not parts:
        return ""
    return (
        "Blocks that the smallest effects of interest need by these seeds alone, were runs "
        f"unpaired ({max(1, comparisons)} comparisons, power 0.8): {', '.join(parts)}."
    )


def _finds(row: Mapping[str, Any], *, blocks: int, alpha: float) -> str:
    effect = detectable_effect(blocks=blocks, alpha=alpha) * math.sqrt(2) * row["sd"]
    return f"{100 * effect / abs(row['mean']):.2g} %" if row["mean"] else f"{effect:.2g}"


def _needed(row: Mapping[str, Any], *, effect: float, alpha: float) -> int | None:
    if not row["sd"]:
        return 2
    return blocks_needed(effect=effect / (math.sqrt(2) * row["sd"]), alpha=alpha)
