"""Effects: unequal nuisance moves raw means and not adjusted ones; a search stands beside them."""

from typing import Any

import pandas as pd
import pytest

from ablate.analysis.dependence import process
from ablate.analysis.dimensions import encoded, explored
from ablate.analysis.effects import effects, near
from tests.analysis.exploring import study


def found(*, biased: bool, searched: int = 0) -> dict[str, dict[str, Any]]:
    """Return the effects of a factor worth 0.2 where the nuisance is worth up to 1."""
    facts, runs = study(
        lambda value, place, dummy: 0.2 * (value == "b") - 4 * (place - 0.5) ** 2,
        trials=128,
        searched=searched,
        noise=0.02,
    )
    if biased:  # as if b had been given poor settings
        places = runs["nuisance.rate"].rank(pct=True)
        runs = runs[~((runs["factor.variant"] == "b") & ((places - 0.5).abs() < 0.25))]
    table = explored(facts, runs)
    assert table is not None
    scores = table.trials["val/qabf"].to_numpy(dtype=float)
    fitted = process(encoded(table.dimensions, table.trials), scores)
    rows = effects(
        facts["questions"],
        table.trials,
        table.dimensions,
        "val/qabf",
        fitted=fitted,
        adaptive=runs[runs["phase"] == "hunt"],
    )
    return {row["value"]: row for row in rows}


def test_unequal_nuisance_moves_the_raw_means_and_not_the_adjusted_ones() -> None:
    fair, unfair = found(biased=False), found(biased=True)
    raw, adjusted = (
        {name: one["b"][name] - one["a"][name] for name in ("raw", "adjusted")}
        for one in (fair, unfair)
    )
    assert raw["raw"] == pytest.approx(0.2, abs=0.05)
    assert raw["adjusted"] == pytest.approx(0.2, abs=0.03)
    assert adjusted["raw"] < 0.1
    assert adjusted["adjusted"] == pytest.approx(0.2, abs=0.05)


def test_a_search_is_shown_beside_and_changes_nothing() -> None:
    without, beside = found(biased=False), found(biased=False, searched=20)
    assert beside["a"]["searched_trials"] == 20
    assert beside["a"]["searched"] > beside["a"]["raw"]  # all at the best settings
    assert beside["b"]["searched"] is None
    for value in "ab":
        kept = {k: v for k, v in beside[value].items() if not k.startswith("searched")}
        assert kept == {k: v for k, v in without[value].items() if not k.startswith("searched")}


def test_trials_of_a_range_count_for_the_nearest_value_and_names_for_themselves() -> None:
    trials = pd.DataFrame({"factor.r": ["0.3", "0.6", None], "factor.n": ["x", "y", "z"]})
    numbers = near({"factor": "r", "arms": [[0.35, ""], [0.7, ""]]}, trials)
    assert numbers is not None
    assert numbers.tolist()[:2] == [0.35, 0.7]
    assert numbers.isna().tolist() == [False, False, True]
    renamed = {"factor": "mine", "dimension": "r", "arms": [[0.35, ""], [0.7, ""]]}
    assert near(renamed, trials) is not None
    assert near({**renamed, "dimension": None}, trials) is None  # its values set more than one
    names = near({"factor": "n", "arms": [["x", ""], ["y", ""]]}, trials)
    assert names is not None
    assert names.tolist()[:2] == ["x", "y"]
    assert near({"factor": "m", "arms": []}, trials) is None
