"""A question on further test sets: the same weights, other images.

What a question did not register there is described, never judged: effects with their intervals, and
whether the values rank as on the study's own test part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ablate.analysis.cells import Cells, cells_of, with_bases
from ablate.analysis.document import CellMean, OnSet
from ablate.analysis.estimates import estimate
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.guards import untrained_contrasts, without_training
from ablate.analysis.interactions import Agreement, compared_orders
from ablate.analysis.judging import row_of
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.verdict import Row
from ablate.metrics.catalogue import set_of
from ablate.settings.data import OWN
from ablate.stats.arrays import Floats

OF_SETS = "test set"  # the other factor of an agreement


def on_sets_of(
    question: RegisteredQuestion, selected: Selected, facts: Facts, *, rows: Sequence[Row]
) -> tuple[OnSet, ...]:
    """Return the question on every further test set of its study.

    Args:
        question: As it was judged.
        selected: Its answers, with the scores on all test sets.
        facts: The study around it, which names the sets.
        rows: Those of the verdict; what the question registered on a set is among them.
    """
    return tuple(
        _on_set(name, label, question, selected, facts, rows=rows)
        for name, label in facts.tests.items()
    )


def _on_set(
    name: str,
    label: str,
    question: RegisteredQuestion,
    selected: Selected,
    facts: Facts,
    *,
    rows: Sequence[Row],
) -> OnSet:
    plain = tuple(dict.fromkeys(set_of(metric)[1] for metric in question.metrics))
    there = replace(
        question,
        primary=tuple(f"{name}/{metric}" for metric in plain),
        secondary=(),
        guardrails=(),
        smallest_effect={},
        contrasts=tuple(replace(one, is_exploratory=True) for one in question.contrasts),
    )
    there = with_bases(there, selected.answers)
    cells = {metric: cells_of(there, selected.answers, metric) for metric in there.primary}
    untrained = untrained_contrasts(question, selected)
    judged = {(row.contrast, row.metric): row for row in rows if row.role != "exploratory"}
    found: list[Row] = []
    for contrast in there.contrasts:
        for metric in there.primary if contrast.name not in untrained else ():
            numbers = estimate(there, contrast, metric, cells[metric])
            row = judged.get((contrast.name, metric))
            if row is None and numbers is not None:
                row = row_of(
                    there,
                    numbers,
                    cells[metric],
                    facts,
                    p_holm=None,
                    family=1,
                    is_failed=False,
                    runs={},
                )
            if row is not None:
                found.append(replace(row, metric=set_of(metric)[1]))
    return OnSet(
        name=name,
        label=label,
        rows=tuple(found),
        cells=tuple(_means(question, selected, cells)),
        agreement=tuple(_agreement(name, question, selected)),
    )


def _means(
    question: RegisteredQuestion, selected: Selected, cells: Mapping[str, Cells]
) -> list[CellMean]:
    """Return the mean score of every metric, block and value that trained."""
    without = without_training(selected)
    return [
        CellMean(metric=set_of(metric)[1], block=block, value=value, score=float(mean[row, column]))
        for metric, one in cells.items()
        if one.scores.size
        for mean in [one.scores.mean(axis=2)]
        for row, block in enumerate(one.blocks)
        for column, value in enumerate(question.values)
        if value not in without
    ]


def _agreement(name: str, question: RegisteredQuestion, selected: Selected) -> list[Agreement]:
    """Return per primary metric how alike the values rank on both test sets."""
    found = []
    for metric in dict.fromkeys(set_of(one)[1] for one in question.primary):
        own, other = (
            cells_of(question, selected.answers, one) for one in (metric, f"{name}/{metric}")
        )
        if not (own.scores.size and other.scores.size):
            continue
        means = _shared(own, other)
        if not len(means[0]):
            continue
        sign = question.sign_of(metric)
        found.append(
            compared_orders(
                metric,
                question.values,
                (sign * means[0], sign * means[1]),
                of=(OF_SETS, OWN, name),
                where=(f"on {OWN}", f"on {name}"),
            )
        )
    return found


def _shared(own: Cells, other: Cells) -> tuple[Floats, Floats]:
    """Return the means [blocks, values] of the blocks that both test sets have."""
    blocks = [block for block in own.blocks if block in other.blocks]
    first, second = (
        one.scores.mean(axis=2)[[one.blocks.index(block) for block in blocks]]
        for one in (own, other)
    )
    return first, second
