"""Which methods can be told apart: against scipy and statsmodels, and by simulation."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from ablate.scoring.differences import Difference, differences, in_words
from ablate.scoring.scores import Row, Scores

METHODS = ("a", "b", "c")


def scored(values: Mapping[str, Mapping[str, Sequence[float]]]) -> Scores:
    """Return scores of metric -> method -> values of images 0, 1, ..."""
    return Scores(
        protocol="cddfuse-py",
        names=tuple(values),
        methods=tuple(next(iter(values.values()))),
        rows=tuple(
            Row(method=method, image=f"{at:02}", metric=name, value=value)
            for name, of_method in values.items()
            for method, some in of_method.items()
            for at, value in enumerate(some)
        ),
        flags={},
        images_hash="",
        notes=(),
    )


def drawn(seed: int, *, images: int = 12, shift: float = 0.0) -> Scores:
    random = np.random.default_rng(seed)
    scenes = random.normal(size=images)
    return scored(
        {
            name: {
                method: (scenes + random.normal(size=images) + shift * (method == "a")).tolist()
                for method in METHODS
            }
            for name in ("qabf", "nabf")
        }
    )


def test_p_intervals_and_correction_are_those_of_scipy_and_statsmodels() -> None:
    scores = drawn(0, shift=0.8)
    found = differences(scores, {})
    values = {
        (name, method): [
            row.value for row in scores.rows if (row.metric, row.method) == (name, method)
        ]
        for name in scores.names
        for method in METHODS
    }
    assert len(found) == 2 * 3
    for one in found:
        theirs = ttest_rel(values[one.metric, one.better], values[one.metric, one.worse])
        low, high = theirs.confidence_interval()
        assert one.p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert (one.low, one.high) == pytest.approx((low, high), rel=1e-9)
        assert one.scenes == 12
    corrected = multipletests([one.p for one in found], method="holm")[1]
    assert [one.corrected for one in found] == pytest.approx(corrected.tolist(), rel=1e-12)


def test_lower_is_better_where_the_metric_says_so() -> None:
    of_method = {"a": [0.1 + 0.01 * at for at in range(8)], "b": [0.5] * 8}
    qabf, nabf = differences(scored({"qabf": of_method, "nabf": of_method}), {})
    assert (qabf.better, qabf.worse) == ("b", "a")
    assert qabf.mean > 0
    assert (nabf.better, nabf.worse) == ("a", "b")
    assert nabf.mean < 0


def test_images_of_a_scene_are_one_case() -> None:
    scores = drawn(1, images=24)
    groups = {f"{at:02}": f"scene {at // 3}" for at in range(24)}
    values = {
        method: np.reshape(
            [row.value for row in scores.rows if (row.metric, row.method) == ("qabf", method)],
            (8, 3),
        ).mean(axis=1)
        for method in METHODS
    }
    first = differences(scores, groups)[0]
    assert first.scenes == 8
    assert first.p == pytest.approx(ttest_rel(values["a"], values["b"]).pvalue, rel=1e-9)


def test_copies_of_an_image_gain_nothing() -> None:
    one = drawn(2, images=8, shift=0.7)
    again = scored(
        {
            name: {
                method: [
                    row.value
                    for row in one.rows
                    for _ in range(5)
                    if (row.metric, row.method) == (name, method)
                ]
                for method in METHODS
            }
            for name in one.names
        }
    )
    groups = {f"{at:02}": f"{at // 5}" for at in range(40)}
    assert [d.p for d in differences(again, groups)] == pytest.approx(
        [d.p for d in differences(one, {})], rel=1e-9
    )


def test_what_is_equal_is_not_told_apart_and_few_scenes_are_not_tested() -> None:
    equal = scored({"qabf": {"a": [0.5] * 8, "b": [0.5] * 8}})
    (same,) = differences(equal, {})
    assert (same.p, same.is_shown) == (1.0, False)
    few = scored({"qabf": {"a": [0.5] * 5, "b": [0.1] * 5}})
    assert differences(few, {}) == ()
    assert list(in_words((), few, {})) == ["Methods are not compared: fewer than 6 scenes."]
    alone = scored({"qabf": {"a": [0.5] * 8}})
    assert differences(alone, {}) == ()
    assert list(in_words((), alone, {})) == []


def test_values_that_are_not_finite_leave_their_image_out_for_all() -> None:
    values = {"a": [0.1 * at for at in range(9)], "b": [0.2, 0.3] * 4 + [float("nan")]}
    (found,) = differences(scored({"qabf": values}), {})
    assert found.scenes == 8


def test_methods_that_are_alike_are_told_apart_in_one_study_of_twenty_at_most() -> None:
    claims = [any(one.is_shown for one in differences(drawn(seed), {})) for seed in range(400)]
    assert 0.005 < np.mean(claims) < 0.07  # Holm: at most .05, sd .011
    finds = [differences(drawn(seed, shift=2.5), {}) for seed in range(50)]
    assert all(one.better == "a" for found in finds for one in found if one.metric == "qabf" and (
        "a" in (one.better, one.worse) and one.is_shown
    ))  # fmt: skip
    assert np.mean([sum(one.is_shown for one in found) for found in finds]) > 3


def test_sentences_name_what_is_better_and_what_stays_open() -> None:
    def one(better: str, worse: str, corrected: float) -> Difference:
        return Difference(
            metric="qabf", better=better, worse=worse, mean=0.1, low=0, high=0.2, p=0.01,
            corrected=corrected, scenes=9,
        )  # fmt: skip

    scores = scored({"qabf": {name: [0.5] * 9 for name in METHODS}})
    some = (one("a", "b", 0.01), one("a", "c", 0.02), one("b", "c", 0.4))
    groups = {f"{at:02}": f"{at}" for at in range(9)}
    assert list(in_words(some, scores, groups)) == [
        "Paired t test over 9 scenes, Holm over 3 comparisons, level 0.05:",
        "Qabf: a better than b and c; not told apart: b and c.",
    ]
    first, second, last = in_words((one("b", "c", 0.4),), scores, {})
    assert "9 images, each taken for a scene of its own" in first
    assert second == "Qabf: no two methods can be told apart."
    assert "--groups" in last
