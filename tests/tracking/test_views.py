import json

from ablate.tracking.views import MOST_METRICS, VIEW, VIEWS, experiment_tags, links


def views(**more: object) -> dict[str, dict[str, object]]:
    given = {"note": "n", "metrics": ["test/mse", "test/vif"], "has_seeds": False, **more}
    tags = experiment_tags(**given)  # type: ignore[arg-type]
    return {key: json.loads(tags[VIEW + key]) for key in VIEWS.values()}


def test_the_columns_start_with_the_first_metric_and_end_with_tags() -> None:
    tree = views()["ablate-tree"]
    columns = tree["selectedColumns"]
    assert isinstance(columns, list)
    assert columns[:2] == ["metrics.`final/test/mse`", "metrics.`final/test/vif`"]
    assert "tags.`ablate.verdict`" in columns
    assert "searchFilter" not in tree  # a filter would end the nesting


def test_deviations_stand_beside_means_only_where_there_are_seeds() -> None:
    columns = views(has_seeds=True)["ablate-tree"]["selectedColumns"]
    assert isinstance(columns, list)
    assert columns[1] == "metrics.`final/test/mse.sd`"


def test_the_flat_view_has_the_better_direction_first() -> None:
    assert views()["ablate-trials"]["orderByAsc"] is True  # an error: lower is better
    assert views(metrics=["test/qabf"])["ablate-trials"]["orderByAsc"] is False


def test_many_metrics_do_not_push_the_tags_out_of_sight() -> None:
    tree = views(metrics=[f"test/m{number}" for number in range(20)])["ablate-tree"]
    columns = tree["selectedColumns"]
    assert isinstance(columns, list)
    assert sum(column.startswith("metrics.") for column in columns) == MOST_METRICS


def test_a_study_without_metrics_has_views_too() -> None:
    assert "orderByKey" not in views(metrics=[])["ablate-trials"]


def test_every_view_has_a_link_into_the_experiment() -> None:
    made = links("7", port=5005)
    assert len(made) == len(VIEWS)
    assert all(":5005/#/experiments/7/runs" in link for link in made.values())
