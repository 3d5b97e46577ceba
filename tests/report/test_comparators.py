"""Trivial baselines and references in tables, figure and words; the mark of a gamed metric."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ablate.published import ReferenceFacts
from ablate.report.cards import study_html
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES
from ablate.report.origin import origin_table
from ablate.report.page import markdown
from ablate.report.published import publish
from ablate.report.published_list import FACTS, folder_page
from ablate.report.sections import report
from ablate.report.summary import summary
from ablate.report.tables import arm_table, shown
from ablate.report.values import gamed_values, values_table
from tests.drawing import drawing
from tests.report.answered import BASES, VARIANT, answered_contents
from tests.report.drawable import numbers_of

COLUMNS = ["kind", "name", "split", "image", "metric", "value"]
MARK, NOTE = "gamed by a copy", "Gamed by a copy: an unchanged copy of a source beats every trained"


def beside(shares: Mapping[tuple[str, str], Mapping[str, float]]) -> pd.DataFrame:
    """Return rows of comparators: (kind, name) -> metric -> share of the metric's usual value."""
    return pd.DataFrame(
        [
            (kind, name, "test", "test000", metric, BASES[metric] * share)
            for (kind, name), metrics in shares.items()
            for metric, share in metrics.items()
        ],
        columns=COLUMNS,
    )


@pytest.fixture(scope="module")
def plain() -> Contents:
    """Return a study as version 0.1 published it: the rules mean and max, no copies."""
    return answered_contents(questions=[VARIANT], blocks=6, explored=0, hunted=0)


@pytest.fixture(scope="module")
def gamed(plain: Contents) -> Contents:
    """Return it with a copy that beats everything in VIF, a scarce one in Qabf, none in SCD."""
    copies = {
        ("copy", "infrared"): {"vif": 0.2, "qabf": 0.2},
        ("copy", "visible"): {"vif": 1.5, "qabf": 0.98, "scd": float("nan")},
        ("rule", "max"): {"vif": 2.0, "qabf": 2.0, "scd": 2.0},
    }
    references = beside({("reference", "SeAFusion"): dict.fromkeys(BASES, 3.0)})
    return replace(
        plain, trivial_baselines=beside(copies), references=references.drop(columns="kind")
    )


def told(contents: Contents) -> dict[str, str]:
    whole = report(contents, [])
    return {
        "page": markdown(whole),
        "terminal": " ".join(summary(contents).split()),
        "notebook": study_html(contents),
    }


def test_every_headline_of_a_gamed_metric_is_marked_and_explained_once(gamed: Contents) -> None:
    for name, text in told(gamed).items():
        assert "VIF is gamed by a copy." in text, name
        assert "Qabf is gamed" not in text, name
        assert NOTE in text, name
    (question,) = gamed.answered
    assert list(gamed_values(question, gamed.comparators)) == ["vif"]
    values = values_table(question, gamed.comparators)
    heads = [head for head in values.columns if MARK in head]
    assert heads == ["VIF ↑ (gamed by a copy)"]
    assert "VIF ↑ (gamed by a copy)" in shown(gamed).columns


def test_a_store_without_scored_copies_has_no_mark(plain: Contents) -> None:
    for name, text in told(plain).items():
        assert MARK not in text.lower(), name
    assert list(dict.fromkeys(plain.comparators["label"])) == ["rule mean", "rule max"]


def test_a_study_of_a_task_without_comparators_has_none(plain: Contents) -> None:
    bare = replace(plain, trivial_baselines=pd.DataFrame(columns=COLUMNS))
    assert bare.comparators.empty
    (question,) = bare.answered
    assert len(values_table(question, bare.comparators).rows) == len(question.values)
    figure = FIGURES.get("arm_points")()
    figure.draw(bare, numbers_of(figure, bare)).draw_without_rendering()


def test_means_without_an_answer_are_marked_in_the_terminal(
    contents: Callable[..., Contents],
) -> None:
    made = contents()
    rows = [("copy", "visible", "test", "p0", "qabf", 99.0)]
    made = replace(made, trivial_baselines=pd.DataFrame(rows, columns=COLUMNS))
    lines = summary(made).splitlines()
    assert any(line.startswith("  Qabf  best first (gamed by a copy): ") for line in lines)
    assert not any(line.startswith("  EN    best first (gamed") for line in lines)
    assert max(map(len, lines[2:])) <= 120
    assert NOTE in " ".join(summary(made).split())


def test_every_comparator_is_a_row_of_every_table(gamed: Contents) -> None:
    labels = ["copy of infrared", "copy of visible", "rule max", "reference SeAFusion"]
    values = values_table(gamed.answered[0], gamed.comparators)
    assert [row[0].text for row in values.rows[-4:]] == labels
    assert list(dict.fromkeys(arm_table(gamed)["arm"]))[-4:] == labels
    seafusion = values.rows[-1][1]
    assert seafusion.text == f"{3 * BASES['qabf']:.4f}"
    copy = values.rows[-3]
    assert "–" in [cell.text for cell in copy]  # SCD of a copy is 0/0


def test_the_origin_names_references_or_says_why_there_are_none(gamed: Contents) -> None:
    def told(**facts: Any) -> str:
        rows = origin_table(replace(gamed, facts=replace(gamed.facts, **facts))).rows
        return next((row[1].text for row in rows if row[0].text == "references"), "")

    assert not told()
    assert told(references_left_out="the task x fuses no images", references=()) == (
        "not scored: the task x fuses no images"
    )
    images = ReferenceFacts(name="A", kind="images", hash="ab", images=30)
    model = {"name": "unet", "width": 4}
    weights = ReferenceFacts(name="B", kind="weights", hash="cd", model=model)
    assert told(references=(images, weights)) == (
        "A: 30 images, hash ab; B: weights cd in unet (width 4)"
    )


def test_the_figure_gives_each_comparator_a_row_of_its_own(gamed: Contents) -> None:
    figure = FIGURES.get("arm_points")()
    drawn = figure.draw(gamed, numbers_of(figure, gamed))
    first = drawn.axes[0]
    named = [label.get_text() for label in first.get_yticklabels()]
    assert named[-4:] == ["copy of infrared", "copy of visible", "rule max", "reference SeAFusion"]
    places = list(first.get_yticks())
    assert places == sorted(places)
    drawn.draw_without_rendering()
    boxes = [label.get_window_extent() for label in first.get_yticklabels()]
    assert all(one.y0 >= other.y1 for one, other in itertools.pairwise(boxes))
    titles = [axis.get_title() for axis in drawn.axes]
    assert [title for title in titles if MARK in title] == ["VIF ↑ (gamed by a copy)"]


def test_the_published_list_knows_copies_references_and_the_rules_of_version_0_1(
    gamed: Contents, tmp_path: Path
) -> None:
    with drawing("arm_points"):
        place = publish(gamed, tmp_path, shuffles=2)
    text = " ".join((place / "README.md").read_text().split())
    page = " ".join((tmp_path / "COMPARISONS.md").read_text().split())
    assert page.count(NOTE) == 1
    assert "VIF is gamed by a copy." in (place / "report.html").read_text()
    assert "Trained elsewhere: reference SeAFusion EN" in text
    assert NOTE in (place / "report.html").read_text()
    facts = json.loads((place / FACTS).read_text())
    del facts["comparators"]
    facts["rules"] = {"max": {"en": 6.5699, "mi": 4.5029}, "mean": {"en": 5.7457}}
    (place / FACTS).write_text(json.dumps(facts))
    old = " ".join(folder_page(place, tmp_path).split())
    assert "on the same images: rule max EN 6.5699, MI 4.5029; rule mean EN 5.7457." in old
    assert MARK not in old.lower()
