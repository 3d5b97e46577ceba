"""What a report says of each value, contrast and trial, as tables and frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.health import is_unhealthy
from ablate.analysis.question import Role, label_of, metric_label
from ablate.analysis.selection import points_of
from ablate.analysis.sentences import chance
from ablate.analysis.table import gamed
from ablate.analysis.verdict import Row
from ablate.analysis.words import DECIDED, effect_of
from ablate.design_names import SEARCHES
from ablate.metrics.catalogue import is_higher_better, is_lower_better
from ablate.metrics.copies import Gamed, marked
from ablate.report.contents import Contents
from ablate.search.finished import Direction, FinishedTrial, front
from ablate.tables import NONE, Cell, Link, Table, number, signed, table

ROLES: dict[Role, str] = {
    "primary": "primary",
    "guardrail": "guardrail",
    "secondary": "secondary, never deciding",
    "exploratory": "exploratory, not judged",
}


def words_table(question: AnsweredQuestion) -> Table:
    """A row per contrast: its word, what the primary metrics show, and its guardrails."""
    metrics = list(dict.fromkeys(name for one in question.contrasts for name in one.primary))
    guards = list(dict.fromkeys(name for one in question.contrasts for name in one.guards))
    of_row = {(row.contrast, row.metric): row for row in question.rows_of("primary")}
    rows: list[list[Cell | str]] = []
    for one in question.contrasts:
        word = f"{one.word}, {one.expected}" if one.expected else one.word
        effects = {shown.metric: shown for shown in one.effects}
        cells: list[Cell | str] = [one.contrast, Cell(text=word, is_bold=one.word in DECIDED)]
        for name in metrics:
            if name not in effects:  # no healthy training
                cells.append(NONE)
                continue
            row = of_row.get((one.contrast, name))
            known = one.primary[name] if row is None else question.word_of(row)
            if row is not None and known != question.shown_word(row):
                known = f"{known}, corrected"  # the sentences below say for how many tests
            cells.append(f"{known}: {effect_of(effects[name])}")
        rows.append([*cells, *(one.guards.get(name, NONE) for name in guards)])
    heads = ["contrast", "answer", *map(metric_of, metrics), *map(metric_of, guards)]
    return table(heads, rows)


def contrasts_table(question: AnsweredQuestion, role: Role) -> Table:
    """The rows of one role: what was compared, by how much, how sure, and the verdict.

    Effects are in percent of the tuned baseline where it is known, else in units of the metric. A
    column per further training budget says the effect there, its interval, and whether it holds.
    """
    budgets = list(dict.fromkeys(one.times for row in question.rows for one in row.budgets))
    level = f"{100 * (1 - question.alpha):g} % CI"
    rows: list[list[Cell | str]] = []
    for row in question.rows_of(role):
        unit = _Unit.of(row)
        rows.append(
            [
                Cell(text=metric_of(row.metric), is_bold=role == "primary"),
                row.contrast,
                question.shown_word(row),
                unit.effect(row.estimate),
                unit.interval(row.ci_low, row.ci_high),
                *(
                    NONE if p is None else chance(p).removeprefix("= ")
                    for p in (row.p_holm, row.p_step_down)
                ),
                number(row.d_z, 2),
                number(row.p_better, 2),
                unit.margin(row.smallest_effect),
                _seen(row),
                *(_there(row, times, unit) for times in budgets),
            ]
        )
    heads = [
        "metric",
        "contrast",
        "word" if question.contrasts else "verdict",
        "effect",
        level,
        "p_Holm",
        "p flips",
        "d_z",
        "P(better)",
        "smallest",
        "blocks x images",
        *(f"at {times:g}x steps" for times in budgets),
    ]
    return table(heads, rows)


@dataclass(frozen=True, slots=True)
class _Unit:
    """In what the numbers of a row are shown: percent of a base, or units of the metric."""

    scale: float
    name: str
    decimals: int

    @classmethod
    def of(cls, row: Row) -> "_Unit":
        return cls(1.0, "", 4) if row.to_percent is None else cls(row.to_percent, " %", 2)

    def effect(self, value: float) -> str:
        return signed(value * self.scale, self.decimals) + self.name

    def interval(self, low: float | None, high: float | None) -> str:
        ends = [None if end is None else end * self.scale for end in (low, high)]
        return " to ".join(signed(end, self.decimals) for end in ends)

    def margin(self, smallest: float | None) -> str:
        """The smallest effect of interest; of a guardrail the loss that is still allowed."""
        if smallest is None:
            return NONE
        return f"{abs(smallest * self.scale):.{self.decimals}f}{self.name}"


def _seen(row: Row) -> str:
    """Return blocks and images of a row, and the scenes that the images show where they differ."""
    text = f"{row.blocks} x {row.images}"
    return text if row.groups in (None, row.images) else f"{text} ({row.groups} scenes)"


def _there(row: Row, times: float, unit: _Unit) -> str:
    """The effect of a row at another budget, and whether the finding holds there."""
    one = next((one for one in row.budgets if one.times == times), None)
    if one is None:
        return NONE
    effect = f"{unit.effect(one.estimate)} ({unit.interval(one.ci_low, one.ci_high)})"
    return effect if one.held == "not judged" else f"{effect}, {one.held}"


def values_table(question: AnsweredQuestion, comparators: pd.DataFrame) -> Table:
    """The mean ± sd over blocks per value and metric, bold in the best set.

    Scores are those of the point that won in each block; the deviation is one of blocks. Below
    stand the trivial baselines and the references.

    Args:
        question: With its answer.
        comparators: Their mean scores, see `ablate.analysis.table.comparators`.
    """
    means = value_means(question)
    metrics = list(dict.fromkeys(means["metric"]))
    rows: list[list[Cell | str]] = []
    for value in map(label_of, question.values):
        mine = means[means["value"] == value].set_index("metric")
        cells = [
            Cell(text=_spread(mine, metric), is_bold=bool(mine["in_best_set"].get(metric, False)))
            for metric in metrics
        ]
        rows.append([value, *cells])
    beside = comparators.set_index(["label", "metric"])["value"]
    rows += [
        [label, *(number(beside.get((label, metric)), 4) for metric in metrics)]
        for label in beside.index.unique("label")
    ]
    beaten = gamed(means, comparators)
    factor = question.factor or "value"
    return table([factor, *(marked(metric_of(one), one, beaten) for one in metrics)], rows)


def gamed_values(question: AnsweredQuestion, comparators: pd.DataFrame) -> dict[str, Gamed]:
    """Return the metrics in which a copy of a source beats the mean of every value."""
    return gamed(value_means(question), comparators)


def value_means(question: AnsweredQuestion) -> pd.DataFrame:
    """Return one row per value and metric: mean, sd over blocks, blocks, in_best_set."""
    cells = score_table(question)
    rows = []
    for value in question.values:
        for metric in dict.fromkeys(cells["metric"]):
            is_mine = (cells["metric"] == metric) & (cells["value"] == label_of(value))
            scores = cells.loc[is_mine, "score"].astype(float)
            best = [label_of(one) for one in question.best.get(metric, ())]
            rows.append(
                {
                    "question": question.id,
                    "value": label_of(value),
                    "metric": metric,
                    "mean": scores.mean(),
                    "sd": scores.std(ddof=1),
                    "blocks": len(scores),
                    "in_best_set": label_of(value) in best,
                }
            )
    columns = ["question", "value", "metric", "mean", "sd", "blocks", "in_best_set"]
    return pd.DataFrame(rows, columns=columns)


def run_link(contents: Contents, run_id: str, text: str) -> Link:
    """The link of a run of ours; without an MLflow id it is named by our own."""
    known = contents.links.get(run_id, "")
    url = contents.server + known if contents.server and known else ""
    return Link(text=text, title=known or run_id, url=url)


def winners_frame(contents: Contents) -> pd.DataFrame:
    """Return one row per question, block and value: the run that won and its configuration."""
    runs = contents.runs.set_index("run_id")
    kept = [
        name
        for name in runs.columns
        if name in ("arm", "recipe_id", "seed", "split_seed", "point")
        or name.startswith(("factor.", "nuisance.", "val/", "test/"))
    ]
    rows = [
        {
            "question": question.id,
            "block": winner.block,
            "value": label_of(winner.value),
            "run_id": winner.run_id,
            "mlflow_run_id": contents.links.get(winner.run_id),
            **runs.loc[winner.run_id, kept].to_dict(),
        }
        for question in contents.answered
        for winner in question.winners
        if winner.run_id in runs.index
    ]
    heads = ["question", "block", "value", "run_id", "mlflow_run_id", *kept]
    return pd.DataFrame(rows, columns=heads).dropna(axis="columns", how="all")


def winners_table(contents: Contents, question: AnsweredQuestion) -> Table:
    """Return the configuration that won in each block, with the run that had it."""
    frame = winners_frame(contents)
    frame = frame[frame["question"] == question.id]
    names = [name for name in frame.columns if name.startswith("nuisance.")]
    rows: list[list[Cell | str]] = [
        [
            str(row["value"]),
            str(row["block"]),
            *(_setting(row[name]) for name in names),
            Cell(links=(run_link(contents, row["run_id"], row["run_id"]),)),
        ]
        for row in frame.to_dict("records")
    ]
    return table(["value", "block", *(n.removeprefix("nuisance.") for n in names), "run"], rows)


def metric_of(name: str) -> str:
    """Return the label of a metric with an arrow to its better side."""
    arrow = "↑" if is_higher_better(name) else "↓" if is_lower_better(name) else ""
    return f"{metric_label(name)} {arrow}".strip()


def roles_of(question: AnsweredQuestion) -> Sequence[Role]:
    """The roles that a question has rows of, the deciding one first."""
    return [role for role in ROLES if question.rows_of(role)]


def _spread(mine: pd.DataFrame, metric: str) -> str:
    mean, sd = mine["mean"].get(metric), mine["sd"].get(metric)
    text = number(mean)
    return text if sd is None or pd.isna(sd) else f"{text} ± {number(sd)}"


def _setting(value: Any) -> str:
    if isinstance(value, float):
        return NONE if pd.isna(value) else f"{value:.4g}"
    return str(value)


def tuning_points(contents: Contents, question: AnsweredQuestion) -> pd.DataFrame:
    """Return the finished runs of a question with `value` and `is_winner`.

    A question that was not published with its arms, such as that of a confirmation, has its
    winners alone.
    """
    runs = contents.runs
    won = {winner.run_id: winner.value for winner in question.winners}
    phases = set(runs.loc[runs["run_id"].isin(won), "phase"])
    some = runs[runs["phase"].isin(phases) & (runs["state"] == "finished")]
    registered = contents.facts.question(question.id)
    if registered is None:
        points = some[some["run_id"].isin(won)].copy()
        points["value"] = points["run_id"].map(won).astype(object)
    else:
        points = points_of(registered, some)
    return points.assign(is_winner=points["run_id"].isin(won))


def score_table(question: AnsweredQuestion) -> pd.DataFrame:
    """Return the cells of an answer: metric, block, value, score; values as text."""
    rows = [(cell.metric, cell.block, label_of(cell.value), cell.score) for cell in question.cells]
    return pd.DataFrame(rows, columns=["metric", "block", "value", "score"])


def shown_order(question: AnsweredQuestion, cells: pd.DataFrame) -> list[str]:
    """Return the values from the top: by design where ordered, else by effect, best first.

    The effect is the mean of the first metric of the cells.
    """
    labels = [label_of(value) for value in question.values]
    if question.ordered or cells.empty:
        return labels
    metric = cells["metric"].iloc[0]
    means = cells[cells["metric"] == metric].groupby("value")["score"].mean()
    sign = -1 if is_lower_better(metric) else 1
    return sorted(labels, key=lambda label: -sign * float(means.get(label, float("-inf") * sign)))


def trade_offs(contents: Contents) -> pd.DataFrame:
    """Return one row per trial on the front: phase, trial, run_id, arm, then the objectives.

    Best first in the first objective. Values are means over the seeds of a trial, on val;
    exploratory. Unhealthy runs are left out. Empty where the study has one objective, or nothing
    was searched.
    """
    objectives = list(contents.facts.objectives)
    columns = ["phase", "trial", "run_id", "arm", *objectives]
    runs = contents.runs
    ended = runs[(runs["state"] == "finished") & ~is_unhealthy(runs)]
    parts = [
        _front_of(ended[ended["phase"] == name], objectives)
        for name in contents.facts.phases_of(*SEARCHES)
        if len(objectives) > 1 and set(objectives) <= set(runs)
    ]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def _front_of(runs: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    runs = runs.dropna(subset=list(objectives))
    firsts = runs.drop_duplicates("trial").set_index("trial")[["phase", "run_id", "arm"]]
    means = runs.groupby("trial")[list(objectives)].mean()
    kept = front(
        [
            FinishedTrial(
                number=int(number), values={}, value=float(row[0]), further=tuple(row[1:])
            )
            for number, row in zip(means.index, means.to_numpy().tolist(), strict=True)
        ],
        directions=[_direction(objective) for objective in objectives],
    )
    table = firsts.join(means).loc[[trial.number for trial in kept]].reset_index()
    is_lower = _direction(objectives[0]) == "minimize"
    return table.sort_values(objectives[0], ascending=is_lower, kind="stable")


def _direction(objective: str) -> Direction:
    return "minimize" if is_lower_better(objective) else "maximize"
