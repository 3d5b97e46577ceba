"""What the guards and the scope of a verdict need to know of a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ablate.metrics.catalogue import set_of
from ablate.published import NuisanceRange, Value
from ablate.stats.power import ALPHA

SELECTING = ("train", "val")  # splits that choose weights, points and recipes
FEWEST_BLOCKS = 6  # five blocks can never reject by sign flips at 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The study around a question.

    Args:
        data: Label of the test data, as sentences show it.
        network: What was trained.
        budget: Steps, batch, crop.
        tests: Further test set -> label of its data.
        points: Tuning points per value and block.
        preset: Of the answer design, empty where none.
        may_claim: False for a phase that was started as one without claims.
        planned_blocks: Of the design; 0 where the table alone says how many.
        level: Family-wise level of the look that answers.
        awaits: Why there is no answer yet, in words; empty where there may be one.
        claims_from: The fewest blocks of a claim; 0 where the level of the question says it.
        scored_on: Name of the data that the scores come from.
        selected_on: Names of the data that chose weights, points or recipes.
        nuisance: Ranges of what was tuned in every block.
        held: Nuisance settings that all values share at one base value.
        caveats: Further limits, in words.
        mixed_blocks: Blocks whose runs were made in several environments.
        drift: How these environments differ, in words.
    """

    data: str = ""
    network: str = ""
    budget: str = ""
    tests: Mapping[str, str] = field(default_factory=dict)
    points: int = 1
    preset: str = ""
    may_claim: bool = True
    planned_blocks: int = 0
    level: float = ALPHA
    awaits: str = ""
    claims_from: int = 0
    scored_on: str = "test"
    selected_on: tuple[str, ...] = SELECTING
    nuisance: tuple[NuisanceRange, ...] = ()
    held: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    mixed_blocks: tuple[int, ...] = ()
    drift: str = ""

    def data_of(self, metric: str) -> str:
        """Return the label of the test data that a metric is scored on."""
        return self.tests.get(set_of(metric)[0], self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Runs of a value lost to the machine, not to the method."""

    value: Value
    failed: int
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The answer of every block and value, and how it was chosen.

    Args:
        answers: Columns block, value, image, metric, score, and where known run_id.
        winners: One row per block and value with a column per nuisance setting; may be empty.
        offered: One row per healthy tuning point, with block, value and the nuisance settings; may
            be empty.
        replaced: Value and block of the cells without any healthy run, which hold the worst score
            of the healthy runs of their block.
        left_out: Block and point of the tuning points that are left out for all values, because the
            machine lost the run of one.
        failures: Per value.
        adaptive: How many of the runs a search had suggested.
        unfinished: How many planned runs have no result yet.
    """

    answers: pd.DataFrame
    winners: pd.DataFrame = field(default_factory=pd.DataFrame)
    offered: pd.DataFrame = field(default_factory=pd.DataFrame)
    replaced: tuple[tuple[Value, int], ...] = ()
    left_out: tuple[tuple[int, int], ...] = ()
    failures: tuple[Failures, ...] = ()
    adaptive: int = 0
    unfinished: int = 0
