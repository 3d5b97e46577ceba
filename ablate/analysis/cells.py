"""The scores of one metric as an array of blocks x values x images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.analysis.question import RegisteredQuestion
from ablate.errors import DataError
from ablate.published import Value
from ablate.stats.arrays import Floats

ANSWER_COLUMNS = ("block", "value", "image", "metric", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Scores [blocks, values, images], all finite, of the blocks that hold every value.

    `missing` are cells of the design without any score; `dropped` of `offered` images were left
    out for this metric, in all values and blocks, because one of their scores is not a number.
    `groups` holds the scene of every image kept, None where each image is a case of its own.
    """

    scores: Floats
    blocks: tuple[int, ...]
    missing: tuple[tuple[Value, int], ...]
    dropped: int
    offered: int
    groups: tuple[str, ...] | None = None


def cells_of(question: RegisteredQuestion, answers: pd.DataFrame, metric: str) -> Cells:
    """Return the scores of a metric; the order of the rows has no part in it.

    Raises:
        DataError: A column is missing, or a block, value and image have two scores.
    """
    absent = [name for name in ANSWER_COLUMNS if name not in answers]
    if absent:
        raise DataError(f"answers: no column {', '.join(absent)}; the table needs them")
    blocks = sorted({int(block) for block in answers["block"]})
    some = answers[(answers["metric"] == metric) & answers["value"].isin(question.values)]
    twice = some.duplicated(["block", "value", "image"])
    if twice.any():
        row = some[twice].iloc[0]
        raise DataError(
            f"answers: block {row.block}, value {row.value}, image {row.image} has two scores of "
            f"{metric}; keep one per cell"
        )
    images = sorted(some["image"].unique())
    place = {image: index for index, image in enumerate(images)}
    scores = np.full((len(blocks), len(question.values), len(images)), np.nan)
    present = np.zeros(scores.shape[:2], dtype=bool)
    for at, value in enumerate(question.values):
        of_value = some[some["value"] == value]
        rows = np.searchsorted(blocks, of_value["block"].to_numpy(dtype=int))
        columns = of_value["image"].map(place).to_numpy(dtype=int)
        scores[rows, at, columns] = of_value["score"].to_numpy(dtype=float)
        present[rows, at] = True
    whole: NDArray[np.bool_] = np.logical_and.reduce(present, axis=1)
    kept = scores[whole]
    is_number = np.isfinite(kept).all(axis=(0, 1))
    return Cells(
        scores=kept[:, :, is_number],
        blocks=tuple(block for block, has_all in zip(blocks, whole, strict=True) if has_all),
        missing=tuple(
            (question.values[at], blocks[row]) for row, at in np.argwhere(~present).tolist()
        ),
        dropped=int((~is_number).sum()) if len(kept) else 0,
        offered=len(images),
        groups=_groups(question, [str(i) for i, ok in zip(images, is_number, strict=True) if ok]),
    )


def _groups(question: RegisteredQuestion, images: Sequence[str]) -> tuple[str, ...] | None:
    """The scene of each image; one that the study does not know is a scene of its own.

    None where no image of the test set has one.
    """
    if not any(image in question.groups for image in images):
        return None
    return tuple(question.groups.get(image, image) for image in images)


def tuned_baselines(question: RegisteredQuestion, cells: Mapping[str, Cells]) -> dict[str, float]:
    """Return metric -> mean score of the tuned baseline over blocks and images; its size is used.

    Metrics without a score are left out, as is a mean of 0.
    """
    at = question.values.index(question.baseline)
    means = {
        metric: abs(float(one.scores[:, at].mean()))
        for metric, one in cells.items()
        if one.scores.size
    }
    return {metric: mean for metric, mean in means.items() if mean}


def with_bases(question: RegisteredQuestion, answers: pd.DataFrame) -> RegisteredQuestion:
    """Return the question with the means of its tuned baseline, to which percentages refer.

    Smallest effects in percent refer to them too where the study registered that.
    """
    cells = {metric: cells_of(question, answers, metric) for metric in question.metrics}
    bases = tuned_baselines(question, cells)
    is_registered = question.percent_of == "tuned_baseline"
    margins = bases if is_registered else question.percent_base
    return replace(question, shown_base=bases, percent_base=margins)
