"""Effects and intervals: the numbers of the verdict in percent, one axis per question."""

from dataclasses import replace

import pandas as pd
import pytest

from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn
from ablate.report.figures.forest import OPEN, Forest, limits_of
from tests.present import present
from tests.report.answered import answered_contents, asked
from tests.report.drawable import numbers_of


def row(**changes: object) -> dict[str, object]:
    return {
        "role": "primary",
        "low": -1.0,
        "high": 2.0,
        "smallest": 0.5,
        "blocks": "-2 1 3",
        **changes,
    }


def test_every_number_is_that_of_the_verdict_in_percent_of_the_pilot(answered: Contents) -> None:
    numbers = {
        (one["question"], one["contrast"], one["metric"]): one
        for one in numbers_of(Forest(), answered).to_dict("records")
    }
    rows = [(q.id, one) for q in answered.answered for one in q.rows]
    assert len(numbers) == len(rows)
    for question, one in rows:
        drawn = numbers[question, one.contrast, one.metric]
        base = one.estimate / present(one.percent)
        assert drawn["percent"] == one.percent
        assert drawn["low"] * base == pytest.approx(one.ci_low)
        assert drawn["high"] * base == pytest.approx(one.ci_high)
        if one.smallest_effect is not None:
            assert drawn["smallest"] * base == pytest.approx(one.smallest_effect)
        blocks = [float(value) * base for value in drawn["blocks"].split()]
        assert blocks == pytest.approx(one.by_block, rel=1e-4)


def test_colours_are_the_words_and_a_proven_worsening_is_a_loss(answered: Contents) -> None:
    (question, *_) = answered.answered
    numbers = numbers_of(Forest(), answered)
    drawn = {(one["contrast"], one["metric"]): one["word"] for one in numbers.to_dict("records")}
    words = [
        (one.contrast, name, word)
        for one in question.contrasts
        for name, word in one.primary.items()
    ]
    assert words
    for contrast, metric, word in words:
        assert drawn[contrast, metric] == (OPEN if word == "open" else word)
    row = next(one for one in question.rows if one.role == "primary" and one.metric == "qabf")
    before = replace(question, contrasts=())
    for verdict, is_better, word in (
        ("supported", False, "loss"),
        ("contradicted", True, "gain"),
        ("practically equivalent", None, "equivalent"),
        ("undecided", True, OPEN),
    ):
        one = replace(row, verdict=verdict, is_better=is_better)  # type: ignore[arg-type]
        verdicts = replace(present(answered.verdicts), questions=(replace(before, rows=(one,)),))
        contents = replace(answered, verdicts=verdicts)
        assert list(numbers_of(Forest(), contents)["word"]) == [word]


def test_all_panels_of_a_question_share_one_axis_and_four_stand_two_by_two(
    answered: Contents,
) -> None:
    made = Forest().draw(answered, numbers_of(Forest(), answered))
    assert len(made.subfigs) == 2
    for part in made.subfigs:
        panels = [axis for axis in part.axes if axis.axison]
        assert len(panels) == 4
        assert len({axis.get_xlim() for axis in panels}) == 1
        place = panels[0].get_subplotspec()
        assert place is not None
        assert place.get_gridspec().get_geometry() == (2, 2)
        labelled = [axis for axis in panels if any(t.get_text() for t in axis.get_yticklabels())]
        assert labelled == panels[::2]


def test_the_axis_holds_0_and_what_primary_metrics_need_and_gives_others_half_as_much() -> None:
    low, high = limits_of(pd.DataFrame([row(), row(role="guardrail", low=-90.0, high=3.2)]))
    assert -2 - 2.5 - 0.3 <= low <= -2 - 2.5
    assert high == pytest.approx(3.2 + 0.25)
    far, _ = limits_of(pd.DataFrame([row(low=5.0, high=6.0, blocks="5.5")]))
    assert far < 0


def test_a_mean_beyond_the_axis_is_written_beside_its_triangle() -> None:
    contents = answered_contents(
        questions=[asked(values=["signed", "magnitude"])],
        selecting=["qabf"],
        effects={"magnitude": -0.02, ("sd", "magnitude"): -0.7},
    )
    numbers = numbers_of(Forest(), contents)
    (axis,) = Forest().draw(contents, numbers).axes
    (beyond,) = numbers[numbers["metric"] == "sd"]["percent"]
    assert beyond < axis.get_xlim()[0]
    (written,) = axis.texts
    assert written.get_text() == f"{beyond:+.3g}"
    behind = present(written.get_bbox_patch())  # no line strikes the number through
    assert behind.get_facecolor() == (1, 1, 1, 1)
    assert written.get_zorder() > max(line.get_zorder() for line in axis.lines)
    assert "<" in {line.get_marker() for line in axis.lines}


def test_it_says_why_it_cannot_be_drawn(answered: Contents) -> None:
    assert not isinstance(Forest().numbers(answered), NotDrawn)
    assert "no answer phase" in str(Forest().numbers(replace(answered, verdicts=None)))
    alone = answered_contents(blocks=1, selecting=["qabf"])
    assert "no effect has a base" in str(Forest().numbers(alone))
