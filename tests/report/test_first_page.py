"""The first page: short, one number with its interval per sentence, and the same place for all."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from ablate.published import ConfirmationFacts, FrozenArm
from ablate.report.blocks import Block, Bullets, Card, Shown, Text
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, in_order
from ablate.report.figures.primary_effects import limits_of
from ablate.report.first_page import featured, first_part, health_line
from ablate.report.page import html
from ablate.report.sections import report
from tests.report.answered import answered_contents, asked

Make = Callable[..., Contents]
MOST_WORDS = 150
EFFECT = re.compile(r"[+-]\d[\d.]* %")
INTERVAL = re.compile(r"\((?:95 % CI )?[+-]?[\d.]+ to [+-]?[\d.]+(?: %)?\)| ± [\d.]+")


def shown(contents: Contents, *sections: str) -> list[Shown]:
    """Return figures as a report has them, without drawing any; all without sections."""
    return [
        Shown(
            name=name,
            section=one.section,
            title=one.title,
            caption=one.caption,
            reason=numbers.reason if isinstance(numbers, NotDrawn) else "",
        )
        for name, one in in_order()
        if not sections or one.section in sections or name == "history"
        for numbers in [one.numbers(contents)]
    ]


def first_page(contents: Contents) -> str:
    """Return every word of the first part, captions too."""
    page = html(report(contents, shown(contents, "first")))
    text = re.split("<h2", page)[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", f"<h2{text}")).split())


def sentences(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Yield the sentences of cards, texts and lists."""
    for one in blocks:
        texts: tuple[str, ...] = ()
        if isinstance(one, Card):
            texts = (one.answer,)
            yield from sentences(one.blocks)
        elif isinstance(one, Text):
            texts = (one.text,)
        elif isinstance(one, Bullets):
            texts = one.texts
        for text in texts:
            yield from re.split(r"(?<=\.) (?=[A-Z])", text)


@pytest.fixture
def searched(contents: Make) -> Contents:
    """Return a study that only searched: no arm was compared."""
    given = contents(phases={"hunt": {"design": "search", "trials": 4}})
    runs = given.runs.assign(phase="hunt", trial=range(4)).assign(
        **{"val/qabf": [0.1, 0.4, 0.2, 0.3]}
    )
    return replace(given, runs=runs, gallery={})


def test_at_most_150_words_per_question(
    answered: Contents, contents: Make, searched: Contents
) -> None:
    for given in (answered, contents(), searched):
        words = first_page(given).split()
        assert len(words) <= MOST_WORDS * max(1, len(given.answered)), " ".join(words)


def test_every_number_has_its_interval_and_no_sentence_has_two(
    answered: Contents, contents: Make
) -> None:
    for given in (answered, contents()):
        count = 0
        parts = report(given, shown(given, "first")).parts
        behind = [one for one in parts if one.anchor.startswith("behind")]
        for part in (parts[0], *behind):
            blocks = [one for one in part.blocks if isinstance(one, Card | Bullets)]
            for sentence in sentences(tuple(blocks[:2])):
                bare = INTERVAL.sub("", sentence)
                assert not re.search(r"\bp\b|p_|d_z", bare), sentence
                intervals = INTERVAL.findall(sentence)
                assert len(intervals) <= 1, sentence
                assert len(EFFECT.findall(bare)) <= len(intervals), sentence
                count += len(intervals)
        assert count >= 1


def test_the_question_its_answer_what_to_use_health_and_scope_stand_there(
    answered: Contents,
) -> None:
    text = first_page(answered)
    for question in answered.answered:
        places = [text.index(part) for part in (question.asks, question.answer, question.advice)]
        assert places == sorted(places)
        assert text.count(question.scope) == 1
    assert health_line(answered) in text
    assert "Behind" not in text


def test_what_the_arms_of_a_confirmation_are_stands_below_its_answer(answered: Contents) -> None:
    asked = answered.answered[0]
    arms = (
        FrozenArm(name="baseline", source="", settings={"levels": 3}),
        FrozenArm(name="winner 1", source="trial 3", settings={"levels": 1, "ratio": 0.5}),
        FrozenArm(name="winner 2", source="trial 9", settings={"levels": 2}, nuisance={"w": 2.5}),
    )
    confirmed = ConfirmationFacts(phase=asked.id, question=asked.id, of="hunt", arms=arms)
    facts = replace(answered.facts, confirmations=(confirmed,))
    text = first_page(replace(answered, facts=facts))
    assert "Winner 1 is levels 1, ratio 0.5; winner 2 is levels 2, w 2.5." in text
    elsewhere = replace(answered.facts, confirmations=(replace(confirmed, phase="other"),))
    assert "Winner 1" not in first_page(replace(answered, facts=elsewhere))


def test_a_study_without_answers_is_described_in_the_same_place(contents: Make) -> None:
    given = contents()
    best = given.runs.groupby("arm")["test/qabf"].agg(["mean", "std"]).sort_values("mean").iloc[-1]
    (card,) = [one for one in first_part(given, []).blocks if isinstance(one, Card)]
    assert card.asks == "Does it?"
    assert (
        f"Best in Qabf: {best.name} with {best['mean']:.3f} ± {best['std']:.3f} over 2 healthy runs"
        in (card.answer)
    )
    assert [one.name for one in featured(shown(given))] == ["primary_scores", "winners"]


def test_unhealthy_trainings_are_in_no_mean_of_a_description(contents: Make) -> None:
    given = contents()
    means = given.runs.groupby("arm")["test/qabf"].mean().sort_values()
    first = given.runs["arm"] == means.index[-1]
    health = first.map({True: "copy", False: "healthy"})
    found = replace(given, runs=given.runs.assign(health=health))
    (card,) = [one for one in first_part(found, []).blocks if isinstance(one, Card)]
    assert f"Best in Qabf: {means.index[-2]}" in card.answer
    assert means.index[-1] not in card.answer
    none = replace(given, runs=given.runs.assign(health="negative"))
    (card,) = [one for one in first_part(none, []).blocks if isinstance(one, Card)]
    assert card.answer == "No training ended healthy."


def test_a_search_alone_names_its_best_trial_and_shows_its_history(searched: Contents) -> None:
    (card,) = [one for one in first_part(searched, []).blocks if isinstance(one, Card)]
    assert card.answer == "Best val Qabf of phase hunt: 0.4000 with signed."
    figures = shown(searched)
    assert [one.name for one in featured(figures)] == ["history"]
    whole = report(searched, figures)
    names = [one.name for part in whole.parts for one in part.blocks if isinstance(one, Shown)]
    assert names.count("history") == 1


def test_nothing_finished_is_a_first_page_too(contents: Make) -> None:
    given = contents()
    runs = given.runs.drop(columns=["test/qabf", "test/mi"]).assign(state="failed")
    bare = replace(given, runs=runs, images=given.images[:0], gallery={})
    text = first_page(bare)
    assert "Nothing has finished yet." in text
    assert "Health: 0 of 4 trainings finished, 4 failed." in text


def test_unhealthy_trainings_are_counted(contents: Make) -> None:
    given = contents()
    runs = given.runs.assign(health=["healthy", "negative", "healthy", "constant"])
    text = health_line(replace(given, runs=runs))
    assert text.startswith("Health: 4 of 4 trainings finished; 2 of 4 runs ended unhealthy: ")


def test_what_does_not_apply_is_one_folded_line_at_the_end(contents: Make) -> None:
    given = contents()
    page = html(report(given, shown(given)))
    assert "Not drawn" not in page
    reasons = [one.reason for one in shown(given) if one.reason]
    last = page[page.rindex("<details>") :]
    assert f"Does not apply here ({len(reasons)} figures)" in last
    assert last.count("<li>") == len(reasons)


def test_the_effects_of_the_primary_metrics_are_those_of_the_rows(answered: Contents) -> None:
    numbers = FIGURES.get("primary_effects")().numbers(answered)
    assert isinstance(numbers, pd.DataFrame)
    rows = [row for question in answered.answered for row in question.deciding]
    assert numbers["percent"].tolist() == [row.percent for row in rows]
    assert set(numbers["metric"]) == {"qabf", "vif"}


def test_a_contrast_far_beyond_the_others_does_not_hide_their_intervals() -> None:
    low, high = pd.Series([1.0, -2.0, -90.0]), pd.Series([2.0, -1.0, -80.0])
    left, right = limits_of(low, high, pd.Series([1.0, 1.0, 1.0]))
    assert (left, right) == pytest.approx((-2.2, 2.2))
    assert limits_of(low[:1], high[:1], pd.Series([50.0]))[1] < 3  # nor does a wide band


def test_thumbnails_are_six_at_most(contents: Make, tmp_path: Path) -> None:
    del tmp_path
    given = contents()
    arms = {f"arm{number}": given.gallery["signed"] for number in range(8)}
    many = replace(
        given,
        facts=replace(given.facts, arms=tuple(arms)),
        gallery={**given.gallery, **arms},
        runs=given.runs.assign(arm_id=given.runs["arm"]),
    )
    figure = FIGURES.get("winners")()
    numbers = figure.numbers(many)
    assert isinstance(numbers, pd.DataFrame)
    drawn = figure.draw(many, numbers)
    assert len(drawn.axes) == 2 * 6


@pytest.mark.parametrize("role", ["guardrails", "secondary"])
def test_a_gain_is_told_with_what_it_costs(role: str) -> None:
    beside = {"guardrails": [], "secondary": [], role: ["sd"]}
    question = asked(values=["signed", "magnitude"], primary=["qabf"], **beside)
    effects = {"magnitude": 0.05, ("sd", "magnitude"): -0.06}
    given = answered_contents(questions=[question], effects=effects, hunted=0, explored=0)
    assert re.search(r"SD -[\d.]+ %|metric SD: -[\d.]+ % \(", given.answered[0].answer)
    assert given.answered[0].answer in first_page(given)
    assert len(first_page(given).split()) <= MOST_WORDS
    harmless = answered_contents(questions=[question], effects={"magnitude": 0.05}, hunted=0)
    assert "SD" not in harmless.answered[0].answer


def test_an_open_contrast_that_harms_a_guardrail_is_told() -> None:
    question = asked(primary=["qabf"], secondary=[], guardrails=["sd"])
    effects = {"magnitude": 0.05, ("sd", "magnitude"): 0.0, ("sd", "sign_free"): -0.06}
    given = answered_contents(questions=[question], effects=effects, hunted=0, explored=0)
    assert "A guardrail is harmed too by sign_free vs signed (SD)." in given.answered[0].answer


def test_open_beside_an_interval_without_zero_names_the_correction(answered: Contents) -> None:
    question = answered.answered[1]
    (row,) = [one for one in question.deciding if "after correction" in question.shown_word(one)]
    assert (row.ci_low or 0) > 0
    assert (row.p_holm or 0) >= question.alpha
    assert question.sentence_of(row).startswith("open after correction for 8 tests: ratio 0.71")
