"""When a copy of a source beats everything: direction, ties, no numbers, and the words for it."""

import math

import pytest

from ablate.metrics.copies import Gamed, gamed_by_copies, marked, sentence, with_mark

VISIBLE = {"vif": 1.0, "mse": 100.0, "scd": math.nan}


def test_the_best_copy_must_beat_every_other_one() -> None:
    copies = {"infrared": {"vif": 1.2}, "visible": VISIBLE}
    found = gamed_by_copies({"vif": [0.9, 1.1, 0.2]}, copies)
    assert found == {"vif": Gamed(copy="infrared", value=1.2, best=1.1)}
    assert gamed_by_copies({"vif": [0.9, 1.3]}, copies) == {}


@pytest.mark.parametrize(("trained", "is_gamed"), [(101.0, True), (100.0, False), (99.0, False)])
def test_lower_is_better_where_the_metric_says_so_and_a_tie_is_not_better(
    trained: float, is_gamed: bool
) -> None:
    found = gamed_by_copies({"mse": [trained, 500.0]}, {"visible": VISIBLE})
    assert found == ({"mse": Gamed(copy="visible", value=100.0, best=trained)} if is_gamed else {})


def test_what_has_no_number_is_left_out() -> None:
    copies = {"visible": VISIBLE}
    assert gamed_by_copies({"scd": [1.0], "en": [1.0], "vif": [math.nan]}, copies) == {}
    assert list(gamed_by_copies({"vif": [math.nan, 0.5]}, copies)) == ["vif"]
    assert gamed_by_copies({"vif": [0.5]}, {}) == {}


def test_headlines_and_sentences_are_marked_for_that_metric_only() -> None:
    gamed = {"vif": Gamed(copy="visible", value=1.0456, best=0.99)}
    assert marked("VIF ↑", "vif", gamed) == "VIF ↑ (gamed by a copy)"
    assert marked("EN ↑", "en", gamed) == "EN ↑"
    assert with_mark("It rises.", "en", gamed) == "It rises."
    assert sentence({}) == ""
    assert sentence(gamed, others="method") == (
        "Gamed by a copy: an unchanged copy of a source beats every method in VIF (visible 1.046, "
        "best method 0.99), so a better score there does not show better fusion."
    )
