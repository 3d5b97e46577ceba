"""A published study as a CSV of scores, as anybody might write one: what its tables hold, no more."""

import csv
import math
from pathlib import Path

import pandas as pd

from ablate.report.packed import read

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = sorted(path.parent for path in ROOT.glob("reports/*/*/facts.json.xz"))
RENAMED = {"run_id": "run", "arm_id": "value"}


def text(value: object) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    return str(value)


def export_folder(folder: Path, path: Path, *, is_shuffled: bool = False) -> None:
    export(read(folder, "runs"), read(folder, "images"), path, is_shuffled=is_shuffled)


def export(
    runs: pd.DataFrame, images: pd.DataFrame, path: Path, *, is_shuffled: bool = False
) -> None:
    """Write a row per score of an image, and per mean of a run, with what is known of the run."""
    names = [str(name) for name in runs]
    scores = [name for name in names if name.startswith(("val/", "test/"))]
    of_run = [name for name in names if name not in scores]
    rows = []
    by_run = dict(list(images.groupby("run_id", sort=False)))
    for run in runs.to_dict("records"):
        known = [text(run[name]) for name in of_run]
        for name in scores:
            split, metric = name.split("/")
            rows.append([*known, split, "", metric, repr(float(run[name]))])
        of_images = by_run.get(run["run_id"], images.iloc[:0])
        for _, split, image, metric, score in of_images.itertuples(index=False):
            rows.append([*known, split, image, metric, repr(float(score))])
    if is_shuffled:
        rows = pd.DataFrame(rows).sample(frac=1.0, random_state=1).values.tolist()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(RENAMED.get(n, n) for n in of_run), "split", "image", "metric", "score"])
        writer.writerows(rows)
