"""verdict.json: the one place that every number of a report comes from, typed both ways."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from ablate.analysis.aggregates import Count, RankDifference
from ablate.analysis.estimand import Estimand
from ablate.analysis.health import TrainingHealth
from ablate.analysis.interactions import Agreement
from ablate.analysis.plateau import Plateau
from ablate.analysis.sensitivity import Reselection
from ablate.analysis.verdict import AtBudget, Row, Verdict
from ablate.identity import canonical_json
from ablate.published import Component, Value
from ablate.stored import decode as decoded
from ablate.stored import encode as plain
from ablate.stored import stored

ROW_COLUMNS = (
    "question",
    "contrast",
    "metric",
    "role",
    "factor",
    "value",
    "baseline",
    "estimate",
    "percent",
    "ci_low",
    "ci_high",
    "p",
    "p_holm",
    "p_step_down",
    "p_sign_flip",
    "p_wilcoxon",
    "d_z",
    "p_better",
    "blocks",
    "points",
    "images",
    "images_dropped",
    "smallest_effect",
    "detectable",
    "blocks_needed",
    "is_test_dependent",
    "verdict",
)
BUDGET_OF = ("contrast", "metric", "role", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMean:
    """Mean test score of a metric, block and value, over the images that were kept."""

    metric: str
    block: int
    value: Value
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSet:
    """A question on a further test set, by the same weights: described unless it asked there.

    Args:
        name: Of the set.
        label: Of its data.
        rows: A row per contrast and metric, in plain names of metrics. Those that the question
            registered are as they were judged; the others are described.
        cells: Mean scores per metric, block and value.
        agreement: Per primary metric, how alike the values rank on the study's own test part.
    """

    name: str
    label: str
    rows: tuple[Row, ...]
    cells: tuple[CellMean, ...]
    agreement: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """The tuning point that won in a block, with its nuisance settings."""

    block: int
    value: Value
    run_id: str
    nuisance: Mapping[str, float] = stored(default_factory=dict, inline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrawn:
    """A block that was dropped, and the spare one that replaces it."""

    block: int
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion(Verdict):
    """A question with its answer and everything that the answer rests on.

    Args:
        values: Of the factor, in design order.
        baseline: One of them; documents before 0.2 do not name it.
        ordered: Whether the values have an order.
        weights: Contrast -> one weight per value.
        cells: Mean scores that the contrasts are computed from.
        winners: The tuning point that won per block and value.
        selected_by: Metric that chose the winners, on val.
        estimand: What is compared, and what other choices of the tuning point would say.
        notes: Further findings in words, which decide nothing.
        health: How the trainings ended.
        redrawn: Blocks that were replaced.
        reselected: The answer had another metric chosen the winners.
        counts: Wins, losses and ties per contrast.
        best: Metric -> the values that no other value beats, best mean first.
        places: Metric -> the value that is shown to beat all others, and the second where that is
            shown; only metrics with a first.
        components: The columns of a component table, whose rows are the values.
        ranks: Mean rank of each value against the baseline.
        agreement: Of an interaction: whether rankings survive the other factor.
        plateau: Of steps: the smallest value as good as the best.
        on_sets: The same on further test sets.
    """

    values: tuple[Value, ...] = ()
    baseline: Value | None = None
    ordered: bool = False
    weights: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    cells: tuple[CellMean, ...] = ()
    winners: tuple[Winner, ...] = ()
    selected_by: str = ""
    estimand: Estimand | None = stored(default=None, optional=True)
    notes: tuple[str, ...] = ()
    health: TrainingHealth = field(default_factory=TrainingHealth)
    redrawn: tuple[Redrawn, ...] = ()
    reselected: tuple[Reselection, ...] = ()
    counts: tuple[Count, ...] = ()
    best: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    places: Mapping[str, tuple[Value, ...]] = stored(default_factory=dict, optional=True)
    components: tuple[Component, ...] = stored(default=(), optional=True)
    ranks: tuple[RankDifference, ...] = ()
    agreement: tuple[Agreement, ...] | None = stored(default=None, optional=True)
    plateau: Plateau | None = stored(default=None, optional=True)
    on_sets: tuple[OnSet, ...] = stored(default=(), optional=True)

    @classmethod
    def of(cls, verdict: Verdict, **beside: Any) -> "AnsweredQuestion":
        """The question with its verdict, and with the fields given beside it."""
        known = {one.name: getattr(verdict, one.name) for one in fields(Verdict)}
        return cls(**{**known, **beside})

    @property
    def deciding(self) -> tuple[Row, ...]:
        """The rows of the primary metrics."""
        return self.rows_of("primary")

    @property
    def primary(self) -> tuple[str, ...]:
        """The primary metrics, in the order of the rows."""
        return tuple(dict.fromkeys(row.metric for row in self.deciding))

    @property
    def factor(self) -> str | None:
        """What is compared; None without any row."""
        return self.rows[0].factor if self.rows else None

    def by_block(self, row: Row) -> tuple[float, ...]:
        """The contrast of a row in every block, in the order of the blocks."""
        places = {value: place for place, value in enumerate(self.values)}
        blocks: dict[int, float] = {}
        for cell in self.cells:
            if cell.metric == row.metric:
                term = self.weights[row.contrast][places[cell.value]] * cell.score
                blocks[cell.block] = blocks.get(cell.block, 0.0) + term
        return tuple(blocks[block] for block in sorted(blocks))


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """Label and hash of the data, and the number of items in each split."""

    label: str
    hash: str
    counts: Mapping[str, int] = stored(default_factory=dict, inline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The content of verdict.json: no wall time, no path, only run ids of our own.

    Args:
        study: Its name.
        design_hash: Of the table that was written before the launch.
        data: What the scores come from.
        generated_by: Name and version of the program.
        questions: In the order of the study file.
    """

    study: str
    design_hash: str = ""
    data: DataSummary = DataSummary(label="", hash="")
    generated_by: str = ""
    questions: tuple[AnsweredQuestion, ...] = ()


def encode(content: Mapping[str, Any] | Verdicts) -> bytes:
    """The bytes of verdict.json: canonical JSON and a last newline.

    Raises:
        ValueError: A number is not finite.
    """
    return (canonical_json(plain(content)) + "\n").encode()


def decode(content: bytes, *, where: str = "verdict.json") -> Verdicts:
    """Read verdict.json of this version or an earlier one.

    Raises:
        DataError: A key that every version writes is missing, or has another type.
    """
    return decoded(Verdicts, json.loads(content), where=where)


def rows_table(content: Verdicts) -> pd.DataFrame:
    """The rows of all questions as a table, for CSV files, figures and pages."""
    rows = [
        {"question": question.id, **{name: getattr(row, name) for name in ROW_COLUMNS[1:]}}
        for question in content.questions
        for row in question.rows
    ]
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS))


def budgets_table(content: Verdicts) -> pd.DataFrame:
    """A row per question, contrast, metric and further budget; empty without any."""
    rows = [
        {"question": question.id, **{name: getattr(row, name) for name in BUDGET_OF}, **plain(one)}
        for question in content.questions
        for row in question.rows
        for one in row.budgets
    ]
    names = [one.name for one in fields(AtBudget)]
    return pd.DataFrame(rows, columns=["question", *BUDGET_OF, *names])
