"""All that a report is made of; nothing else reaches a page, table or figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis.answers import PROBE
from ablate.analysis.table import COMPARED, comparators

NO_EVIDENCE = "a method check, not evidence on the paper."
PROXY = (
    "Proxy, no network was trained: the pixels of test crops were optimised directly. It shows "
    "what a loss asks for, not what a network learns from it."
)
FEW = 10_000  # crops: about nine of each of MSRS's 1,083 training pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A study as it was published.

    `gallery` maps "infrared", "visible" and arm names to pictures by image name; `links` maps our
    run ids, and "study", to the ids of MLflow.
    """

    facts: Mapping[str, Any]
    runs: pd.DataFrame
    images: pd.DataFrame
    curves: pd.DataFrame
    trivial_baselines: pd.DataFrame
    gallery: Mapping[str, Mapping[str, Path]]
    references: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COMPARED))
    verdicts: Mapping[str, Any] | None = None  # what verdict.json holds; None without an answer
    explored: Mapping[str, Any] = field(default_factory=dict)  # its part "exploration"
    links: Mapping[str, str] = field(default_factory=dict)
    server: str = ""  # what an MLflow id is appended to for a link; "" where no server is known
    no_pictures: str = ""  # why the gallery was left out, where it was
    wanted: tuple[str, ...] = ()  # images that the reader asked to see

    @property
    def comparators(self) -> pd.DataFrame:
        """Return mean scores of what stands beside the arms, see `ablate.analysis.table`."""
        return comparators(self.trivial_baselines, self.references)

    @property
    def answered(self) -> Sequence[Mapping[str, Any]]:
        """Return the answered questions of verdict.json."""
        return self.verdicts["questions"] if self.verdicts else ()

    @property
    def is_generated(self) -> bool:
        """Return whether the pairs are generated."""
        return bool(self.facts["data_name"] == "synthetic")

    @property
    def banner(self) -> str:
        """Return what stands above all answers: a toy budget, or no network at all; else empty."""
        if self.is_generated:
            return f"Toy budget on generated pairs: {NO_EVIDENCE}"
        settings = self.facts.get("settings", {})
        if settings.get("model", {}).get("name") == PROBE:
            return PROXY
        if "model" not in settings:
            return ""  # the task of another study counts in something else
        crops = int(settings["train"]["steps"]) * int(settings["train"]["batch_size"])
        return f"Toy budget, {crops:,} crops per training: {NO_EVIDENCE}" if crops < FEW else ""
