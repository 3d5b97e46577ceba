"""The run table, and what can be said of it without a claim: means, spread, counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.analysis.health import is_unhealthy
from ablate.analysis.published import StudyFacts
from ablate.analysis.selection import on_test
from ablate.design_names import AT_BUDGET, BLOCKED, CONFIRM, SEARCH, SOBOL
from ablate.metrics.copies import Gamed, gamed_by_copies

COMPARED = ("name", "split", "image", "metric", "value")  # columns of published references
COPY, REFERENCE = "copy", "reference"  # kinds of comparators; the third is a rule
ARM_COLUMNS = ("arm", "metric", "mean", "sd", "lowest", "highest", "runs", "failed", "unhealthy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A row of the run table without its settings and scores; None where it does not apply."""

    run_id: str
    arm_id: str
    arm: str
    phase: str
    trial: int
    seed: int
    block: int | None
    point: int | None
    state: str
    reason: str
    health: str  # "" where it is not known

    @property
    def place(self) -> str:
        """Name within its phase: b2p3 is block 2, tuning point 3; t003s0 is trial 3, seed 0."""
        if self.block is None:
            return f"t{self.trial:03d}s{self.seed}"
        return f"b{self.block}" + ("" if self.point is None else f"p{self.point}")


def run_rows(runs: pd.DataFrame) -> list[RunRow]:
    """The rows of a run table, of this version or an earlier one, in their order."""

    def whole(value: object) -> int | None:
        return None if pd.isna(value) else int(value)  # type: ignore[call-overload]

    def text(value: object) -> str:
        return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]

    return [
        RunRow(
            run_id=str(row["run_id"]),
            arm_id=str(row["arm_id"]),
            arm=str(row["arm"]),
            phase=str(row["phase"]),
            trial=int(row["trial"]),
            seed=int(row["seed"]),
            block=whole(row.get("block")),
            point=whole(row.get("point")),
            state=str(row["state"]),
            reason=text(row.get("reason")),
            health=text(row.get("health")),
        )
        for row in runs.to_dict("records")
    ]


def designed(runs: pd.DataFrame, facts: StudyFacts) -> pd.DataFrame:
    """The runs of designed comparisons, whose means by arm can be read side by side.

    A search is adaptive, an exploration varies everything at once, the points of a block are tuned
    and what is confirmed has recipes of its own: their answer is a verdict. A confirmation that no
    question asks for is described instead; arms with several recipes are told apart by its names.
    """
    left_out = (SEARCH, SOBOL, BLOCKED, AT_BUDGET, CONFIRM)
    kept = [name for name, phase in facts.phases.items() if phase.design not in left_out]
    described = {one.phase: one for one in facts.confirmations if one.arms and not one.question}
    some = runs[runs["phase"].isin([*kept, *described])]
    for phase, one in described.items():
        mine = some[some["phase"] == phase]
        is_shared = mine.groupby("arm")["recipe_id"].transform("nunique") > 1
        names = mine["recipe_id"].map({recipe: name for name, recipe in one.recipes})
        apart = (mine["arm"] + " (" + names + ")").where(is_shared, mine["arm"])
        some = some.assign(arm=apart.reindex(some.index).fillna(some["arm"]))
    return some


def arms(runs: pd.DataFrame, metrics: Sequence[str], *, split: str = "test") -> pd.DataFrame:
    """Return one row per arm and metric, arms in the order of the table.

    Mean and standard deviation (n - 1) are over finished runs; one run has no deviation. Failed
    runs are counted, never averaged; unhealthy ones are counted and averaged like any others.

    Args:
        runs: A run table with metric columns "test/qabf" and so on.
        metrics: Names without the split.
        split: "val" or "test".
    """
    rows = []
    for arm in dict.fromkeys(runs["arm"]):
        some = runs[runs["arm"] == arm]
        finished = some[some["state"] == "finished"]
        failed = int((some["state"] == "failed").sum())
        unhealthy = int(is_unhealthy(some).sum())
        for metric in metrics:
            column = f"{split}/{metric}"
            values = finished[column].dropna() if column in finished else pd.Series(dtype=float)
            rows.append(
                (
                    arm,
                    metric,
                    values.mean(),
                    values.std(ddof=1),
                    values.min(),
                    values.max(),
                    len(values),
                    failed,
                    unhealthy,
                )
            )
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS))


def comparators(trivial_baselines: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Return what stands beside the arms: kind, name, label, metric, value; NaN for no number.

    A row per comparator and metric, with the mean over the images whose value is a number; trivial
    baselines first, each in its published order. Scores on a further test set are SET/METRIC.

    Args:
        trivial_baselines: Published rows: kind (copy or rule), name, split, image, metric, value.
        references: Published rows of the same columns but kind.
    """
    parts = [trivial_baselines, references.assign(kind=REFERENCE)]
    rows = pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)
    rows = on_test(rows.assign(value=rows["value"].astype(float)))
    means = rows.groupby(["kind", "name", "metric"], sort=False)["value"].mean().reset_index()
    labels = [
        f"copy of {name}" if kind == COPY else f"{kind} {name}"
        for kind, name in zip(means["kind"], means["name"], strict=True)
    ]
    return means.assign(label=labels)


def gamed(trained: pd.DataFrame, comparators: pd.DataFrame) -> dict[str, Gamed]:
    """Return the metrics in which a copy of a source beats every trained mean.

    Args:
        trained: One row per value and metric: metric, mean.
        comparators: As `comparators` returns them.
    """
    means = {
        str(metric): rows["mean"].astype(float).tolist()
        for metric, rows in trained.groupby("metric", sort=False)
    }
    copies = {
        str(name): dict(zip(rows["metric"], rows["value"], strict=True))
        for name, rows in comparators[comparators["kind"] == COPY].groupby("name", sort=False)
    }
    return gamed_by_copies(means, copies)


def not_numbers(images: pd.DataFrame) -> pd.DataFrame:
    """Return how many per-image values per metric are not numbers, those with any."""
    counts = images["value"].isna().groupby(images["metric"]).sum()
    kept = counts[counts > 0]
    return pd.DataFrame({"metric": list(kept.index), "images": list(kept)})
