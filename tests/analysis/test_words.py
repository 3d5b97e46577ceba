"""Words per contrast: the table of cases, and that nothing depends on the name of the baseline."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.analysis.words import (
    Answered,
    Later,
    Shown,
    advice,
    answered,
    contrast_word,
    guard_word,
    headline,
    metric_word,
)

ALPHA = 0.05


def shown(
    metric: str = "qabf",
    change: float = 2.0,
    *,
    half: float = 0.5,
    p: float | None = 0.001,
    margin: float | None = 1.0,
    better: str = "higher",
) -> Shown:
    low, high = change - half, change + half
    sign = 1 if better == "higher" else -1
    worse = min(sign * low, sign * high)
    inside = margin is not None and -margin < low and high < margin
    return Shown(
        metric=metric,
        change=change,
        low=low,
        high=high,
        is_better=sign * change > 0 if change else None,
        p=p,
        p_equivalent=None if margin is None else (0.001 if inside else 0.6),
        is_inside=inside,
        is_safe=margin is not None and worse > -margin,
    )


def mirrored(one: Shown) -> Shown:
    """The same numbers with value and baseline exchanged."""
    low = None if one.high is None else -one.high
    high = None if one.low is None else -one.low
    return dataclasses.replace(
        one,
        change=-one.change,
        low=low,
        high=high,
        is_better=None if one.is_better is None else not one.is_better,
    )


MIRROR = {"gain": "loss", "loss": "gain"}
cases = st.builds(
    shown,
    metric=st.sampled_from(["qabf", "vif", "en", "sd"]),
    change=st.floats(-5, 5),
    half=st.floats(0.05, 5),
    p=st.sampled_from([0.001, 0.04, 0.06, 0.9]),
    margin=st.sampled_from([None, 0.5, 1.0, 3.0]),
)


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (shown(change=2), "gain"),
        (shown(change=-2), "loss"),
        (shown(change=2, p=0.2), "open"),
        (shown(change=0.1, half=0.2, p=0.001), "equivalent"),  # sure, and too small to matter
        (shown(change=0.1, half=3, p=0.8), "open"),
        (shown(change=0.0, half=3, p=1.0), "open"),
        (shown(change=2, p=None), "open"),
        (shown(change=-2, better="lower"), "gain"),
        (dataclasses.replace(shown(), is_answerable=False), "not answerable"),
    ],
)
def test_the_word_in_one_metric(one: Shown, word: str) -> None:
    assert metric_word(one, alpha=ALPHA) == word


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (shown("en", change=-2), "harmed"),
        (shown("en", change=-2, p=0.2), "unknown"),
        (shown("en", change=-0.3, half=0.2), "safe"),  # shown to be worse, and by little
        (shown("en", change=0.5, half=3, p=0.7), "unknown"),
        (shown("en", change=4, half=1), "safe"),
        (shown("en", change=4, half=1, margin=None), "unknown"),
        (shown("en", change=-4, half=1, margin=None), "harmed"),
    ],
)
def test_the_word_of_a_guard(one: Shown, word: str) -> None:
    assert guard_word(one, alpha=ALPHA) == word


@pytest.mark.parametrize(
    ("primary", "guards", "word"),
    [
        ([shown(), shown("vif")], [], "gain"),
        ([shown(), shown("vif", -3)], [], "trade-off"),
        ([shown(), shown("vif", 0.4, p=0.6, half=2)], [], "gain"),
        ([shown()], [shown("en", 0.1, half=4, p=0.9)], "gain"),  # unknown is no veto
        ([shown()], [shown("en", -3)], "trade-off"),
        ([shown(change=-2)], [shown("en", 3)], "trade-off"),
        ([shown(change=-2)], [shown("en", -3)], "loss"),
        ([shown(change=0.1, half=0.2), shown("vif", 0.1, half=0.2)], [], "equivalent"),
        ([shown(change=0.1, half=0.2), shown("vif", 0.5, half=4, p=0.8)], [], "open"),
        ([shown(p=0.5)], [shown("en", -3)], "open"),
        ([dataclasses.replace(shown(), is_answerable=False), shown("vif")], [], "not answerable"),
    ],
)
def test_the_word_of_a_contrast(primary: list[Shown], guards: list[Shown], word: str) -> None:
    assert contrast_word(primary, guards, alpha=ALPHA) == word


@given(primary=st.lists(cases, min_size=1, max_size=3), guards=st.lists(cases, max_size=2))
def test_the_other_way_round_words_mirror(primary: list[Shown], guards: list[Shown]) -> None:
    one = contrast_word(primary, guards, alpha=ALPHA)
    two = contrast_word([mirrored(s) for s in primary], [mirrored(s) for s in guards], alpha=ALPHA)
    assert two == MIRROR.get(one, one)


@given(primary=st.lists(cases, min_size=1, max_size=3), guards=st.lists(cases, max_size=2))
def test_a_curvature_is_never_a_gain_and_has_no_guard(
    primary: list[Shown], guards: list[Shown]
) -> None:
    found = answered(
        "quadratic in levels",
        pair=None,
        primary=primary,
        guards=guards,
        alpha=ALPHA,
        has_direction=False,
    )
    assert found.word in ("present", "absent", "open")
    assert found.guards == {}


def pair(
    value: float, baseline: float, *primary: Shown, guards: tuple[Shown, ...] = (), **more: str
) -> Answered:
    return answered(
        f"{value:g} vs {baseline:g}",
        pair=(value, baseline),
        primary=primary,
        guards=guards,
        alpha=ALPHA,
        **more,  # type: ignore[arg-type]
    )


def test_a_headline_of_a_trade_off_and_what_to_use() -> None:
    en, sd = shown("en", -1.1, half=0.2, margin=0.5), shown("sd", -2.3, half=0.4)
    one = pair(0.84, 0.5, shown(change=1.7, half=0.35), shown("vif", 10.2), guards=(en, sd))
    text = headline("ratio", [one])
    assert text == (
        "ratio 0.84 vs 0.5 is a trade-off: Qabf +1.7 % (+1.4 to +2.0). VIF +10.2 % (+9.7 to +10.7). "
        "EN -1.1 % (-1.3 to -0.9). SD -2.3 % (-2.7 to -1.9)."
    )
    assert advice("ratio", [one], values=[0.5, 0.84]) == (
        "What to use: 0.84 for Qabf and VIF, 0.5 for EN and SD."
    )


def test_a_headline_has_the_effect_at_another_budget() -> None:
    one = pair(0.84, 0.5, shown(change=7.9, half=2.0), shown("vif", 10.2))
    later = [
        Later(contrast="0.84 vs 0.5", metric="vif", change=9.0, at="twice the steps"),
        Later(contrast="0.25 vs 0.5", metric="qabf", change=9.0, at="twice the steps"),
        Later(
            contrast="0.84 vs 0.5",
            metric="qabf",
            change=3.0,
            at="twice the steps",
            low=2.0,
            high=4.0,
        ),
    ]
    assert headline("ratio", [one], later=later) == (
        "ratio 0.84 vs 0.5 is a gain: Qabf +7.9 % (+5.9 to +9.9). VIF +10.2 % (+9.7 to +10.7). "
        "Qabf at twice the steps +3.0 % (+2.0 to +4.0)."
    )


def test_what_was_expected_is_told() -> None:
    assert ", as expected:" in headline("levels", [pair(3, 1, shown(), expects="higher")])
    assert ", the opposite:" in headline("levels", [pair(3, 1, shown(change=-2), expects="higher")])


def test_beaten_values_are_not_advised() -> None:
    answers = [pair(2, 1, shown()), pair(3, 1, shown(p=0.5)), pair(3, 2, shown(change=-3))]
    assert advice("levels", answers, values=[1, 2, 3]) == "What to use: levels 2."
    some_open = [pair(2, 1, shown(p=0.5)), pair(3, 1, shown(p=0.5))]
    assert "does not decide" in advice("levels", some_open, values=[1, 2, 3])
    equal = [pair(2, 1, shown(change=0.1, half=0.2))]
    assert "any levels" in advice("levels", equal, values=[1, 2])


def test_a_value_that_harms_a_guardrail_for_nothing_is_not_advised() -> None:
    same = shown(change=0.1, half=3, p=0.9)
    answers = [
        pair(2, 1, same, guards=(shown("en", change=-2),)),
        pair(3, 1, shown(change=-3)),
    ]
    assert advice("levels", answers, values=[1, 2, 3]) == "What to use: levels 1."


@given(
    answers=st.lists(
        st.builds(
            lambda v, primary, guards: pair(v, 0.5, *primary, guards=tuple(guards)),
            st.sampled_from([0.25, 0.7071, 0.8409]),
            st.lists(cases, min_size=1, max_size=3),
            st.lists(cases, max_size=2),
        ),
        min_size=1,
        max_size=5,
    ),
    has_budget=st.booleans(),
)
def test_a_headline_is_short(answers: list[Answered], has_budget: bool) -> None:
    later = [
        Later(contrast=one.contrast, metric=metric, change=1.0, at="3 times the steps")
        for one in answers
        for metric in one.primary
    ]
    text = headline("scale ratio", answers, later=later if has_budget else ())
    assert len(text.split()) <= 40
    assert len(re.findall(r" [+-]\d[\d.]* %", text)) <= 4
    for sentence in re.split(r"\.(?: |$)", text):
        assert len(re.findall(r"[+-]\d[\d.]* %", sentence)) <= 1
    assert advice("scale ratio", answers, values=[0.25, 0.5, 0.7071, 0.8409]).count("\n") == 0


def test_a_headline_names_what_stays_open_as_far_as_there_is_room() -> None:
    decided, unsure = shown(), shown(p=0.5)
    some = [pair(2, 1, decided), pair(3, 1, unsure), pair(4, 1, unsure)]
    assert headline("levels", some).endswith(" Open: 3 vs 1 and 4 vs 1.")
    more = [*some, pair(5, 1, shown(change=1.5))]
    assert headline("levels", more).endswith(
        " 1 more of 4 contrasts is decided. Open: 3 vs 1 and 4 vs 1."
    )
    many = [pair(2, 1, decided), *(pair(value, 1, unsure) for value in range(3, 20))]
    assert headline("levels", many).endswith(" 17 of 18 contrasts stay open.")


def test_a_headline_without_a_difference_names_what_is_equivalent() -> None:
    alike, unsure = shown(change=0.1, half=0.3, p=0.6), shown(p=0.5)
    assert headline("levels", [pair(2, 1, unsure), pair(3, 1, alike)]) == (
        "Open: no difference between values of levels is shown. Equivalent: 3 vs 1."
    )
    assert headline("levels", [pair(2, 1, unsure)]).endswith("and none is ruled out.")
