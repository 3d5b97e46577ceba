"""What a plan may claim, and the effect that it says it can find."""

import pytest
from statsmodels.stats.power import TTestPower

from ablate import config
from ablate.errors import ConfigError
from ablate.study.claims import comparisons, reaches, refusals
from ablate.study.plan import make

STUDY = "q4_variant_answer"


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_a_claim_on_fewer_than_six_blocks_is_refused_and_told_how_many_can(blocks: int) -> None:
    words = [f"phases.answer.options.blocks={blocks}"]
    with pytest.raises(ConfigError) as caught:
        make(config.load(STUDY, words))
    (fault,) = caught.value.faults
    assert f"{blocks} blocks can never claim" in fault
    assert "use 6 or more, or claims: false" in fault
    assert make(config.load(STUDY, [*words, "+phases.answer.claims=false"])).runs


def test_six_blocks_may_claim_and_smoke_never_does() -> None:
    assert refusals(config.load(STUDY, ["phases.answer.options.blocks=6"])) == []
    smoke = make(config.load(STUDY, ["phases.answer.preset=smoke"]))
    assert not smoke.config.phases["answer"].claims
    with pytest.raises(ConfigError, match="preset smoke may never claim"):
        config.load(STUDY, ["phases.answer.preset=smoke", "phases.answer.claims=true"])
    words = ["phases.answer.preset=smoke", "phases.answer.options.blocks=20"]
    assert not config.load(STUDY, words).phases["answer"].claims


def test_at_a_stricter_alpha_more_blocks_are_needed() -> None:
    study = config.load(STUDY, ["phases.answer.options.blocks=7"])
    assert refusals(study) == []
    (line,) = refusals(study, alpha=0.01)
    assert "use 8 or more" in line


def test_the_detectable_effect_is_that_of_the_whole_family() -> None:
    study = config.load(STUDY)
    (reach,) = reaches(study)
    assert (
        comparisons(study, study.questions["variant"]) == reach.comparisons == 4 * 2
    )  # four named contrasts
    assert reach.alpha == pytest.approx(0.05 / 8)
    theirs = TTestPower().solve_power(nobs=8, alpha=0.05 / 8, power=0.8)
    assert reach.effect == pytest.approx(theirs, abs=1e-4)
    assert reaches(config.load("q4_variant")) == []


def test_each_question_has_a_family_of_its_own() -> None:
    found = {reach.question: reach.comparisons for reach in reaches(config.load("q1_scale_ratio"))}
    (levels,) = reaches(config.load("q2_levels"))
    assert levels.comparisons == (4 + 4 - 2) * 2  # 4 vs 3 and 3 vs 2 stand in the sequence too
    assert found == {
        "ratio": (4 + 2) * 2,
        "ratio_at_fixed_coarsest": (3 + 2) * 2,
    }  # and two trends each
