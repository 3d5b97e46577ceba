"""A question on further test sets: one corrected family where it asks, a description elsewhere."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.selection import on_test
from ablate.stats.multiplicity import holm
from tests.analysis import test_answers as base
from tests.analysis.test_answers import facts, only

FEW = 12  # images of the further set, whose names are those of the first


def tables(own: float, there: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs and images with the set "tno", in which "b" scores `there` above "a" in qabf."""
    runs, images = base.tables(own)
    of_set = images[images["image"] < f"i{FEW:02d}"].copy()
    is_b = of_set["run_id"].str.startswith("b") & (of_set["metric"] == "qabf")
    of_set.loc[is_b, "value"] += there - own
    of_set["split"] = "test/tno"
    means = of_set.groupby(["run_id", "metric"])["value"].mean().unstack("metric")
    means = means.rename(columns=lambda name: f"test/tno/{name}").reset_index()
    runs = runs.merge(means, on="run_id", how="left")
    is_pilot = runs["phase"] == "pilot"
    for name in base.METRICS:
        runs.loc[is_pilot, f"test/tno/{name}"] = 0.5
    return runs, pd.concat([images, of_set])


def about(*tests: str, groups: dict[str, str] | None = None) -> dict[str, Any]:
    asked = [
        name if one == "own" else f"{one}/{name}" for one in tests or ("own",) for name in ["qabf"]
    ]
    found = facts(primary=asked, guardrails=[], smallest_effect=dict.fromkeys(asked, "0.2%"))
    one = {"name": "tno", "label": "TNO", "hash": "t", "count": FEW}
    found["tests"] = [{**one, "protocol": "p", "protocol_hash": "q", "groups": groups or {}}]
    return found


def test_scores_on_a_further_set_are_other_metrics_of_other_images() -> None:
    _, images = tables(0.0, 0.0)
    found = on_test(images)
    assert set(found["metric"]) == {*base.METRICS, *(f"tno/{name}" for name in base.METRICS)}
    mine = found[found["metric"] == "tno/qabf"]
    assert set(mine["image"]) == {f"tno/i{at:02d}" for at in range(FEW)}
    plain = images[images["split"] == "test"]
    pd.testing.assert_frame_equal(on_test(plain), plain)


def test_holm_corrects_over_the_sets_that_a_question_asks_on() -> None:
    found = only(about("own", "tno"), *tables(0.006, 0.006))
    rows = {row["metric"]: row for row in found["rows"] if row["role"] == "primary"}
    assert set(rows) == {"qabf", "tno/qabf"}
    corrected = holm([rows["qabf"]["p"], rows["tno/qabf"]["p"]])
    assert [rows[m]["p_holm"] for m in ("qabf", "tno/qabf")] == pytest.approx(list(corrected))
    assert rows["tno/qabf"]["images"] == FEW
    assert "on tno" in rows["tno/qabf"]["sentence"]
    assert "Qabf on tno" in rows["tno/qabf"]["sentence"]
    alone = only(about(), *tables(0.006, 0.006))
    (row,) = [row for row in alone["rows"] if row["role"] == "primary"]
    assert row["p_holm"] == pytest.approx(rows["qabf"]["p"])


def test_effects_that_differ_between_sets_do_not_support_a_claim_on_both() -> None:
    found = only(about("own", "tno"), *tables(0.05, -0.05))
    rows = {row["metric"]: row["verdict"] for row in found["rows"] if row["role"] == "primary"}
    assert rows == {"qabf": "supported", "tno/qabf": "contradicted"}
    assert found["verdict"] == "undecided"


def test_a_set_that_no_question_asks_on_is_described_and_changes_nothing_else() -> None:
    runs, images = tables(0.05, -0.05)
    found = only(about(), runs, images)
    without = about()
    del without["tests"]
    plain = only(without, *base.tables(0.05))
    (there,) = found.pop("on_sets")
    assert found == plain
    (row,) = [one for one in there["rows"] if one["metric"] == "qabf"]
    assert (row["verdict"], row["p_holm"], row["role"]) == ("described", None, "exploratory")
    mine = images[(images["split"] == "test/tno") & (images["metric"] == "qabf")]
    means = mine.groupby("run_id")["value"].mean()
    won = {(one["block"], one["value"]): one["run_id"] for one in found["winners"]}
    differences = [
        means[won[block, "b"]] - means[won[block, "a"]] for block in range(1, base.BLOCKS + 1)
    ]
    assert row["estimate"] == pytest.approx(np.mean(differences))
    (agreement,) = there["agreement"]
    assert (agreement["tau"], agreement["same_best"]) == (-1, False)
    assert agreement["order_at_value"] == ["a", "b"]
    assert "b > a on own, a > b on tno" in agreement["sentence"]


def test_scenes_of_a_set_are_the_cases_of_its_tests_and_of_no_others() -> None:
    scenes = {f"i{at:02d}": f"s{at // 3}" for at in range(FEW)}
    found = only(about("own", "tno", groups=scenes), *tables(0.01, 0.01))
    rows = {row["metric"]: row for row in found["rows"] if row["role"] == "primary"}
    assert rows["tno/qabf"]["groups"] == FEW // 3
    assert "groups" not in rows["qabf"]
    assert any("4 test scenes" in text for text in found["caveats"])


def test_a_run_without_scores_on_a_set_is_told_where_the_question_asks_there() -> None:
    runs, images = tables(0.05, 0.05)
    lost = only(about("own", "tno"), runs, images)["winners"][0]["run_id"]
    left = images[(images["split"] == "test") | (images["run_id"] != lost)]
    found = only(about("own", "tno"), runs, left)
    assert found["verdict"] == "not answerable"
    assert "Qabf on tno has no score in 1 cells" in found["reason"]
    described = only(about(), runs, left)
    assert described["verdict"] == "supported"
    (row,) = [one for one in described["on_sets"][0]["rows"] if one["metric"] == "qabf"]
    assert row["blocks"] == base.BLOCKS - 1
