"""Looks through a data set and tells every fault, each with its mend."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ablate import data
from ablate.data.pairs import SPLITS
from ablate.errors import DataError


def verify(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return name, pairs, splits, problems and manifest_hash; every image is decoded.

    A set too small to fill all splits is no problem here, only for training.
    """
    problems: list[dict[str, str]] = []
    facts: dict[str, Any] = {
        "name": settings["name"], "pairs": 0, "splits": {}, "problems": problems,
        "manifest_hash": None,
    }  # fmt: skip
    try:
        pairs = data.make(settings)
    except DataError as error:
        problems += [_problem(line) for line in str(error).splitlines()]
        return facts
    facts |= {"splits": pairs.manifest.counts, "manifest_hash": pairs.manifest.hash}
    for split in SPLITS:
        for stem in pairs.stems(split):
            facts["pairs"] += 1
            try:
                pair = pairs.read(stem)
            except DataError as error:
                problems += [_problem(line) for line in str(error).splitlines()]
                continue
            if np.array_equal(pair.infrared, pair.visible):
                problems.append(
                    {
                        "file": stem,
                        "problem": "the infrared image is a copy of the visible one",
                        "mend": "replace it or remove the pair",
                    }
                )
    return facts


def _problem(line: str) -> dict[str, str]:
    file, _, rest = line.partition(": ")
    what, _, mend = rest.rpartition("; ")
    return {"file": file, "problem": what, "mend": mend}
