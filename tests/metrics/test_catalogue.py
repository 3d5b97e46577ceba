"""The torch-free table against the metric classes."""

import pytest

from ablate.errors import UnknownNameError
from ablate.metrics import ALL_NAMES, BETTER, LABELS, METRICS, NAMES, canonical_name
from ablate.metrics.catalogue import is_higher_better, is_lower_better


def test_the_catalogue_says_what_the_metric_classes_say() -> None:
    assert METRICS.names() == tuple(sorted(ALL_NAMES))
    assert set(NAMES) < set(ALL_NAMES)
    for name in ALL_NAMES:
        metric = METRICS.get(name)
        assert (metric.label, metric.better) == (LABELS[name], BETTER[name])
        assert metric.label.lower().replace("-", "_") == name
        assert metric.source
        assert metric.range[0] < metric.range[1]


def test_a_name_is_found_in_any_case_and_a_wrong_one_gets_the_nearest() -> None:
    assert [canonical_name(label) for label in LABELS.values()] == list(ALL_NAMES)
    with pytest.raises(UnknownNameError, match="did you mean 'scd'"):
        canonical_name("scdd")


def test_only_errors_artefacts_and_divergences_are_better_when_lower() -> None:
    assert {name for name, way in BETTER.items() if way == "lower"} == {
        "ce",
        "mse",
        "nabf",
        "qcv",
        "rmse",
    }


@pytest.mark.parametrize("before", ["", "val/", "test/", "tno/", "test/tno/"])
def test_a_direction_does_not_depend_on_the_part_and_the_test_set(before: str) -> None:
    for name, better in BETTER.items():
        assert is_lower_better(f"{before}{name}") == (better == "lower"), name
        assert is_higher_better(f"{before}{name}") == (better == "higher"), name


@pytest.mark.parametrize("name", ["", "val/", "unknown", "val/unknown", "nabf/unknown", "NABF"])
def test_what_is_not_a_metric_has_no_better_side(name: str) -> None:
    assert not is_lower_better(name)
    assert not is_higher_better(name)
