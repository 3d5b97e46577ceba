"""One contrast over several studies: its cells, and what a hierarchical model says of them all.

A cell is a data set, a network and a budget. Cells belong together where the question has the same
id and factor, the same values are compared with the same weights, and the metric is the same.
Trainings of networks and probes, which train none, are never put together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Final, Literal, TypeAlias

from scipy.special import stdtrit

from ablate.analysis.contrasts import INTERACTION, QUADRATIC
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import FEW
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.sentences import scope_parts
from ablate.analysis.verdict import AtBudget, Row
from ablate.errors import ConfigError
from ablate.published import Value
from ablate.stats.synthesis import CellEffect, Synthesis, synthesize

ONE_CELL: Final = "one cell: nothing to synthesize"
NO_CELL: Final = "no cell that counts"
SHARED: Final = "shares tuning points and seeds"
BUDGETS: Final = "budgets of one study count as one: their mean"
STEPS: Final = re.compile(r"^\d+ steps")  # at the start of a budget in words
DIGITS: Final = 6  # of a weight: those of trends are worked out
Trained: TypeAlias = Literal["networks", "probe"]
Terms: TypeAlias = tuple[tuple[str, float], ...]  # (value, weight), the weight never 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An answered question, and the study that it stands in.

    Args:
        where: As it was typed: a folder, or STUDY@STORE.
        study: Name of the study.
        design: Hash of its design.
        data: Hash of its data.
        question: With its answer.
        unhealthy: Value -> share of its trainings that ended unhealthy, where it is known.
    """

    where: str
    study: str
    question: AnsweredQuestion
    design: str = ""
    data: str = ""
    unhealthy: Mapping[Value, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one study says of a contrast at one budget, in percent of the tuned baseline.

    Larger means better, whatever the direction of the metric. `left_out` says why the cell has no
    part in the synthesis, `marks` what limits it.
    """

    where: str
    study: str
    network: str
    data: str
    budget: str
    blocks: int
    effect: float
    se: float | None
    df: float | None
    smallest: float | None
    marks: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the central 95 % interval; None without a standard error."""
        if self.se is None or self.df is None:
            return None
        half = float(stdtrit(self.df, 0.975)) * self.se
        return self.effect - half, self.effect + half


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesized:
    """A contrast in one metric over its cells.

    Args:
        question: Id of the question.
        asks: The question in words.
        factor: What is compared.
        trained: Whether networks were trained, or none (the probe).
        contrast: Its name.
        value: Of a pair of values, compared with `baseline`; both are None of a trend.
        metric: Name of the metric.
        smallest: The largest of the cells' smallest effects, in percent of the tuned baseline.
        cells: All of them, also those that are left out.
        found: Over the cells that count; None with fewer than two.
    """

    question: str
    asks: str
    factor: str
    trained: Trained
    contrast: str
    value: str | None
    baseline: str | None
    metric: str
    smallest: float
    cells: tuple[Cell, ...]
    found: Synthesis | None

    @property
    def counted(self) -> tuple[Cell, ...]:
        """The cells that have a part in the synthesis."""
        return tuple(cell for cell in self.cells if not cell.left_out)

    @property
    def word(self) -> str:
        """What the cells say together: a word of the model, `ONE_CELL` or `NO_CELL`."""
        if self.found is not None:
            return self.found.word
        return ONE_CELL if self.counted else NO_CELL

    @property
    def named(self) -> str:
        """The contrast with the values that it compares."""
        pair = f"{self.value} vs {self.baseline}"
        return (
            self.contrast
            if self.value is None or self.contrast == pair
            else (f"{self.contrast} ({pair})")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesizedStudies:
    """Every contrast of some studies, and what was not synthesized, in words."""

    contrasts: tuple[Synthesized, ...]
    remarks: tuple[str, ...] = ()


def synthesized(
    several: Sequence[Asked], *, smallest: Mapping[str, float] | None = None
) -> SynthesizedStudies:
    """Put the contrasts of answered questions together, cell by cell.

    Args:
        several: Questions of one or more studies.
        smallest: Metric -> smallest effect in % of the tuned baseline, before registered ones.

    Raises:
        ConfigError: All faults together: one study with different contrasts, one cell twice, a
            metric without a smallest effect.
    """
    given = smallest or {}
    faults = [*_different(several), *_twice(several), *_without_smallest(several, given)]
    if faults:
        raise ConfigError(*faults)
    groups: dict[tuple[object, ...], list[tuple[Asked, Row, int]]] = {}
    undirected: dict[tuple[str, str], None] = {}
    for one in several:
        for row in _rows(one.question):
            if row.contrast.startswith((INTERACTION, QUADRATIC)):
                undirected[one.question.id, row.contrast] = None
                continue
            terms = _terms(one.question, row.contrast)
            head = (trained_of(one.question), one.question.id, one.question.factor, row.metric)
            sign = -1 if (*head, _mirrored(terms)) in groups else 1
            key = (*head, terms if sign > 0 else _mirrored(terms))
            groups.setdefault(key, []).append((one, row, sign))
    return SynthesizedStudies(
        contrasts=tuple(_synthesized(members, given) for members in groups.values()),
        remarks=tuple(
            f"{question}: {contrast}: a curvature or an interaction is neither gain nor loss; not "
            "synthesized"
            for question, contrast in undirected
        ),
    )


def trained_of(question: AnsweredQuestion) -> Trained:
    """What the scores come from: trained networks, or pixels that were optimised directly."""
    network = scope_parts(question.scope).get("network", "")
    return "probe" if trains_none(network) else "networks"


def trains_none(network: str) -> bool:
    """Whether a scope names no network: pixels were optimised directly."""
    return network.startswith("none")


def tuned_baseline(question: AnsweredQuestion, metric: str) -> float | None:
    """Mean test score of the baseline at its tuned points; None where no score is known.

    Documents before 0.2 do not name the baseline: it is then the value that most contrasts have,
    of several the one that others are most often compared with.
    """
    value = question.baseline
    if value is None:
        columns = list(zip(*question.weights.values(), strict=True))
        uses = [(sum(w != 0 for w in some), sum(w < 0 for w in some)) for some in columns]
        if not uses:
            return None
        value = question.values[uses.index(max(uses))]
    scores = [
        cell.score for cell in question.cells if cell.metric == metric and cell.value == value
    ]
    return abs(mean(scores)) or None if scores else None


def _rows(question: AnsweredQuestion) -> Iterator[Row]:
    """Yield the rows of the primary metrics, also those that were not registered."""
    for row in question.rows:
        if row.role == "primary" or (row.role == "exploratory" and row.metric in question.primary):
            yield row


def _terms(question: AnsweredQuestion, contrast: str) -> Terms:
    weights = zip(question.values, question.weights[contrast], strict=True)
    return tuple(
        sorted((label_of(value), round(weight, DIGITS)) for value, weight in weights if weight)
    )


def _mirrored(terms: Terms) -> Terms:
    return tuple((value, -weight) for value, weight in terms)


def _synthesized(
    members: Sequence[tuple[Asked, Row, int]], given: Mapping[str, float]
) -> Synthesized:
    first, row, _ = members[0]
    sharing = _sharing([one for one, _, _ in members])
    cells = [
        cell
        for one, mine, sign in members
        for cell in _cells(one, mine, sign=sign, marks=sharing.get(one.where, ()))
    ]
    counted = [cell for cell in cells if not cell.left_out]
    known = [cell.smallest for cell in counted or cells if cell.smallest is not None]
    smallest = given.get(row.metric) or max(known, default=0.0)
    effects = _effects(counted)
    found = synthesize(effects, smallest_effect=smallest) if len(effects) > 1 else None
    return Synthesized(
        question=first.question.id,
        asks=first.question.asks,
        factor=row.factor,
        trained=trained_of(first.question),
        contrast=row.contrast,
        value=None if row.value is None else label_of(row.value),
        baseline=None if row.baseline is None else label_of(row.baseline),
        metric=row.metric,
        smallest=smallest,
        cells=tuple(cells),
        found=found,
    )


def _effects(cells: Sequence[Cell]) -> list[CellEffect]:
    """One effect per study: budgets share their blocks and their data, so that their mean counts.

    Its standard error is the mean one, as if the errors of all budgets were the same.
    """
    studies: dict[str, list[Cell]] = {}
    for cell in cells:
        studies.setdefault(cell.where, []).append(cell)
    return [
        CellEffect(
            estimate=mean(cell.effect for cell in some),
            se=mean(cell.se or 0.0 for cell in some),
            df=min(cell.df or 0.0 for cell in some),
        )
        for some in studies.values()
    ]


def _cells(one: Asked, row: Row, *, sign: int, marks: tuple[str, ...]) -> Iterator[Cell]:
    """Yield the cell of a study, and one per further budget."""
    base = tuned_baseline(one.question, row.metric)
    scope = scope_parts(one.question.scope)
    better = sign * (-1 if row.is_better is not None and row.is_better != (row.estimate > 0) else 1)
    scale = 100 * better / base if base else 0.0
    reason = _left_out(one.question, row, base)
    budgets = [] if reason else [found for at in row.budgets if (found := _at(at, one.question))]
    registered = Cell(
        where=one.where,
        study=one.study,
        network=scope.get("network", ""),
        data=scope.get("data", ""),
        budget=scope.get("budget", ""),
        blocks=row.blocks,
        effect=scale * row.estimate,
        se=None if row.se is None else abs(scale) * row.se,
        df=row.df,
        smallest=None if row.smallest_effect is None else abs(scale) * row.smallest_effect,
        marks=(*_unhealthy(one, row), *marks, *([BUDGETS] if budgets else [])),
        left_out=reason,
    )
    yield registered
    for at, se in budgets:
        yield replace(
            registered,
            budget=STEPS.sub(f"{at.steps} steps", registered.budget),
            blocks=at.blocks,
            effect=scale * at.estimate,
            se=abs(scale) * se,
            df=at.blocks - 1,
        )


def _at(at: AtBudget, question: AnsweredQuestion) -> tuple[AtBudget, float] | None:
    """A further budget with its standard error, from its interval at blocks - 1 degrees."""
    if at.ci_low is None or at.ci_high is None or at.blocks < 2 or at.ci_high <= at.ci_low:
        return None
    quantile = float(stdtrit(at.blocks - 1, 1 - question.alpha / 2))
    return at, (at.ci_high - at.ci_low) / 2 / quantile


def _left_out(question: AnsweredQuestion, row: Row, base: float | None) -> str:
    """Why a row has no part in the synthesis; empty where it has."""
    if row.role == "exploratory":
        return "exploratory: the contrast was not registered"
    if row.verdict == "not answerable":
        return f"not answerable: {row.reason or question.reason}"
    if base is None:
        return "no score of the baseline is known"
    if not row.se or not row.df:
        return "no spread over blocks"
    return ""


def _unhealthy(one: Asked, row: Row) -> Iterator[str]:
    weights = dict(zip(one.question.values, one.question.weights[row.contrast], strict=True))
    shares = {v: share for v, share in one.unhealthy.items() if share > FEW and weights.get(v)}
    if shares:
        listed = ", ".join(f"{100 * share:.0f} % of {label_of(v)}" for v, share in shares.items())
        yield f"unhealthy trainings: {listed}"


def _sharing(several: Sequence[Asked]) -> dict[str, tuple[str, ...]]:
    """Where -> its mark, of the studies that have a winning tuning point in common with another.

    Tuning points are drawn at random with many digits: two that agree are one.
    """
    points = {
        one.where: {
            (winner.block, *sorted(winner.nuisance.items()))
            for winner in one.question.winners
            if winner.nuisance
        }
        for one in several
    }
    return {
        where: (SHARED,)
        for where, mine in points.items()
        if any(mine & other for there, other in points.items() if there != where)
    }


def _different(several: Sequence[Asked]) -> Iterator[str]:
    """Yield a fault per question of one study whose contrasts differ between two places."""
    seen: dict[tuple[str, str], Asked] = {}
    for one in several:
        first = seen.setdefault((one.study, one.question.id), one)
        mine, theirs = (
            {name: _terms(some.question, name) for name in some.question.weights}
            for some in (one, first)
        )
        names = [name for name in (mine | theirs) if mine.get(name) != theirs.get(name)]
        if names:
            yield (
                f"{one.where} and {first.where}: {one.study}.{one.question.id} has other contrasts "
                f"({', '.join(names[:3])}{', ...' if len(names) > 3 else ''}); synthesize studies "
                "of one design, or give the newer one a name of its own"
            )


def _twice(several: Sequence[Asked]) -> Iterator[str]:
    """Yield a fault per study that was given twice."""
    seen: dict[tuple[str, ...], str] = {}
    for one in several:
        key = (one.study, one.question.id, one.design, one.data, one.question.scope)
        if (first := seen.setdefault(key, one.where)) != one.where:
            yield f"{one.where} and {first}: the same answer to {one.question.id}; give one of them"


def _without_smallest(several: Sequence[Asked], given: Mapping[str, float]) -> Iterator[str]:
    for one in several:
        known = one.question.deciding
        bare = {row.metric for row in known if row.smallest_effect is None} - set(given)
        for metric in sorted(bare):
            yield (
                f"{one.where}: questions.{one.question.id}: {metric_label(metric)} has no smallest "
                f"effect; say it in % of the tuned baseline: --smallest {metric}=1"
            )
