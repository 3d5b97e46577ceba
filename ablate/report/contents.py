"""All that a report is made of; nothing else reaches a page, table or figure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ablate.analysis.answers import PROBE
from ablate.analysis.document import AnsweredQuestion, Verdicts
from ablate.analysis.exploration import Exploration, Response
from ablate.analysis.published import StudyFacts
from ablate.analysis.table import COMPARED, comparators
from ablate.published import unscored_in_words

NO_EVIDENCE = "a method check, not evidence on the paper."
PROXY = (
    "Proxy, no network was trained: the pixels of test crops were optimised directly. It shows "
    "what a loss asks for, not what a network learns from it."
)
FEW_CROPS = 10_000  # about nine of each of MSRS's 1,083 training pairs
FEW_STEPS = 1000  # of the default recipe, which ends at the level of published images


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A study as it was published.

    `gallery` maps the sources and arm names to pictures by image name, `coloured` those that have
    colour to the same in colour; `links` maps our run ids, and "study", to the ids of MLflow.
    """

    facts: StudyFacts
    runs: pd.DataFrame
    images: pd.DataFrame
    curves: pd.DataFrame
    trivial_baselines: pd.DataFrame
    gallery: Mapping[str, Mapping[str, Path]]
    references: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COMPARED))
    verdicts: Verdicts | None = None  # content of verdict.json; None without an answer
    explored: Exploration | None = None  # its part "exploration"; None where nothing varied
    links: Mapping[str, str] = field(default_factory=dict)
    server: str = ""  # what an MLflow id is appended to for a link; "" where no server is known
    no_pictures: str = ""  # why the gallery was left out, where it was
    left_out: str = ""  # pictures that were damaged where they were published, in words
    coloured: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()  # images that the reader asked to see

    @property
    def comparators(self) -> pd.DataFrame:
        """Return mean scores of what stands beside the arms, see `ablate.analysis.table`."""
        return comparators(self.trivial_baselines, self.references)

    @property
    def answered(self) -> tuple[AnsweredQuestion, ...]:
        """The answered questions of verdict.json."""
        return self.verdicts.questions if self.verdicts else ()

    @property
    def responses(self) -> tuple[Response, ...]:
        """The explored responses."""
        return self.explored.responses if self.explored else ()

    @property
    def why_unexplored(self) -> str:
        """Why no model of an exploration was fitted."""
        if self.explored is None:
            return "the study has no exploration"
        reasons = [one.reason for one in self.responses if one.reason]
        return self.explored.reason or next(iter(reasons), "no trial has a score")

    @property
    def unscored(self) -> list[str]:
        """Which objectives finished runs lack, in words."""
        finished = self.runs[self.runs["state"] == "finished"]
        names = self.facts.objectives or (self.facts.objective,)
        if self.facts.chosen_on:  # runs from elsewhere, in which nothing may have been chosen
            names = tuple(name for name in names if name in self.runs)
        counts = {
            name: int(finished[name].notna().sum()) if name in finished else 0 for name in names
        }
        return unscored_in_words(counts, finished=len(finished))

    @property
    def damage(self) -> list[str]:
        """Files that were damaged and are left out, in words."""
        return [text for text in (self.facts.damage, self.left_out) if text]

    @property
    def is_generated(self) -> bool:
        """Return whether the pairs are generated."""
        return bool(self.facts.data_name == "synthetic")

    @property
    def banner(self) -> str:
        """Return what stands above all answers: a toy budget, or no network at all; else empty."""
        if self.is_generated:
            return f"Toy budget on generated pairs: {NO_EVIDENCE}"
        settings = self.facts.settings
        if settings.get("model", {}).get("name") == PROBE:
            return PROXY
        if "model" not in settings:
            return ""  # the task of another study counts in something else
        steps = int(settings["train"]["steps"])
        crops = steps * int(settings["train"]["batch_size"])
        if crops >= FEW_CROPS or steps >= FEW_STEPS:
            return ""
        return f"Toy budget, {crops:,} crops per training: {NO_EVIDENCE}"
