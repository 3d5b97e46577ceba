"""What makes a question not answerable, whatever its numbers say."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ablate.analysis.cells import Cells
from ablate.analysis.facts import FEWEST_BLOCKS, Facts, Selected
from ablate.analysis.question import RegisteredQuestion, label_of, metric_label
from ablate.positions import positions
from ablate.published import NuisanceRange, Value
from ablate.stats import range_edge
from ablate.stats.multiplicity import holm
from ablate.stats.power import fewest_blocks

MOST_FAILED = 0.20  # of the runs of a value
MOST_DROPPED = 0.05  # of the images of a metric
MOST_REPLACED = 1  # blocks with a cell without any healthy run


def failed_guards(
    question: RegisteredQuestion,
    cells: Mapping[str, Cells],
    selected: Selected,
    facts: Facts,
) -> tuple[str, ...]:
    """Return every reason why the question cannot be answered, none where it can."""
    return (
        *_launch(facts),
        *_choice(selected, facts),
        *_environments(facts),
        *_blocks(question, cells, facts),
        *_wholeness(question, cells, selected),
        *_losses(question, selected),
        *_ranges(question, selected, facts),
        *(
            reason
            for metric in (*question.primary, *question.guardrails)
            if (reason := too_many_dropped(metric, cells[metric]))
        ),
    )


def without_training(selected: Selected) -> dict[Value, str]:
    """Return the values that nothing can be said of, each with the reason.

    A value without any healthy training in one block holds the worst score there; in several, its
    contrasts are not answerable, and those of the other values stand.
    """
    counts = Counter(value for value, _ in selected.replaced)
    return {
        value: f"no healthy run of {label_of(value)} in {count} blocks"
        for value, count in counts.items()
        if count > MOST_REPLACED
    }


def untrained_contrasts(question: RegisteredQuestion, selected: Selected) -> dict[str, str]:
    """Return the contrasts that weigh such a value, each with the reason."""
    without = without_training(selected)
    return {
        contrast.name: "; ".join(reasons)
        for contrast in question.contrasts
        if (
            reasons := [
                without[value]
                for value, weight in zip(question.values, contrast.weights, strict=True)
                if weight and value in without
            ]
        )
    }


def too_many_dropped(metric: str, cells: Cells) -> str | None:
    """Return the reason why a metric is not answerable: more than 5 % of its images dropped."""
    if cells.dropped <= MOST_DROPPED * cells.offered:
        return None
    return (
        f"{metric_label(metric)} is not a number on {cells.dropped} of {cells.offered} images, "
        f"above {MOST_DROPPED:.0%}"
    )


def _launch(facts: Facts) -> Iterator[str]:
    if not facts.may_claim:
        what = f"the preset {facts.preset}" if facts.preset else "this phase"
        yield f"{what} may never claim: it was started without claims"
    if facts.awaits:
        yield facts.awaits


def _choice(selected: Selected, facts: Facts) -> Iterator[str]:
    if selected.adaptive:
        yield (
            f"{selected.adaptive} of the runs were suggested by a search, which favours what "
            "scored well by chance"
        )
    if facts.scored_on in facts.selected_on:
        yield f"the scores are from {facts.scored_on}, which also selected"


def _environments(facts: Facts) -> Iterator[str]:
    if facts.mixed_blocks:
        word = "block holds" if len(facts.mixed_blocks) == 1 else "blocks hold"
        yield (
            f"{len(facts.mixed_blocks)} {word} runs of several environments ({facts.drift}), the "
            f"first is block {facts.mixed_blocks[0]}"
        )


def _blocks(
    question: RegisteredQuestion, cells: Mapping[str, Cells], facts: Facts
) -> Iterator[str]:
    fewest = facts.claims_from or max(FEWEST_BLOCKS, fewest_blocks(question.alpha))
    found = min(len(cells[metric].blocks) for metric in question.primary)
    if found < fewest:
        word = "block" if found == 1 else "blocks"
        yield f"{found} {word}, a claim needs {fewest}; images are not replicates"
    elif found < facts.planned_blocks:
        yield f"{found} of {facts.planned_blocks} planned blocks have all scores"


def _wholeness(
    question: RegisteredQuestion, cells: Mapping[str, Cells], selected: Selected
) -> Iterator[str]:
    if selected.unfinished:
        word = "run has" if selected.unfinished == 1 else "runs have"
        yield f"{selected.unfinished} planned {word} no result yet"
    for metric in (*question.primary, *question.guardrails):
        missing = cells[metric].missing
        if not cells[metric].offered:
            yield f"{metric_label(metric)} has no score at all"
        elif missing:
            value, block = missing[0]
            yield (
                f"{metric_label(metric)} has no score in {len(missing)} cells, the first "
                f"{label_of(value)} in block {block}"
            )


def _losses(question: RegisteredQuestion, selected: Selected) -> Iterator[str]:
    for loss in selected.failures:
        if loss.failed > MOST_FAILED * loss.planned:
            yield (
                f"{loss.failed} of {loss.planned} runs of {label_of(loss.value)} were lost to the "
                f"machine, above {MOST_FAILED:.0%}"
            )
    without = without_training(selected)
    if without and len(untrained_contrasts(question, selected)) == len(question.contrasts):
        yield "; ".join(without.values())
    others = [(value, block) for value, block in selected.replaced if value not in without]
    blocks = {block for _, block in others}
    if len(blocks) > MOST_REPLACED:
        names = ", ".join(dict.fromkeys(label_of(value) for value, _ in others))
        yield f"no healthy run of {names} in {len(blocks)} blocks"


def _ranges(question: RegisteredQuestion, selected: Selected, facts: Facts) -> Iterator[str]:
    """Yield the nuisance ranges at whose ends winners crowd, by more than chance puts there.

    One family over all values and ranges: without the test, uniform winners would trip the rule in
    a third of the studies with eight blocks.
    """
    crowds = []
    for nuisance in facts.nuisance:
        if nuisance.name not in selected.winners:
            continue
        for value in question.values:
            winners = selected.winners[selected.winners["value"] == value]
            places = _places(nuisance, winners[nuisance.name].dropna().tolist())
            if places:
                crowds.append((nuisance, value, range_edge.count_outer(places), len(places)))
    corrected = holm([range_edge.chance_of(outer, count) for _, _, outer, count in crowds])
    for (nuisance, value, outer, count), p in zip(crowds, corrected, strict=True):
        if outer > range_edge.SHARE * count and p < question.alpha:
            yield (
                f"range too narrow: {outer} of {count} winners of {label_of(value)} lie in the "
                f"outer {range_edge.OUTER:.0%} of {nuisance.name} "
                f"[{nuisance.low:g}, {nuisance.high:g}]"
            )


def _places(nuisance: NuisanceRange, values: list[float]) -> list[float]:
    found: list[float] = positions(
        values, low=nuisance.low, high=nuisance.high, is_log=nuisance.is_log
    ).tolist()
    return found
