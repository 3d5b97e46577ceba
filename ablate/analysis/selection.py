"""The score of a value in a block: the test score of its best tuning point on val."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis.facts import Failures, Selected
from ablate.analysis.health import is_unhealthy
from ablate.analysis.question import RegisteredQuestion
from ablate.errors import DataError
from ablate.metrics.catalogue import BETTER, Direction, set_of

POINT_COLUMNS = ("block", "value", "point", "run_id", "state", "reason")
IMAGE_COLUMNS = ("run_id", "split", "image", "metric", "value")
DIVERGED = "diverged"
ENDED = ("finished", "failed", "pruned")


def select(
    points: pd.DataFrame,
    images: pd.DataFrame,
    *,
    metric: str = "qabf",
    better: Mapping[str, Direction] = BETTER,
    drops_lost_points: bool = False,
) -> Selected:
    """Return the answers of a blocked design.

    A point that failed or ended unhealthy is kept as one that lost. Where all points of a value
    did in a block, its score is, metric by metric, that of the healthy point with the worst mean
    test score in that block, and the cell is flagged. In a block without any healthy point finite
    ones stand in. A divergence is a failure of the method; what the machine lost may be left out
    for all values alike.

    Args:
        points: One row per run of the design: `POINT_COLUMNS`, "val/METRIC" for the selection
            (runs from elsewhere may do without where no block has several of a value), nuisance
            settings, `health` where it is known, and `adaptive` where a search suggested
            some.
        images: One row per run, split, image and metric: `IMAGE_COLUMNS`.
        metric: Selects the point; ties go to the first one.
        better: Metric to its direction.
        drops_lost_points: Whether a point that the machine lost for one value is left out for all
            values of its block; else only the value that lost it has fewer points.

    Raises:
        DataError: A column is missing.
    """
    column = f"val/{metric}"
    _need(points, POINT_COLUMNS, "points")
    if column not in points and not points.duplicated(["block", "value"]).any():
        points = points.assign(**{column: 0.0})  # nothing to choose between
    _need(points, (column,), "points")
    _need(images, IMAGE_COLUMNS, "images")
    every = points.sort_values(["block", "value", "point"], kind="stable", key=_sortable)
    left_out = _lost_points(every) if drops_lost_points else ()
    table = every[[key not in left_out for key in _keys(every)]] if left_out else every
    is_finite = (table["state"] == "finished") & table[column].notna()
    finite = table[is_finite]
    healthy = finite[~is_unhealthy(finite)]
    best = healthy.sort_values(column, ascending=better[metric] == "lower", kind="stable")
    winners = best.groupby(["block", "value"], sort=False).head(1)
    test = on_test(images).rename(columns={"value": "score"})
    test = test[["run_id", "image", "metric", "score"]]
    answers = winners[["block", "value", "run_id"]].merge(test, on="run_id")
    lost = table.drop_duplicates(["block", "value"]).merge(
        winners[["block", "value"]], on=["block", "value"], how="left", indicator=True
    )
    lost = lost[lost["_merge"] == "left_only"]
    stand_ins = [
        _worst(_stand_ins(healthy, finite, block), test, better).assign(
            block=block, value=value, run_id=run_id
        )
        for block, value, run_id in _tuples(lost, "block", "value", "run_id")
    ]
    return Selected(
        answers=pd.concat([answers, *stand_ins], ignore_index=True),
        winners=winners.sort_values(["block", "value"], key=_sortable).reset_index(drop=True),
        offered=healthy,
        replaced=tuple((value, int(block)) for value, block in _tuples(lost, "value", "block")),
        left_out=left_out,
        failures=_failures(every),
        adaptive=int(every["adaptive"].astype(bool).sum()) if "adaptive" in every else 0,
        unfinished=int((~every["state"].isin(ENDED)).sum()),
    )


def on_test(images: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all test sets; those of a further one as "SET/METRIC" of "SET/IMAGE"."""
    further = images["split"].str.startswith("test/")
    if not further.any():
        return images[images["split"] == "test"]
    found = images[further | (images["split"] == "test")].copy()
    sets = found["split"].str.removeprefix("test").str.removeprefix("/")
    prefix = sets.where(sets == "", sets + "/")
    return found.assign(metric=prefix + found["metric"], image=prefix + found["image"])


def points_of(question: RegisteredQuestion, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of a question's arms with the column `value`; nuisance settings by plain names."""
    values = dict(zip(question.arms, question.values, strict=True))
    points = runs[runs[question.by].isin(values)].copy()
    points["value"] = points[question.by].map(values).astype(object)
    return points.rename(columns=lambda name: name.removeprefix("nuisance."))


def _stand_ins(healthy: pd.DataFrame, finite: pd.DataFrame, block: int) -> pd.DataFrame:
    """Return the healthy points of a block, without any its finite ones."""
    some = healthy[healthy["block"] == block]
    return some if len(some) else finite[finite["block"] == block]


def _worst(
    block: pd.DataFrame, test: pd.DataFrame, better: Mapping[str, Direction]
) -> pd.DataFrame:
    """Return image, metric and score of the worst of some points of a block, metric by metric."""
    scores = test[test["run_id"].isin(block["run_id"])]
    means = scores.groupby(["metric", "run_id"], sort=True)["score"].mean().dropna()
    kept = []
    for metric in means.index.unique("metric"):
        of_runs = means.xs(metric, level="metric")
        is_higher = better[set_of(str(metric))[1]] == "higher"
        run = of_runs.idxmin() if is_higher else of_runs.idxmax()
        kept.append(scores[(scores["metric"] == metric) & (scores["run_id"] == run)])
    return pd.concat(kept) if kept else scores


def _failures(table: pd.DataFrame) -> tuple[Failures, ...]:
    """Return per value the runs lost to the machine."""
    is_lost = _is_lost(table)
    return tuple(
        Failures(
            value=value,
            failed=int(is_lost[table["value"] == value].sum()),
            planned=int((table["value"] == value).sum()),
        )
        for value in table["value"].drop_duplicates()
    )


def _is_lost(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether the machine lost each run; a divergence is a result of the method."""
    diverged = table["reason"].fillna("").astype(str).str.startswith(DIVERGED)
    return (table["state"] == "failed") & ~diverged


def _lost_points(table: pd.DataFrame) -> tuple[tuple[int, int], ...]:
    """Return block and point of every run that the machine lost, each once."""
    return tuple(dict.fromkeys(_keys(table[_is_lost(table)])))


def _keys(table: pd.DataFrame) -> list[tuple[int, int]]:
    return [(int(block), int(point)) for block, point in _tuples(table, "block", "point")]


def _tuples(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return the rows of some columns."""
    return list(zip(*(frame[name].tolist() for name in columns), strict=True))


def _sortable(column: pd.Series) -> pd.Series:
    """Return text in the place of values of mixed types."""
    return column if pd.api.types.is_numeric_dtype(column) else column.astype(str)


def _need(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DataError(f"{what}: no column {', '.join(missing)}; the table needs them")
