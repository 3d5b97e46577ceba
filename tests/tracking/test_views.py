import json
from typing import Any

import pytest

from ablate.tracking.charts import FOLDED
from ablate.tracking.views import (
    HEADLINE,
    MOST_METRICS,
    TRAININGS,
    TREE,
    TRIALS,
    VIEW,
    Shown,
    experiment_tags,
    links,
    saved,
)

COMPARE = Shown(name="compare", metrics=["test/mse", "test/vif"], varied=["factor.variant"])
HUNT = Shown(name="hunt", metrics=["val/vif"], varied=["factor.levels", "factor.ratio"])
LONGEST = 20_000  # letters of a tag of an experiment


def tags(**more: Any) -> dict[str, str]:
    given = {
        "note": "n",
        "phases": [COMPARE, HUNT],
        "metrics": ["test/mse", "test/vif"],
        "objective": "val/vif",
        "pictures": ["fused/a", "fused/b"],
        **more,
    }
    return experiment_tags(**given)


def views(**more: Any) -> dict[str, dict[str, Any]]:
    return {key: state for key, _, state in saved(tags(**more))}


def test_a_view_is_what_the_ui_saves_itself() -> None:
    kept = json.loads(tags()[VIEW + "ablate-phase-hunt"])
    assert kept["name"] == "phase hunt"
    assert isinstance(kept["createdAt"], int)
    assert isinstance(json.loads(kept["state"])["selectedColumns"], list)


def test_each_phase_shows_what_it_varies_and_sorts_by_its_own_metric() -> None:
    found = views()
    compare, hunt = found["ablate-phase-compare"], found["ablate-phase-hunt"]
    assert compare["selectedColumns"][:4] == [
        "metrics.`final/test/mse`",
        "params.`factor.variant`",
        "tags.`ablate.health`",
        "tags.`ablate.state`",
    ]
    assert "params.`factor.ratio`" in hunt["selectedColumns"]
    assert "params.`factor.variant`" not in hunt["selectedColumns"]
    assert (compare["orderByKey"], compare["orderByAsc"]) == ("metrics.`final/test/mse`", True)
    assert (hunt["orderByKey"], hunt["orderByAsc"]) == ("metrics.`final/val/vif`", False)
    assert "tags.`ablate.phase` = 'hunt'" in hunt["searchFilter"]


def test_every_column_is_as_wide_as_its_name() -> None:
    state = views()[TRIALS]
    assert state["columnOrder"][-len(state["selectedColumns"]) :] == state["selectedColumns"]
    assert all(
        state["columnWidths"][column] >= 6 * len(column.split("`")[1])
        for column in state["selectedColumns"]
    )


def test_the_tree_has_no_filter_and_the_headline_first() -> None:
    tree = views()[TREE]
    assert tree["selectedColumns"][:2] == [f"tags.`{HEADLINE}`", "metrics.`best/val/vif`"]
    assert "searchFilter" not in tree  # a filter would end the nesting


def test_deviations_stand_beside_means_only_where_there_are_seeds() -> None:
    seeds = Shown(name="compare", metrics=["test/mse"], varied=[], has_seeds=True)
    columns = views(phases=[seeds])["ablate-phase-compare"]["selectedColumns"]
    assert columns[:2] == ["metrics.`final/test/mse`", "metrics.`final/test/mse.sd`"]
    assert not any(".sd" in column for column in views()[TREE]["selectedColumns"])


def test_many_metrics_and_factors_fit_into_a_tag() -> None:
    many = [f"test/metric_number_{number}" for number in range(60)]
    wide = Shown(name="x", metrics=many, varied=[f"dimension_number_{n}" for n in range(300)])
    found = tags(metrics=many, phases=[wide])
    assert max(map(len, found.values())) < LONGEST
    columns = {key: state for key, _, state in saved(found)}[TREE]["selectedColumns"]
    assert sum(column.startswith("metrics.`final") for column in columns) == MOST_METRICS


def test_a_study_without_metrics_or_pictures_has_views_too() -> None:
    bare = Shown(name="compare", metrics=[], varied=[])
    found = views(metrics=[], pictures=[], phases=[bare])
    assert found["ablate-phase-compare"]["orderByKey"] == "attributes.start_time"
    assert {card["type"] for card in found[TRAININGS]["compareRunCharts"]} == {"LINE"}


def test_charts_show_what_was_asked_and_fold_the_rest() -> None:
    found = views()
    kinds = [card["type"] for card in found["ablate-phase-hunt"]["compareRunCharts"]]
    assert kinds == ["BAR", "PARALLEL", "LINE"]
    (grid, *_) = found[TRAININGS]["compareRunCharts"]
    assert grid["imageKeys"] == ["fused a", "fused b"]
    assert grid["showRunParams"] is False
    for state in found.values():
        sections = {one["uuid"]: one for one in state["compareRunSections"]}
        assert set(FOLDED) == {one["name"] for one in sections.values() if not one["display"]}
        for card in state["compareRunCharts"]:
            assert sections[card["metricSectionId"]]["display"]


def test_views_of_older_versions_and_edited_ones_are_read_or_left_out() -> None:
    old = {VIEW + TREE: json.dumps({"selectedColumns": []}), VIEW + "ablate-x": "torn {"}
    assert list(saved({**old, VIEW + "mine": "{}"})) == [
        (TREE, "study, as it nests", {"selectedColumns": []})
    ]


@pytest.mark.parametrize("phase", ["compare", "a b&c"])
def test_every_view_has_a_link_into_the_experiment(phase: str) -> None:
    made = links("7", tags(phases=[Shown(name=phase, metrics=["test/mse"], varied=[])]), port=5005)
    assert len(made) == 4
    assert all(":5005/#/experiments/7/runs" in link for link in made.values())
    assert all(" " not in link and link.count("&") <= 2 for link in made.values())
