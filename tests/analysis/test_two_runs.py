"""Two runs beside each other."""

from ablate.analysis.two_runs import differences, differing, in_words

FIRST = [
    ("test", "a", "qabf", 0.4),
    ("test", "b", "qabf", 0.6),
    ("test", "c", "qabf", None),
    ("val", "a", "qabf", 0.1),
]
SECOND = [("test", "a", "qabf", 0.5), ("test", "b", "qabf", 0.5), ("test", "d", "qabf", 0.9)]


def test_settings_that_differ_are_named_flat_and_the_others_are_not() -> None:
    one = {"loss": {"sign": "free", "levels": 3}, "model": {"name": "probe"}}
    other = {"loss": {"sign": "kept", "levels": 3, "ratio": 0.5}, "model": {"name": "probe"}}
    assert differing(one, other) == {"loss.sign": ("free", "kept"), "loss.ratio": (None, 0.5)}


def test_scores_are_compared_on_the_images_that_both_have() -> None:
    (row,) = differences(FIRST, SECOND, split="test")
    assert (row.images, row.better) == (2, 1)
    assert row.first == 0.5
    assert row.difference == 0.0
    assert differences(FIRST, SECOND, split="val") == []


def test_the_words_say_the_direction_and_claim_nothing() -> None:
    worse = [("test", "a", "qabf", 0.3), ("test", "b", "qabf", 0.5)]
    text = "\n".join(
        in_words(("x", "y"), {}, differences(FIRST, worse, split="test"), split="test")
    )
    assert "worse; better on 0 of 2 images" in text
    assert "no setting differs" in text
    assert "claims nothing" in text


def test_a_metric_of_a_plug_in_that_is_not_here_is_compared_under_its_name() -> None:
    first, second = ([("test", "a", "sharpness", value)] for value in (0.4, 0.5))
    text = "\n".join(
        in_words(("x", "y"), {}, differences(first, second, split="test"), split="test")
    )
    assert "sharpness 0.4000 -> 0.5000 (+0.1000, better" in text
