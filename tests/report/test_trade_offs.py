"""The trials of a search that no other beats in all objectives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.report.contents import Contents
from ablate.report.summary import summary
from ablate.report.values import trade_offs

OBJECTIVES = ["val/qabf", "val/vif"]


def hunted(answered: Contents) -> Contents:
    return replace(answered, facts=replace(answered.facts, objectives=tuple(OBJECTIVES)))


def test_no_trial_on_the_list_is_beaten_by_another_one(answered: Contents) -> None:
    found = trade_offs(hunted(answered))
    runs = answered.runs
    assert set(found["phase"]) == {"explore", "hunt"}
    for phase, mine in found.groupby("phase"):
        every = runs.loc[runs["phase"] == phase, OBJECTIVES].to_numpy()
        for point in mine[OBJECTIVES].to_numpy():
            assert not ((every >= point).all(axis=1) & (every > point).any(axis=1)).any()
        best = every[:, 0].max()
        assert mine[OBJECTIVES[0]].iloc[0] == best


def test_seeds_of_a_trial_are_averaged(answered: Contents) -> None:
    given = hunted(answered)
    again = given.runs[given.runs["phase"] == "hunt"].copy()
    again["run_id"] += "b"
    again[OBJECTIVES] += 0.2
    both = replace(given, runs=pd.concat([given.runs, again], ignore_index=True))
    found = trade_offs(both)
    mine = found[found["phase"] == "hunt"]
    alone = trade_offs(given)
    alone = alone[alone["phase"] == "hunt"]
    np.testing.assert_allclose(mine[OBJECTIVES], alone[OBJECTIVES] + 0.1)


def test_one_objective_has_no_trade_offs(answered: Contents, tmp_path: Path) -> None:
    assert trade_offs(answered).empty
    assert "trade-offs" not in summary(answered)


def test_the_summary_counts_them_and_names_the_best(answered: Contents) -> None:
    given = hunted(answered)
    text = summary(given)
    assert f"trade-offs: {len(trade_offs(given))} trials" in text
