"""Verdicts in words: every number is one of the row, formatted here and nowhere else."""

import math
from collections.abc import Iterator, Mapping, Sequence

from scipy.special import ndtri, stdtrit

from ablate.analysis.cells import Cells
from ablate.analysis.contrasts import INTERACTION
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.guards import without_training
from ablate.analysis.question import RegisteredQuestion, label_of, metric_label
from ablate.analysis.verdict import AtBudget, Row
from ablate.analysis.words import digits_of, rounded
from ablate.stats.power import POWER

LEAST_DECIMALS, MOST_DECIMALS = 3, 9
SCOPE, BEYOND, PARTS = "Scope: ", ". Nothing is said beyond it.", ("network", "data", "budget")
WORDS = {2: "twice", 0.5: "half"}
FOUND = {"practically equivalent": "the equivalence", "non-inferior": "the non-inferiority"}
FEWEST_SCENES = 5  # below, an interval says little of other scenes
FEWEST_IMAGES = 20  # with 8 images that differ far more than blocks, 95 % intervals cover 90.6 %


def sentence_of(row: Row, *, alpha: float) -> str:
    """Return what a row says: a sentence per number, each with its interval; p stand in tables.

    Args:
        row: Judged.
        alpha: Level of the question.
    """
    head = f"{row.verdict} ({row.reason})" if row.reason else row.verdict
    number = _amount(row.estimate, row.ci_low, row.ci_high, row, alpha=alpha)
    parts = [f"{head}: {subject(row)} changes {metric_label(row.metric)} by {number}."]
    if row.verdict == "undecided":
        parts += _outlook(row)
    if row.is_test_dependent and row.verdict != "not answerable":
        parts.append(f"Test-dependent: crossed t and sign flips disagree at {alpha:g}.")
    if _is_few(row):
        parts.append("Most blocks lie on the other side of 0: a few large ones make the mean.")
    if row.images_dropped:
        word = "image" if row.images_dropped == 1 else "images"
        parts.append(f"{row.images_dropped} {word} left out: no number in some run.")
    parts += [_at_budget(one, row, alpha=alpha) for one in row.budgets]
    return " ".join(parts)


def in_percent(number: float | None, row: Row) -> float | None:
    """Return a difference of a row in percent of its base; None without one."""
    scale = row.to_percent
    return None if number is None or scale is None else number * scale


def times_the_steps(times: float) -> str:
    """Return a budget in words.

    Example:
        >>> times_the_steps(2), times_the_steps(0.5), times_the_steps(3)
        ('twice the steps', 'half the steps', '3 times the steps')
    """
    return f"{WORDS.get(times, f'{times:g} times')} the steps"


def _amount(number: float, low: float | None, high: float | None, row: Row, *, alpha: float) -> str:
    """Return a difference with its interval, in percent where a base is known."""
    if row.to_percent is None:
        digits, unit, scale = decimals(low, high), "", 1.0
    else:
        scale, unit = row.to_percent, " %"
        ends = in_percent(low, row), in_percent(high, row)
        digits = digits_of(*ends)
    text = f"{rounded(number * scale, digits)}{unit}"
    if low is None or high is None:
        return text
    shown = f"{rounded(low * scale, digits)} to {rounded(high * scale, digits)}{unit}"
    return f"{text} ({100 * (1 - alpha):g} % CI {shown})"


def _at_budget(one: AtBudget, row: Row, *, alpha: float) -> str:
    """Return the effect at another budget, and plainly where what was found does not hold there."""
    number = _amount(one.estimate, one.ci_low, one.ci_high, row, alpha=alpha)
    effect = f"At {times_the_steps(one.times)} it is {number}"
    what = FOUND.get(row.verdict, "the effect")
    if one.held == "holds":
        return f"{effect}: {what} holds at that budget."
    if one.held == "does not hold":
        low, high = (math.nan if x is None else x for x in (one.change_low, one.change_high))
        doubt = "; the change may be chance" if low <= 0 <= high else ""
        return f"{effect}: {what} does not hold at that budget: {one.reason}{doubt}."
    return f"{effect}: open at that budget, {one.reason}." if one.held == "open" else f"{effect}."


def _is_few(row: Row) -> bool:
    """Return whether most blocks have another sign than the mean."""
    if row.is_better is None or row.p_better in (None, 0.5):
        return False
    return row.is_better != (row.p_better > 0.5)


def subject(row: Row) -> str:
    """Return what a row compares, in words."""
    if row.value is None or row.baseline is None:
        is_named = row.contrast.startswith(INTERACTION) or row.contrast.endswith(f" {row.factor}")
        return row.contrast if is_named else f"{row.contrast} ({row.factor})"
    pair = f"{label_of(row.value)} vs {label_of(row.baseline)}"
    return f"{row.factor} {pair}" if row.contrast == pair else f"{row.contrast} ({pair})"


def decimals(low: float | None, high: float | None) -> int:
    """Return how many decimals show two digits of half an interval, three at least."""
    if low is None or high is None or low == high:
        return LEAST_DECIMALS
    wanted = 1 - math.floor(math.log10(abs(high - low) / 2))
    return min(MOST_DECIMALS, max(LEAST_DECIMALS, wanted))


def chance(p: float) -> str:
    """Return a p value after its sign; one beside 0.05 with the digits that tell its side.

    Example:
        >>> chance(0.0312), chance(0.0498), chance(1e-5)
        ('= 0.031', '= 0.0498', '< 0.001')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.4f}" if f"{p:.3f}" == "0.050" else f"= {p:.3f}"


def scope_of(facts: Facts) -> str:
    """Return the network, data and budget that a verdict is about, and nothing beyond."""
    named = zip(PARTS, (facts.network, facts.data, facts.budget), strict=True)
    parts = [f"{name} {text}" for name, text in named if text]
    return f"{SCOPE}{'; '.join(parts) or 'not stated'}{BEYOND}"


def scope_parts(scope: str) -> dict[str, str]:
    """Return the parts of a sentence of `scope_of` by name.

    Example:
        >>> scope_parts("Scope: network probe; data TNO. Nothing is said beyond it.")
        {'network': 'probe', 'data': 'TNO'}
    """
    parts = scope.removeprefix(SCOPE).removesuffix(BEYOND).split("; ")
    named = (part.partition(" ") for part in parts)
    return {name: text for name, _, text in named if name in PARTS}


def caveats_of(
    question: RegisteredQuestion,
    selected: Selected,
    facts: Facts,
    cells: Mapping[str, Cells],
) -> tuple[str, ...]:
    """Return the limits that stand beside a verdict."""
    found = [*facts.caveats]
    if facts.held:
        found.append(
            f"{', '.join(facts.held)} held at one base value for all values: a difference may be "
            "one of tuning"
        )
    grouped = [metric for metric in question.primary if cells[metric].groups]
    plain = [metric for metric in question.primary if metric not in grouped]
    few = min((cells[metric].scores.shape[2] for metric in plain), default=FEWEST_IMAGES)
    if question.images == "fixed":
        found.append("the claim is about this test set only: images are fixed")
    elif grouped:
        found += _of_scenes(grouped, cells)
    if question.images != "fixed" and 1 < few < FEWEST_IMAGES:
        wider = stdtrit(few - 1, 0.975) / ndtri(0.975) - 1
        found.append(
            f"only {few} images: where images differ more than blocks the interval is too short, "
            f"by up to {wider:.0%}"
        )
    without = without_training(selected)
    found += [f"{reason}: its contrasts are not answered" for reason in without.values()]
    for value, block in selected.replaced:
        if value in without:
            continue
        found.append(
            f"no healthy run of {label_of(value)} in block {block}: it holds the worst score of "
            "that block"
        )
    if count := len(selected.left_out):
        blocks = len({block for block, _ in selected.left_out})
        lost = ", ".join(
            f"{one.failed} of {label_of(one.value)}" for one in selected.failures if one.failed
        )
        found.append(
            f"{count} tuning {'point is' if count == 1 else 'points are'} left out for all values "
            f"in {blocks} {'block' if blocks == 1 else 'blocks'}: the machine lost runs there "
            f"({lost})"
        )
    found += [
        f"{cells[metric].dropped} of {cells[metric].offered} images left out of "
        f"{metric_label(metric)} in all values and blocks: no number in some run"
        for metric in question.metrics
        if cells[metric].dropped
    ]
    return tuple(found)


def _of_scenes(metrics: Sequence[str], cells: Mapping[str, Cells]) -> Iterator[str]:
    """Yield what a small number of scenes means for the claim."""
    seen = min(len(set(cells[metric].groups or ())) for metric in metrics)
    if seen == 1:
        yield "all test images show one scene: nothing is said of other scenes"
    elif 1 < seen < FEWEST_SCENES:
        yield f"{seen} test scenes: a claim rests on few places, however many images show them"


def _outlook(row: Row) -> Iterator[str]:
    """Yield what this design can find, and what the smallest effect would take."""
    if row.detectable is not None:
        yield f"This design finds {_size(row.detectable, row)} with {100 * POWER:g} % power."
    if row.smallest_effect is None:
        yield "No smallest effect of interest is named."
    elif row.blocks_needed is None:
        yield f"On these images no number of blocks finds {_size(row.smallest_effect, row)}."
    else:
        yield f"The smallest effect takes {row.blocks_needed} blocks."


def _size(number: float, row: Row) -> str:
    """Return the size of a difference, in percent where a base is known."""
    if (scale := row.to_percent) is None:
        return f"{abs(number):.{decimals(row.ci_low, row.ci_high)}f}"
    digits = digits_of(in_percent(row.ci_low, row), in_percent(row.ci_high, row))
    return f"{abs(number * scale):.{max(1, digits)}f} %"
