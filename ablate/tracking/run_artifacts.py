"""The artifacts of a run that has ended: its spec, its result and its scores per image."""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from ablate.tracking import evaluation
from ablate.tracking.journal import read_journal
from ablate.training.spec import JOURNAL, RESULT, SPEC, RunResult
from ablate.whole_files import is_whole_png

COLUMNS: Final = ["split", "image", "metric", "value"]
SourcesOf = Callable[[Iterable[str]], Mapping[str, Mapping[str, bytes]]]


def stage(
    result: RunResult,
    folder: Path,
    *,
    scores: Sequence[evaluation.ImageRow],
    sources: SourcesOf,
    into: Path,
) -> bool:
    """Write the files of a run that has ended; return whether a table of pictures is there.

    Args:
        result: Of the run.
        folder: Of the run; images.parquet is written there too.
        scores: Per image and metric.
        sources: Takes names of its images, and returns image -> name of a source -> a small
            picture, WebP.
        into: A folder that becomes the artifacts of the run.
    """
    text = json.dumps(result.to_json() | {"images": []}, indent=2)
    (into / RESULT).write_text(text, encoding="utf-8")
    if (folder / SPEC).exists():  # no worker may have come that far
        shutil.copyfile(folder / SPEC, into / SPEC)
    if not scores:
        return False
    table = folder / "images.parquet"
    pd.DataFrame(scores, columns=COLUMNS).to_parquet(table, index=False)
    shutil.copyfile(table, into / table.name)
    events = (event for _, event in read_journal(folder / JOURNAL))
    shown = {
        image: event
        for image, event in evaluation.fused(events).items()
        if is_whole_png(folder / event["path"])
    }
    return evaluation.stage(shown, scores, sources(shown), into=into)
