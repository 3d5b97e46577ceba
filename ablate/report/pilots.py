"""How the baseline spreads over seeds, and what a number of blocks finds at that spread."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ablate.analysis.answers import finished_pilots
from ablate.analysis.question import metric_label
from ablate.metrics.catalogue import is_lower_better
from ablate.report.contents import Contents
from ablate.stats.power import ALPHA, blocks_needed, detectable_effect
from ablate.tables import table as tabled
from ablate.tables import to_markdown

BLOCKS: Final = (8, 16, 32)  # those of quick, of full and deep, and twice those
FEWEST: Final = 3
STILL: Final = "still"


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotMetric:
    """Mean and standard deviation of a metric over the pilot's runs, on test."""

    metric: str
    mean: float
    sd: float
    runs: int


def pilot_of(contents: Contents) -> list[PilotMetric]:
    """The pilot's mean and spread per metric.

    Empty where fewer than three pilot runs finished: their spread would say too little.
    """
    mine = finished_pilots(contents.facts, contents.runs)
    found = []
    for metric in contents.facts.metrics:
        column = f"test/{metric}"
        values = [float(value) for value in mine[column].dropna()] if column in mine else []
        if len(values) >= FEWEST:
            mean, spread = statistics.fmean(values), statistics.stdev(values)
            found.append(PilotMetric(metric=metric, mean=mean, sd=spread, runs=len(values)))
    return found


def table(pilot: Sequence[PilotMetric], *, comparisons: int) -> Iterator[str]:
    """Yield the lines of a Markdown table; none without a pilot.

    Args:
        pilot: As of `pilot_of`.
        comparisons: Primary rows that share alpha; Holm's first step decides.
    """
    if not pilot:
        return
    alpha = ALPHA / max(1, comparisons)
    made = tabled(
        [
            "metric",
            "mean",
            f"sd over {pilot[0].runs} seeds",
            *(f"{blocks} blocks find" for blocks in BLOCKS),
        ],
        (
            [
                metric_label(row.metric),
                f"{row.mean:.4g}",
                f"{row.sd:.2g}",
                *(_finds(row, blocks=blocks, alpha=alpha) for blocks in BLOCKS),
            ]
            for row in pilot
        ),
    )
    yield from to_markdown(made, is_aligned=True).split("\n")


def sentence(
    pilot: Sequence[PilotMetric], *, comparisons: int, smallest: Mapping[str, float]
) -> str:
    """Return the blocks that the smallest effects of interest need; empty without a pilot.

    The spread of a paired difference is taken as sqrt(2) times that over seeds: what a shared
    seed, split and tuning remove is not known before, and stands in the rows of the answer after.
    """
    alpha = ALPHA / max(1, comparisons)
    parts = []
    for row in pilot:
        if row.metric in smallest and row.mean:
            effect = smallest[row.metric]
            blocks = _needed(row, effect=effect, alpha=alpha)
            percent = 100 * effect / abs(row.mean)
            count = f"{blocks:,}" if blocks else "more than 10,000"
            parts.append(f"{metric_label(row.metric)} {percent:.2g} % {count}")
    if not parts:
        return ""
    return (
        "Blocks that the smallest effects of interest need by these seeds alone, were runs "
        f"unpaired ({max(1, comparisons)} comparisons, power 0.8): {', '.join(parts)}."
    )


def curve_of(contents: Contents) -> pd.DataFrame:
    """Return the objective of the pilot's finished runs against steps: run_id, step, score.

    Only steps at which every one of them was scored; empty where that is the last step alone, as
    in stores of versions that did not score pilots on the way.
    """
    mine = finished_pilots(contents.facts, contents.runs)["run_id"]
    curves = contents.curves
    some = curves[(curves["key"] == contents.facts.objective) & curves["run_id"].isin(mine)]
    some = some.drop_duplicates(["run_id", "step"], keep="last").dropna(subset=["value"])
    counts = some.groupby("step")["run_id"].nunique()
    whole = some[some["step"].isin(counts.index[counts == some["run_id"].nunique()])]
    if whole["step"].nunique() < 2:
        whole = whole.iloc[:0]
    table: pd.DataFrame = whole[["run_id", "step", "value"]].rename(columns={"value": "score"})
    return table.sort_values(["step", "run_id"], kind="stable", ignore_index=True)


def convergence(contents: Contents) -> str:
    """Return whether the baseline was still rising when its training ended; "" without a curve.

    It was where the last doubling of steps improved the mean of the objective over seeds by more
    than the smallest effect of interest in that metric, of several questions the least one.
    """
    table = curve_of(contents)
    if table.empty:
        return ""
    objective = contents.facts.objective
    split, _, metric = objective.partition("/")
    scores = table.pivot_table(index="run_id", columns="step", values="score")
    steps, means = list(scores.columns), scores.mean()
    by_step = ", ".join(f"{step:,} {means[step]:.3g}" for step in steps)
    seeds = f"{len(scores)} seed{'' if len(scores) == 1 else 's'}"
    start = f"Pilot, val {metric_label(metric)} by steps ({seeds}): {by_step}"
    start = start.replace("val ", f"{split} ", 1)
    half = max((step for step in steps[:-1] if 2 * step <= steps[-1]), default=None)
    if half is None or not means[steps[-1]]:
        return f"{start}."
    sign, word = (-1, "falling") if is_lower_better(metric) else (1, "rising")
    gain = sign * float(means[steps[-1]] - means[half])
    base = abs(float(means[steps[-1]]))
    brought = f"the last doubling of steps brought {100 * sign * gain / base:+.2g} %"
    smallest = _smallest(contents, metric, base=base)
    if smallest is None:
        return f"{start}; {brought}, and no smallest effect is named to compare it with."
    least = f"the smallest effect, {100 * smallest / base:.2g} %"
    if gain > smallest:
        return f"{start}; {STILL} {word}: {brought}, more than {least}."
    return f"{start}; no longer {word}: {brought}, not more than {least}."


def _smallest(contents: Contents, metric: str, *, base: float) -> float | None:
    """Return the least smallest effect in a metric, in its units; percentages are of `base`."""
    found = []
    for question in contents.facts.questions:
        effect = question.smallest_effect.get(metric)
        if isinstance(effect, str) and effect.strip().endswith("%"):
            found.append(float(effect.strip().removesuffix("%")) / 100 * base)
        elif effect is not None:
            found.append(float(effect))
    return min(found, default=None)


def _finds(row: PilotMetric, *, blocks: int, alpha: float) -> str:
    effect = detectable_effect(blocks=blocks, alpha=alpha) * math.sqrt(2) * row.sd
    return f"{100 * effect / abs(row.mean):.2g} %" if row.mean else f"{effect:.2g}"


def _needed(row: PilotMetric, *, effect: float, alpha: float) -> int | None:
    if not row.sd:
        return 2
    return blocks_needed(effect=effect / (math.sqrt(2) * row.sd), alpha=alpha)
