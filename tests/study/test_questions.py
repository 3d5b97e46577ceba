"""Interactions that the design shows and nobody asked for."""

from ablate import config
from ablate.study.questions import questions_of

ALL = "+phases.answer.options.arms=full_factorial"


def test_a_registered_interaction_is_not_told_twice() -> None:
    study = config.load("q6_padding_crop")
    assert [question.id for question in questions_of(study)] == ["padding_by_crop", "padding"]


def test_one_that_is_not_registered_is_told_apart() -> None:
    study = config.load("q6_padding_crop", ["~questions.padding_by_crop"])
    first, second = questions_of(study)
    assert first.registered
    assert (second.id, second.registered) == ("interaction_padding_crop", False)
    assert (second.compare, second.crossed_with) == ("padding", "crop")
    assert second.primary == first.primary


def test_without_all_combinations_there_is_no_interaction() -> None:
    for name in ("q1_scale_ratio", "q4_variant", "q4_variant_answer"):
        study = config.load(name)
        assert questions_of(study) == list(study.questions.values())
