"""A study in a notebook: found by a few letters, shown as it is, whatever its names hold."""

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from PIL import Image

import ablate
from ablate._api import OpenedStudy
from ablate.errors import ConfigError, UnknownNameError
from ablate.report.contents import Contents
from tests.report.answered import VARIANT, answered_contents

EVIL = '<script>alert(1)</script>" onerror="x'


@pytest.fixture(scope="module")
def answered() -> Contents:
    return answered_contents(questions=[VARIANT], blocks=6, points=2, images=4)


@pytest.fixture
def pictured(answered: Contents, tmp_path: Path) -> Contents:
    """Return contents with pictures of the sources and of two arms, one of an odd name."""
    arms = list(dict.fromkeys(answered.runs["arm"]))[:1]
    gallery = {}
    for index, name in enumerate(("infrared", "visible", *arms, EVIL)):
        path = tmp_path / f"{index}.png"
        Image.new("L", (400, 300), 60 * index).save(path)
        gallery[name] = {"p0": path, "p1": path}
    return replace(answered, gallery=gallery)


def test_an_answered_study_shows_a_card_per_question_with_its_verdict(answered: Contents) -> None:
    html = OpenedStudy(answered)._repr_html_()
    (question,) = answered.answered
    assert question.asks in html
    assert f"<strong>{escape(question.headline)}</strong>" in html
    rows = [row for row in question.rows if row.role == "primary"]
    assert html.count("<li>") == min(4, len(rows))
    assert "method check" in html  # generated pairs are said to be


def test_pictures_are_small_and_whole(pictured: Contents) -> None:
    html = OpenedStudy(pictured)._repr_html_()
    coded = html.split("base64,")[1].split('"')[0]
    image = Image.open(io.BytesIO(base64.b64decode(coded)))
    assert image.size == (160, 120)
    assert len(html) < 100_000


def test_what_a_study_says_is_text_and_never_markup(pictured: Contents) -> None:
    evil = replace(pictured, facts=replace(pictured.facts, title=EVIL, study=EVIL))
    study = OpenedStudy(evil)
    for html in (study._repr_html_(), study.images(EVIL)._repr_html_()):
        assert "<script" not in html
        assert '" onerror' not in html
        assert "&lt;script&gt;" in html


def test_images_of_an_arm_are_its_pictures_beside_the_sources(pictured: Contents) -> None:
    study = OpenedStudy(pictured)
    arm = next(name for name in pictured.gallery if name not in ("infrared", "visible", EVIL))
    images = study.images(arm)
    assert list(images) == ["p0", "p1"]
    assert images["p0"].getpixel((0, 0)) == 120
    assert images._repr_html_().count("<img") == 6
    with pytest.raises(UnknownNameError, match="did you mean 'p1'"):
        images["p11"]


def test_an_arm_is_found_by_a_value_that_it_alone_has(pictured: Contents) -> None:
    study = OpenedStudy(pictured)
    assert study.images("signed").arm in pictured.gallery
    with pytest.raises(UnknownNameError, match="no arm with pictures is called 'sing'"):
        study.images("sing")


def test_a_study_without_pictures_says_why(answered: Contents) -> None:
    bare = OpenedStudy(replace(answered, no_pictures="pictures were left out"))
    with pytest.raises(ConfigError, match="pictures were left out"):
        bare.images("signed")
    assert "<img" not in bare._repr_html_()


def test_frames_are_copies_that_a_reader_may_spoil(answered: Contents) -> None:
    study = OpenedStudy(answered)
    for take in (study.runs, study.scores, study.curves, study.answers):
        frame = take()
        rows = len(frame)
        assert rows
        frame.drop(frame.index, inplace=True)
        assert len(take()) == rows


def test_a_figure_that_does_not_apply_says_what_is_missing(answered: Contents) -> None:
    with pytest.raises(ConfigError, match=r"fused_grid.*pictures"):
        OpenedStudy(answered).figure("fused_grid")
    assert OpenedStudy(answered).figure("forest").axes


@pytest.fixture
def opened(
    answered: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Return what opens a study of a store of three, and returns the name that was read."""
    for name in ("q4_variant", "q4_variant_answer", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ledger.jsonl").touch()

    def reads(*, study: str, **given: object) -> Contents:
        assert given["store"] == tmp_path
        return replace(answered, facts=replace(answered.facts, study=study))

    monkeypatch.setattr("ablate.report.source.read", reads)
    return lambda study: ablate.open(study, store=tmp_path).name


@pytest.mark.parametrize(
    ("typed", "found"),
    [("mi", "mine"), ("q4_variant", "q4_variant"), ("q4_variant_", "q4_variant_answer")],
)
def test_a_study_is_opened_by_its_name_or_the_beginning_of_it(
    typed: str, found: str, opened: Callable[[str], str]
) -> None:
    assert opened(typed) == found


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("q4", "it may be q4_variant, q4_variant_answer"),
        ("minne", "did you mean 'mine'"),
    ],
)
def test_a_name_that_means_no_single_study_is_refused_with_what_there_is(
    typed: str, text: str, opened: Callable[[str], str]
) -> None:
    with pytest.raises(UnknownNameError, match=text):
        opened(typed)
