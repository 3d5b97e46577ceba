"""A search phase that cannot work is told before anything runs, all its faults together."""

from typing import Any

import pytest

from ablate.config.schema import Phase
from ablate.search.refusals import refusals
from tests.search.conftest import DISCRETE, LISTS, MIXED


def told(*, dimensions: Any = MIXED, directions: Any = ("maximize",), **phase: Any) -> list[str]:
    made = Phase(**{"name": "hunt", "design": "search", "trials": 9, "sampler": "tpe", **phase})
    return refusals(made, dimensions=dimensions, directions=directions)


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        ({"options": {"samplr": {}}}, "phases.hunt.options.samplr: no such part; did you mean 's"),
        ({"options": {"sampler": 3}}, "phases.hunt.options.sampler: must map options of tpe to"),
        (
            {"options": {"sampler": {"startp": 3}}},
            "phases.hunt.options.sampler.startp: no such option of tpe; did you mean 'startup'",
        ),
        (
            {"sampler": "random", "options": {"sampler": {"startup": 3}}},
            "phases.hunt.options.sampler.startup: no such option of random; it has none, remove it",
        ),
        (
            {"options": {"sampler": {"startup": -3}}},
            "phases.hunt: sampler tpe: startup: must be at least 0, got -3",
        ),
        (
            {"sampler": "nsga2", "options": {"sampler": {"population": 1}}},
            "phases.hunt: sampler nsga2: population: must be at least 2, got 1",
        ),
        (
            {"sampler": "cma_es", "options": {"sampler": {"population": 3}}},
            "phases.hunt: sampler cma_es: population: must be at least 4, got 3",
        ),
        (
            {"sampler": "grid"},
            "phases.hunt: sampler grid: dimensions.rate: grid needs discrete values; give the "
            "dimension choices, or use the sampler qmc",
        ),
        (
            {"sampler": "cma_es", "dimensions": DISCRETE},
            "phases.hunt: sampler cma_es: dimensions: cma_es needs at least two numbers without",
        ),
        (
            {"sampler": "cma_es", "directions": ("maximize", "maximize")},
            "phases.hunt: sampler cma_es: objective: cma_es takes one; use the sampler nsga2",
        ),
        (
            {"sampler": "brute_force", "dimensions": LISTS},
            "phases.hunt: sampler brute_force: dimensions.shares: brute_force needs discrete",
        ),
        ({"pruner": "median"}, "phases.hunt: pruner median: rungs: 0 rungs never stop a trial"),
        (
            {"pruner": "median", "rungs": (5,), "seeds": 2},
            "phases.hunt.pruner: a trial of several seeds is never pruned; set seeds: 1",
        ),
        (
            {"pruner": "median", "rungs": (5,), "directions": ("maximize", "maximize")},
            "phases.hunt.pruner: a trial with several objectives is never pruned",
        ),
        (
            {"pruner": "median", "rungs": (5,), "options": {"pruner": {"factor": 2}}},
            "phases.hunt.options.pruner.factor: no such option of median; ",
        ),
    ],
)
def test_a_fault_is_told_in_one_line_with_the_mend(phase: dict[str, Any], line: str) -> None:
    lines = told(**phase)
    assert lines
    assert lines[0].startswith(line)
    assert all("\n" not in one for one in lines)


def test_faults_of_sampler_and_pruner_are_told_together() -> None:
    assert len(told(sampler="grid", pruner="median", seeds=3)) == 4  # two dimensions, rungs, seeds


@pytest.mark.parametrize(
    "phase",
    [
        {},
        {"sampler": "gp", "options": {"sampler": {"startup": 5}}},
        {"sampler": "nsga2", "directions": ("maximize", "minimize")},
        {"sampler": "cma_es"},
        {"sampler": "grid", "dimensions": DISCRETE},
        {"pruner": "hyperband", "rungs": (5, 20), "options": {"pruner": {"factor": 2}}},
        {"pruner": "none"},
        {"dimensions": LISTS},
    ],
)
def test_what_works_is_not_refused(phase: dict[str, Any]) -> None:
    assert told(**phase) == []
