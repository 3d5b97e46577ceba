"""The torch-free table against the metric classes."""

import pytest

from ablate.errors import UnknownNameError
from ablate.metrics import BETTER, LABELS, METRICS, NAMES, canonical_name


def test_the_catalogue_says_what_the_metric_classes_say() -> None:
    assert METRICS.names() == tuple(sorted(NAMES))
    for name in NAMES:
        metric = METRICS.get(name)
        assert (metric.label, metric.better) == (LABELS[name], BETTER[name])
        assert metric.label.lower() == name
        assert metric.source
        assert metric.range[0] < metric.range[1]


def test_a_name_is_found_in_any_case_and_a_wrong_one_gets_the_nearest() -> None:
    assert [canonical_name(label) for label in LABELS.values()] == list(NAMES)
    with pytest.raises(UnknownNameError, match="did you mean 'scd'"):
        canonical_name("scdd")
