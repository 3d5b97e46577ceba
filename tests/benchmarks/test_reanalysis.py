"""Published studies judged again: as published, with scenes, and with values changing places."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis import words
from ablate.analysis.judging import judge
from ablate.analysis.question import Contrast, RegisteredQuestion
from ablate.analysis.words import ContrastWord, Shown, metric_word
from benchmarks.reanalysis import (
    PublishedQuestion,
    Reanalysis,
    claims,
    folders,
    page,
    questions_of,
    read,
)

REPORTS = Path(__file__).resolve().parents[2] / "reports"
FOLDERS = [str(folder.relative_to(REPORTS)) for folder in folders(REPORTS)]
MIRROR = {"gain": "loss", "loss": "gain"}


@cache
def questions(folder: str) -> list[PublishedQuestion]:
    return list(questions_of([read(REPORTS / folder)]))


def swapped(question: RegisteredQuestion) -> RegisteredQuestion:
    """The question with value and baseline of every pair exchanged; names stay, to compare by."""
    pairs = {one.name: pair for one in question.contrasts if (pair := question.pair_of(one))}

    def turned(one: Contrast) -> Contrast:
        return replace(one, weights=tuple(-w for w in one.weights)) if one.name in pairs else one

    return replace(
        question,
        contrasts=tuple(turned(one) for one in question.contrasts),
        baseline=next(iter(pairs.values()))[0] if pairs else question.baseline,
    )


def unmirrored(published: PublishedQuestion) -> list[str]:
    """The contrasts whose words are not those of before with gain and loss exchanged."""
    asked = replace(published.question, secondary=())  # judged apart, and without words
    ahead = judge(asked, published.selected, published.facts).contrasts
    back = judge(swapped(asked), published.selected, published.facts).contrasts
    found = []
    for one, other in zip(ahead, back, strict=True):
        mirror = MIRROR if one.value is not None else {}
        assert (one.value, one.baseline) == (
            (other.baseline, other.value) if mirror else (None, None)
        )
        expected = [mirror.get(word, word) for word in (one.word, *one.primary.values())]
        if expected != [other.word, *other.primary.values()]:
            found.append(f"{one.contrast}: {one.word}, the other way round {other.word}")
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_words_mirror_where_value_and_baseline_change_places(folder: str) -> None:
    assert questions(folder)
    for one in questions(folder):
        assert unmirrored(one) == [], one.before.id


def test_a_word_in_which_guards_veto_gains_alone_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def one_sided(
        primary: Sequence[Shown],
        guards: Sequence[Shown],
        *,
        alpha: float,
        has_direction: bool = True,
    ) -> ContrastWord:
        found = {metric_word(one, alpha=alpha, has_direction=has_direction) for one in primary}
        harmed = any(words.guard_word(one, alpha=alpha) == "harmed" for one in guards)
        if "gain" in found:
            return "trade-off" if harmed or "loss" in found else "gain"
        return "loss" if "loss" in found else "open"

    monkeypatch.setattr(words, "contrast_word", one_sided)
    (_, at_fixed_lambda) = questions("probe_q5_lambda/msrs-mini")
    assert unmirrored(at_fixed_lambda) == [
        "sign_free vs signed: loss, the other way round trade-off",
        "signed_sum vs signed: loss, the other way round trade-off",
    ]


def test_the_published_answer_is_found_again_and_scenes_take_claims_away() -> None:
    (published,) = questions("probe_q8_gradient_weight/roadscene-mini")
    found = Reanalysis(published)
    old = {(row.contrast, row.metric): row for row in published.before.rows}
    for row in found.now.rows:
        one = old[row.contrast, row.metric]
        assert (row.role, row.verdict, row.blocks) == (one.role, one.verdict, one.blocks)
        assert row.estimate == pytest.approx(one.estimate, abs=1e-9)
        assert row.p == pytest.approx(one.p, abs=1e-9)
    winners = published.selected.winners
    chosen = set(zip(winners["block"], winners["value"], winners["run_id"], strict=True))
    assert chosen == {(one.block, one.value, one.run_id) for one in published.before.winners}
    assert len(claims(found.now)) == 6
    assert found.lost == {
        ("0 vs 10", "qabf"),
        ("0.1 vs 10", "qabf"),
        ("1 vs 10", "vif"),
        ("100 vs 10", "vif"),
    }
    assert not found.won
    text = page([found])
    assert (
        "| undecided | 4 trade-off | 2 trade-off, 2 open | 6 (4 lost) | gradient_weight 0" in text
    )
    assert "| probe, scenes | 4 | 0 | 2 | 0 | 0 | 2 | 0 | 0 | 0 | 0 |" in text
    assert "Claims: 6 published, 6 now, 2 by scenes (4 lost, 0 won)." in text


def test_scenes_are_those_of_all_images_that_studies_of_a_data_set_show() -> None:
    few = "probe_q7_selection/msrs-mini"
    (alone,) = questions(few)
    assert len(set(alone.scenes.values())) == 14  # of 16 images, far apart without the others
    study = read(REPORTS / few)
    between = [f"{int(name[:5]) + step:05d}{name[5:]}" for name in alone.scenes for step in (3, -3)]
    more = study.images.iloc[: len(between)].assign(image=between)
    beside = replace(study, images=pd.concat([study.images, more]))
    (one, _) = questions_of([study, beside])
    assert len(set(one.scenes.values())) < 14
