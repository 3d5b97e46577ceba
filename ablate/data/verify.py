"""Looks through a data set and tells every fault, each with its mend."""

from collections.abc import Mapping
from typing import Any

from ablate import data
from ablate.data.pairs import SPLITS
from ablate.errors import DataError


def verify(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return name, pairs, splits, problems and manifest_hash; every image is decoded."""
    problems: list[dict[str, str]] = []
    facts: dict[str, Any] = {
        "name": settings["name"], "pairs": 0, "splits": {}, "problems": problems,
        "manifest_hash": None,
    }  # fmt: skip
    try:
        pairs = data.load(settings)
    except DataError as error:
        problems += [_problem(line) for line in str(error).splitlines()]
        return facts
    facts |= {"splits": pairs.manifest.counts, "manifest_hash": pairs.manifest.hash}
    for split in SPLITS:
        for stem in pairs.stems(split):
            facts["pairs"] += 1
            try:
                pairs.read(stem)
            except DataError as error:
                problems.append(_problem(str(error)))
    return facts


def _problem(line: str) -> dict[str, str]:
    file, _, rest = line.partition(": ")
    what, _, mend = rest.rpartition("; ")
    return {"file": file, "problem": what, "mend": mend}
