"""The control on a study's own runs: what shuffled labels leave, and how they are shuffled."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.judging import judge
from ablate.analysis.selection import select
from ablate.analysis.selftest import shuffled as module
from ablate.analysis.selftest.shuffled import Shuffled, shuffled
from ablate.errors import ConfigError
from tests.analysis.test_answers import answered, facts, tables
from tests.analysis.written import study

EFFECT = 0.05


def control(effect: float, *, shuffles: int) -> Shuffled:
    (found,) = shuffled(study(facts()), *tables(effect), shuffles=shuffles)
    return found


def test_an_effect_that_is_found_is_gone_when_labels_mean_nothing() -> None:
    assert answered(EFFECT)["questions"][0]["verdict"] == "supported"
    found = control(EFFECT, shuffles=60)
    assert found.claims < 60 * 0.2
    assert found.passes


def test_the_same_numbers_come_out_again() -> None:
    assert control(0.0, shuffles=8) == control(0.0, shuffles=8)


def test_values_change_places_within_a_block_and_tuning_point_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[pd.DataFrame] = []

    def watched(points: pd.DataFrame, *things: object, **more: object) -> object:
        seen.append(points)
        return select(points, *things, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "select", watched)
    control(EFFECT, shuffles=5)
    assert len(seen) == 5
    for points in seen:
        assert (points.groupby(["block", "point"])["value"].nunique() == 2).all()
    orders = {tuple(points["value"]) for points in seen}
    assert len(orders) > 1


def test_an_engine_that_claims_everything_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def eager(question: object, selected: object, about: object) -> object:
        from dataclasses import replace

        verdict = judge(question, selected, about)  # type: ignore[arg-type]
        return replace(verdict, rows=tuple(replace(row, p_holm=0.01) for row in verdict.rows))

    monkeypatch.setattr(module, "judge", eager)
    found = control(0.0, shuffles=20)
    assert found.claims == 20
    assert not found.passes


@pytest.mark.parametrize(("shuffles", "most"), [(1, 1), (200, 18), (1000, 66)])
def test_the_bar_is_that_of_the_binomial_distribution(shuffles: int, most: int) -> None:
    random = np.random.default_rng(0)
    counts = random.binomial(shuffles, 0.05, 20_000)
    assert (counts <= most).mean() >= 0.985
    assert (counts <= most - 1).mean() < 0.99
    assert Shuffled(question="q", shuffles=shuffles, claims=most, most=most).passes
    assert not Shuffled(question="q", shuffles=shuffles, claims=most + 1, most=most).passes


def test_a_study_without_an_answer_phase_says_what_to_add() -> None:
    about = facts()
    about["phases"] = {"pilot": about["phases"]["pilot"]}
    with pytest.raises(ConfigError, match="blocked"):
        list(shuffled(study(about), *tables(0.0), shuffles=1))
