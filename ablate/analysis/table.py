"""The run table, and what can be said of it without a claim: means, spread, counts."""

import pandas as pd

from ablate.design_names import AT_BUDGET, BLOCKED, CONFIRM, SEARCH, SOBOL

ARM_COLUMNS = ("arm", "metric", "mean", "sd", "lowest", "highest", "runs", "failed")


def designed(runs: pd.DataFrame, phases: dict[str, dict[str, object]]) -> pd.DataFrame:
    """Return the runs whose means by arm say something.

    A search is adaptive, an exploration varies everything at once, the points of a block are tuned
    and what is confirmed has recipes of its own: their answer is a verdict.
    """
    left_out = (SEARCH, SOBOL, BLOCKED, AT_BUDGET, CONFIRM)
    kept = [name for name, phase in phases.items() if phase["design"] not in left_out]
    return runs[runs["phase"].isin(kept)]


def arms(runs: pd.DataFrame, metrics: list[str], *, split: str = "test") -> pd.DataFrame:
    """Return one row per arm and metric, arms in the order of the table.

    Mean and standard deviation (n - 1) are over finished runs; one run has no deviation. Failed
    runs are counted, never averaged.

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
        for metric in metrics:
            column = f"{split}/{metric}"
            values = finished[column].dropna() if column in finished else pd.Series(dtype=float)
            rows.append(
                (
                    arm, metric, values.mean(), values.std(ddof=1), values.min(), values.max(),
                    len(values), failed,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS))


def floor_means(floors: pd.DataFrame) -> pd.DataFrame:
    """Return the mean per rule and metric over the images whose value is a number."""
    return floors.groupby(["rule", "metric"], sort=True)["value"].mean().reset_index()


def not_numbers(images: pd.DataFrame) -> pd.DataFrame:
    """Return how many per-image values per metric are not numbers, those with any."""
    counts = images["value"].isna().groupby(images["metric"]).sum()
    kept = counts[counts > 0]
    return pd.DataFrame({"metric": list(kept.index), "images": list(kept)})
