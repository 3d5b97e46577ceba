"""Effects: unequal nuisance moves raw means and not adjusted ones; a search stands beside them."""

from dataclasses import asdict

import pandas as pd
import pytest

from ablate.analysis.dependence import process
from ablate.analysis.dimensions import encoded, explored
from ablate.analysis.effects import ValueMean, effects, near
from tests.analysis.exploring import study
from tests.analysis.written import question
from tests.present import present


def found(*, biased: bool, searched: int = 0) -> dict[object, ValueMean]:
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
        facts.questions,
        table.trials,
        table.dimensions,
        "val/qabf",
        fitted=fitted,
        adaptive=runs[runs["phase"] == "hunt"],
    )
    return {row.value: row for row in rows}


def test_unequal_nuisance_moves_the_raw_means_and_not_the_adjusted_ones() -> None:
    fair, unfair = found(biased=False), found(biased=True)
    raw, adjusted = (
        {name: getattr(one["b"], name) - getattr(one["a"], name) for name in ("raw", "adjusted")}
        for one in (fair, unfair)
    )
    assert raw["raw"] == pytest.approx(0.2, abs=0.05)
    assert raw["adjusted"] == pytest.approx(0.2, abs=0.03)
    assert adjusted["raw"] < 0.1
    assert adjusted["adjusted"] == pytest.approx(0.2, abs=0.05)


def test_a_search_is_shown_beside_and_changes_nothing() -> None:
    without, beside = found(biased=False), found(biased=False, searched=20)
    assert beside["a"].searched_trials == 20
    assert present(beside["a"].searched) > present(beside["a"].raw)  # all at the best settings
    assert beside["b"].searched is None
    for value in "ab":
        kept = {k: v for k, v in asdict(beside[value]).items() if not k.startswith("searched")}
        assert kept == {
            k: v for k, v in asdict(without[value]).items() if not k.startswith("searched")
        }


def test_trials_of_a_range_count_for_the_nearest_value_and_names_for_themselves() -> None:
    values = [[0.35, ""], [0.7, ""]]
    trials = pd.DataFrame({"factor.r": ["0.3", "0.6", None], "factor.n": ["x", "y", "z"]})
    numbers = near(question({"factor": "r", "baseline": 0.35, "arms": values}), trials)
    assert numbers is not None
    assert numbers.tolist()[:2] == [0.35, 0.7]
    assert numbers.isna().tolist() == [False, False, True]
    renamed = {"factor": "mine", "baseline": 0.35, "dimension": "r", "arms": values}
    assert near(question(renamed), trials) is not None
    assert (
        near(question({**renamed, "dimension": None}), trials) is None
    )  # its values set more than one
    names = near(question({"factor": "n", "baseline": "x", "arms": [["x", ""], ["y", ""]]}), trials)
    assert names is not None
    assert names.tolist()[:2] == ["x", "y"]
    assert near(question({"factor": "m", "arms": []}), trials) is None
