"""The files in a run's folder, and what readers make of them; a worker writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import StoreError
from ablate.training.spec import RESULT, SPEC, RunResult, RunSpec
from ablate.whole_files import read_bounded

if TYPE_CHECKING:  # it imports torch
    from ablate.training.scoring import Row


def read_spec(folder: Path) -> RunSpec | None:
    """Return the spec in a run's folder, None where it is absent or not one."""
    try:
        return RunSpec.from_json(json.loads(read_bounded(folder / SPEC)))
    except (OSError, StoreError, ValueError, TypeError, RecursionError):
        return None


def read_result(folder: Path) -> RunResult | None:
    """The result of a run that ended, None for one that did not.

    Raises:
        StoreError: The file was changed or damaged.
    """
    try:
        return RunResult.from_json(json.loads(read_bounded(folder / RESULT)))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{folder / RESULT}: not the result of a run ({error}); remove the run's folder, and "
            "the run starts over"
        ) from None


def image_rows(folder: Path) -> "Sequence[Row]":
    """Return the scores per image of a run that has ended: (split, image, metric, value).

    Args:
        folder: Of the run.

    Raises:
        StoreError: Its result was removed, changed or damaged.
    """
    result = read_result(folder)
    if result is None:
        raise StoreError(f"{folder / RESULT}: is gone; the same command makes the run anew")
    return result.images
