"""Whether what was found at the registered training budget holds at another one.

The same blocks (seeds, splits, tuning points, values) are trained again for other steps, and each
budget chooses its own tuning points on val. Nothing here decides: the verdict is that of the
registered budget, and the numbers of the other one stand beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ablate.analysis.cells import Cells, cells_of
from ablate.analysis.facts import Selected
from ablate.analysis.published import StudyFacts
from ablate.analysis.question import RegisteredQuestion, metric_label
from ablate.analysis.sentences import in_percent, sentence_of, times_the_steps
from ablate.analysis.verdict import AtBudget, Held, Row, Verdict
from ablate.analysis.words import Later, headline
from ablate.design_names import AT_BUDGET
from ablate.stats.arrays import Floats
from ablate.stats.contrasts import difference
from ablate.stats.crossed import CrossedT, Images, crossed_t
from ablate.stats.margins import is_equivalent, is_non_inferior

HALF = 0.5  # of an effect: what is left where it is halved


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherBudget:
    """The blocks of an answer at another budget, as they were published."""

    phase: str
    times: float  # multiple of the registered steps
    steps: int
    arms: Mapping[str, str]  # arm at the registered budget -> the same arm at this one


def other_budgets(facts: StudyFacts, phase: str) -> list[OtherBudget]:
    """Return the further budgets of an answer phase, in the order of the study file."""
    return [
        OtherBudget(phase=name, times=one.times, steps=one.steps, arms=one.arms)
        for name, one in facts.phases.items()
        if one.design == AT_BUDGET and one.of == phase
    ]


def at_budget(
    verdict: Verdict,
    question: RegisteredQuestion,
    *,
    registered: Selected,
    there: Selected,
    budget: OtherBudget,
) -> Verdict:
    """Return the verdict with every row's effect at another budget; all else stays as it is.

    Args:
        verdict: At the registered budget.
        question: What was asked.
        registered: The answers at the registered budget.
        there: The answers at the other one.
        budget: The other one.
    """
    both = {metric: _both(question, registered, there, metric) for metric in question.metrics}
    weights = {contrast.name: contrast.weights for contrast in question.contrasts}
    rows = []
    for row in verdict.rows:
        cells = both[row.metric]
        if cells.scores.size:
            found = _at(question, row, cells, weights[row.contrast], budget)
            row = replace(row, budgets=(*row.budgets, found))  # noqa: PLW2901 -- the same row
            row = replace(row, sentence=sentence_of(row, alpha=question.alpha))  # noqa: PLW2901
        rows.append(row)
    lost = [
        f"{row.contrast} in {metric_label(row.metric)} ({row.budgets[-1].reason})"
        for row in rows
        if row.role == "primary" and row.budgets and row.budgets[-1].held == "does not hold"
    ]
    where = f"at {times_the_steps(budget.times)} ({budget.steps})"
    caveats = [f"{where} does not hold: {'; '.join(lost)}"] if lost else []
    if not any(cells.scores.size for cells in both.values()):
        caveats = [f"{where} no block has all scores: not known whether anything holds there"]
    return replace(
        verdict,
        rows=tuple(rows),
        headline=_headline(question, verdict, rows),
        caveats=(*verdict.caveats, *caveats),
    )


def _headline(question: RegisteredQuestion, verdict: Verdict, rows: Sequence[Row]) -> str:
    """Return the headline with the effects at the other budgets."""
    if verdict.verdict == "not answerable" or not verdict.contrasts:
        return verdict.headline
    later = [
        Later(
            contrast=row.contrast,
            metric=row.metric,
            change=one.percent,
            at=times_the_steps(one.times),
            low=in_percent(one.ci_low, row),
            high=in_percent(one.ci_high, row),
        )
        for row in rows
        for one in row.budgets
        if one.percent is not None
    ]
    return headline(question.factor, verdict.contrasts, later=later)


def _both(
    question: RegisteredQuestion, registered: Selected, there: Selected, metric: str
) -> Cells:
    """Return the scores of both budgets in common blocks and images: first the registered one's."""
    count = len(question.values)
    places = {value: place for place, value in enumerate(question.values)}
    tables = []
    for first, selected in ((0, registered), (count, there)):
        answers = selected.answers
        mine = answers[answers["value"].isin(question.values)]
        tables.append(mine.assign(value=mine["value"].map(places).astype(int) + first))
    every = replace(question, values=tuple(range(2 * count)))
    return cells_of(every, pd.concat(tables, ignore_index=True), metric)


def _at(
    question: RegisteredQuestion,
    row: Row,
    cells: Cells,
    weights: tuple[float, ...],
    budget: OtherBudget,
) -> AtBudget:
    count = len(question.values)
    here = difference(cells.scores[:, :count], weights)
    there = difference(cells.scores[:, count:], weights)
    held, reason, t, change = judged(question, row, here, there, groups=cells.groups)
    estimate = float(there.mean())
    base = question.base_of(row.metric)
    return AtBudget(
        times=budget.times,
        steps=budget.steps,
        blocks=there.shape[0],
        images=there.shape[1],
        estimate=estimate,
        percent=100 * estimate / abs(base) if base else None,
        ci_low=None if t is None else float(t.low),
        ci_high=None if t is None else float(t.high),
        change=estimate - float(here.mean()),
        change_low=None if change is None else float(change.low),
        change_high=None if change is None else float(change.high),
        held=held,
        reason=reason,
    )


def judged(
    question: RegisteredQuestion,
    row: Row,
    here: Floats,
    there: Floats,
    *,
    groups: Sequence[str] | None = None,
) -> tuple[Held, str, CrossedT | None, CrossedT | None]:
    """Return whether a row holds, why not, and the interval there and of the change.

    Args:
        question: Its alpha, the role of its images and its smallest effects count.
        row: Judged at the registered budget.
        here: The contrast per block and image at the registered budget, (blocks, images).
        there: The same at the other one.
        groups: Scene of every image, None where each is a case of its own.
    """
    found = row.verdict in ("supported", "contradicted", "practically equivalent", "non-inferior")
    if len(there) < 2:
        few = "one block has all scores at both budgets"
        return ("open" if found else "not judged"), few if found else "", None, None
    images, alpha = question.images, question.alpha
    t = crossed_t(there, alpha=alpha, images=images, groups=groups)
    change = crossed_t(there - here, alpha=alpha, images=images, groups=groups)
    if not found:
        return "not judged", "", t, change
    if len(there) < row.blocks:
        few = f"{len(there)} of {row.blocks} blocks have all scores there"
        return "open", few, t, change
    margin, sign = row.smallest_effect, question.sign_of(row.metric)
    if row.verdict in ("supported", "contradicted"):
        held, reason = effect_held(
            here, there, margin=margin, alpha=alpha, images=images, groups=groups
        )
    elif margin is None:
        held, reason = "open", "no smallest effect is named"
    elif row.verdict == "practically equivalent":
        beyond = abs(float(t.estimate)) > margin
        inside = is_equivalent(low=float(t.low), high=float(t.high), margin=margin)
        held, reason = _bounded(beyond, inside, "it is larger than the smallest effect")
    else:
        low = min(sign * float(t.low), sign * float(t.high))
        beyond = sign * float(t.estimate) < -margin
        inside = is_non_inferior(low=low, margin=margin)
        held, reason = _bounded(beyond, inside, "it is worse than the smallest effect allows")
    return held, reason, t, change


def effect_held(
    here: Floats,
    there: Floats,
    *,
    margin: float | None,
    alpha: float,
    images: Images = "random",
    groups: Sequence[str] | None = None,
) -> tuple[Held, str]:
    """Return whether an effect that was found holds at another budget, and why not.

    It does not hold where its sign turns, where its size falls below the smallest effect, and
    where half of it or less is left: by the estimates, or where the change is larger than chance
    and the interval does not rule out a half. It holds where none of this is so and its interval
    there excludes 0; else it is open.

    Args:
        here: The contrast per block and image at the registered budget, (blocks, images).
        there: The same at the other one, same blocks and images.
        margin: The smallest effect of interest, in units of the metric; None where none is named.
        alpha: Of the intervals.
        images: "random" or "fixed", as `ablate.stats.crossed.crossed_t` takes it.
        groups: As `crossed_t` takes it.

    Example:
        >>> import numpy as np
        >>> here = np.array([[4.0], [5.0], [6.0]])
        >>> effect_held(here, here - 6, margin=None, alpha=0.05)
        ('does not hold', 'its sign turns')
        >>> effect_held(here, 0.3 * here, margin=2.0, alpha=0.05)
        ('does not hold', '30 % of it is left, less than the smallest effect')
    """
    side = float(np.sign(here.mean()))
    first, second = side * here, side * there  # the registered effect is positive
    share = float(second.mean() / first.mean()) if first.mean() else 0.0
    if share < 0:
        return "does not hold", "its sign turns"
    change = crossed_t(second - first, alpha=alpha, images=images, groups=groups)
    to_half = crossed_t(second - HALF * first, alpha=alpha, images=images, groups=groups)
    is_halved = share <= HALF or (float(change.high) < 0 and float(to_half.low) <= 0)
    is_small = margin is not None and float(second.mean()) < margin <= float(first.mean())
    if is_halved or is_small:
        left = f"{100 * share:.0f} % of it is left"
        return "does not hold", f"{left}, less than the smallest effect" if is_small else left
    if float(crossed_t(second, alpha=alpha, images=images, groups=groups).low) > 0:
        return "holds", ""
    return "open", "its interval there includes 0"


def _bounded(is_beyond: bool, is_inside: bool, reason: str) -> tuple[Held, str]:
    if is_beyond:
        return "does not hold", reason
    return ("holds", "") if is_inside else ("open", "its interval there is too wide to tell")
