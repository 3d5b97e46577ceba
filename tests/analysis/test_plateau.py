"""The plateau: the smallest value shown to be as good as the best, and the steps before it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.contrasts import sequence
from ablate.analysis.judging import judge
from ablate.analysis.plateau import Plateau, pace, plateau
from ablate.analysis.selftest import planted

LEVELS = (1, 2, 3, 4, 5)


def found(
    effects: dict[str, list[float]], *, smallest: float | None = 0.5, sd: float = 0.1, **more: Any
) -> Plateau:
    arrays = {
        metric: planted.scores(
            planted.generator(f"plateau {metric}"),
            effects=of_values,
            seed_sd=sd,
            image_sd=sd,
            noise_sd=sd,
            **more,
        )
        for metric, of_values in effects.items()
    }
    question = planted.question(
        values=LEVELS,
        baseline=3,
        factor="levels",
        contrasts=sequence(LEVELS),
        primary=tuple(effects),
        smallest_effect={} if smallest is None else dict.fromkeys(effects, smallest),
    )
    selected = planted.chosen(arrays, values=LEVELS)
    verdict = judge(question, selected, planted.FACTS)
    return plateau(question, selected.answers, verdict=verdict)


def test_the_plateau_starts_where_more_no_longer_pays() -> None:
    said = found({"qabf": [0.0, 2.0, 4.0, 4.0, 4.0]})
    assert said.smallest == 3
    as_good = {one.value: one.is_as_good for one in said.candidates}
    assert as_good == {1: False, 2: False, 3: True, 4: True, 5: True}
    assert [step.is_gain for step in said.steps] == [True, True, False, False]
    assert [step.is_tested for step in said.steps] == [True, True, True, False]
    assert "levels 3 is the smallest value shown to be no worse" in said.sentence
    assert "Qabf gains up to 3" in said.sentence


def test_the_largest_need_not_be_as_good_as_the_best() -> None:
    said = found({"qabf": [2.0, 3.0, 4.0, 3.0, 0.0]})
    assert said.smallest == 3
    assert [one.value for one in said.candidates if one.is_as_good] == [3]


def test_every_primary_metric_must_agree() -> None:
    said = found({"qabf": [4.0] * 5, "vif": [0.0, 4.0, 4.0, 4.0, 4.0]})
    assert said.smallest == 2
    assert {step.alpha for step in said.steps} == {0.025}
    assert "Qabf shows no gain at the first step; VIF gains up to 2" in said.sentence


def test_noise_shows_nothing_to_be_as_good() -> None:
    said = found({"qabf": [0.0] * 5}, sd=2.0)
    assert said.smallest is None
    assert "No value of levels is shown" in said.sentence


def test_a_later_gain_is_not_tested_once_a_step_has_failed() -> None:
    said = found({"qabf": [0.0, 0.0, 0.0, 8.0, 8.0]})
    assert [step.is_tested for step in said.steps] == [True, False, False, False]
    assert not any(step.is_gain for step in said.steps)
    assert said.smallest == 4


def test_a_first_step_that_falls_is_told_from_one_without_a_gain() -> None:
    said = found({"qabf": [4.0, 0.0, 0.0, 0.0, 0.0]})
    assert "Qabf falls at the first step, to 2." in said.sentence
    assert "falls" not in found({"qabf": [0.0] * 5}, sd=2.0).sentence


def test_what_is_not_answerable_or_has_no_margin_has_no_plateau() -> None:
    few = found({"qabf": [0.0, 2.0, 4.0, 4.0, 4.0]}, blocks=4)
    assert few.smallest is None
    assert "a claim needs 6" in few.reason
    assert "smallest effect" in found({"qabf": [0.0] * 5}, smallest=None).reason


@pytest.mark.slow
def test_a_value_that_is_worse_by_the_margin_is_rarely_called_as_good() -> None:
    """At the border of the margin, 400 null studies: the one-sided level is 0.025."""
    wrong = 0
    for study in range(400):
        scores = planted.scores(
            np.random.default_rng([planted.SEED, study]), effects=[0.0, 1.0], blocks=8, images=20
        )
        question = planted.question(
            values=(1, 2), baseline=2, contrasts=sequence((1, 2)), smallest_effect={"qabf": 1.0}
        )
        selected = planted.chosen(scores, values=(1, 2))
        if study % 10 == 0:
            verdict = judge(question, selected, planted.FACTS)
        wrong += plateau(question, selected.answers, verdict=verdict).smallest == 1
    assert wrong / 400 < 0.045


def test_the_pace_of_a_value_is_the_median_of_its_finished_runs() -> None:
    runs = pd.DataFrame(
        {
            "arm_id": ["a", "a", "a", "b"],
            "state": ["finished", "finished", "failed", "failed"],
            "facts.seconds_per_step": [1.0, 3.0, 9.0, 9.0],
        }
    )
    table = pace(runs, {1: "a", 2: "b"})
    assert table["runs"].tolist() == [2, 0]
    assert table["seconds_per_step"][0] == pytest.approx(2.0)
    assert pd.isna(table["seconds_per_step"][1])
