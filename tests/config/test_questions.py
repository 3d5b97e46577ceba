"""Questions: roles of metrics, contrasts, trends, and every fault with its mend."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ablate.config.entries import Parts
from ablate.config.errors import Errors
from ablate.config.questions import read_questions
from ablate.config.schema import Factor, Question
from ablate.config.settings import Context, merged_names

NAMED = Factor(name="variant", dimension="variant", values=("a", "b", "c"), baseline="a")
ORDERED = Factor(
    name="ratio", dimension="ratio", values=(0.25, 0.5, 0.7), baseline=0.5, ordered=True
)
KNOWN = {"variant": NAMED, "ratio": ORDERED}
GOOD: dict[str, Any] = {
    "asks": "Does it?",
    "compare": "variant",
    "primary": ["Qabf", "vif"],
    "secondary": ["mi"],
    "guardrails": ["sd"],
    "smallest_effect": {"qabf": "0.2%", "SD": 1.5},
    "contrasts": {"half": {"b": 1, "a": -1}, "both": {"b": 0.5, "c": 0.5, "a": -1}},
    "expects": "higher",
    "images": "fixed",
}


def read(
    *entries: dict[str, Any], factors: Mapping[str, Factor] = KNOWN
) -> tuple[dict[str, Question], list[str]]:
    base = {"metrics": {"names": ["qabf", "vif", "mi", "sd", "en"]}}
    errors = Errors("study.yaml")
    parts = Parts(
        settings=Context(errors, base, merged_names(None)),
        factors=factors,
        compared=tuple(factors),
    )
    found = read_questions(parts, {f"q{number}": entry for number, entry in enumerate(entries)})
    return found, errors.lines


def test_a_whole_question_is_read_with_metrics_in_lower_case() -> None:
    found, faults = read(GOOD)
    assert faults == []
    question = found["q0"]
    assert question.primary == ("qabf", "vif")
    assert question.smallest_effect == {"qabf": "0.2%", "sd": 1.5}
    assert question.contrasts == {
        "half": {"b": 1.0, "a": -1.0},
        "both": {"b": 0.5, "c": 0.5, "a": -1.0},
    }
    assert (question.expects, question.images) == ("higher", "fixed")


def test_what_is_left_out_compares_each_value_with_the_baseline() -> None:
    found, faults = read({"asks": "?", "compare": "ratio", "primary": "qabf", "trend": "log2"})
    assert faults == []
    assert found["q0"].contrasts == ("baseline",)
    assert found["q0"].trend == "log2"
    assert found["q0"].expects == "differs"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"primry": ["qabf"]}, "did you mean 'primary'"),
        ({"primary": [], "smallest_effect": {}}, "must be a list of metrics"),
        ({"primary": ["psnr_"], "smallest_effect": {}}, "no metric is called"),
        ({"secondary": ["qabf"]}, "'qabf' stands under primary too"),
        ({"smallest_effect": {"en": 1}}, "no such metric of the question"),
        ({"smallest_effect": {"qabf": "2"}}, "must be a percentage"),
        ({"smallest_effect": {"qabf": 0}}, "must be a percentage"),
        ({"smallest_effect": {"qabf": float("inf")}}, "must be a percentage"),
        ({"expects": "better"}, "must be one of higher"),
        ({"images": "some"}, "must be one of random"),
        ({"contrasts": "baselin"}, "did you mean 'baseline'"),
        ({"contrasts": []}, "must have at least 1 entries, got []"),
        ({"contrasts": {"half": {"b": 1, "a": -2}}}, "must sum to 0"),
        ({"contrasts": {"half": {"b": 0, "a": 0}}}, "must sum to 0"),
        (
            {"contrasts": {"half": {"b": 1, "z": -1}}},
            "'z' is not a value of variant; known: a, b, c",
        ),
        ({"contrasts": {"half": {"b": "one"}}}, "must be a number"),
        ({"contrasts": {"if": {"b": 1, "a": -1}}}, "is a word of the expression language"),
        ({"trend": "linear"}, "has no order"),
        ({"trend": "log10"}, "must be one of linear, log2"),
        ({"compare": "variants"}, "did you mean 'variant'"),
        ({"agrees_with": "q9"}, "no other question is called 'q9'"),
        ({"agrees_with": "q0"}, "no other question is called 'q0'"),
    ],
)
def test_a_fault_is_one_line_that_says_where_and_how_to_mend_it(
    changes: dict[str, Any], text: str
) -> None:
    _, faults = read({**copy.deepcopy(GOOD), **changes})
    assert any(text in line for line in faults), faults
    assert all(line.startswith("study.yaml: questions.q0") for line in faults)
    assert len(faults) == 1


def test_agreement_is_asked_of_the_scale_ratio_with_something_tied_to_one_form() -> None:
    first = {**GOOD, "compare": "ratio", "contrasts": "baseline"}
    (line,) = read(first, {**first, "agrees_with": "q0"})[1]  # nothing is tied to ratio
    assert "questions.q1.agrees_with: is for the scale ratio in two designs" in line
    (line,) = read(GOOD, {**GOOD, "agrees_with": "q0"})[1]
    assert "compare a factor of the dimension ratio" in line


def test_faults_of_several_questions_are_told_together() -> None:
    _, faults = read({**GOOD, "expects": "x"}, {**GOOD, "images": "x"})
    assert len(faults) == 2


def test_a_pair_of_factors_is_a_question_about_their_interaction() -> None:
    asked = {"asks": "?", "compare": ["variant", "ratio"], "primary": ["qabf"]}
    found, faults = read(asked)
    assert faults == []
    question = found["q0"]
    assert (question.compare, question.crossed_with) == ("variant", "ratio")
    assert question.contrasts == ("interaction",)
    assert question.registered


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"compare": ["variant"]}, "must be two factors such as [padding, crop]"),
        ({"compare": ["variant", "variant"]}, "two factors, got 'variant' twice"),
        ({"compare": ["variant", "ratioo"]}, "did you mean 'ratio'?"),
        ({"contrasts": "sequence"}, "an interaction has contrasts of its own (contrasts: baseline"),
        ({"trend": "log2"}, "an interaction has no trend"),
        ({"guardrails": ["sd"]}, "claims nothing that a guardrail could veto; remove it"),
        ({"expects": "higher"}, "has no better or worse direction"),
    ],
)
def test_what_an_interaction_cannot_have_is_a_fault(changes: dict[str, Any], text: str) -> None:
    _, faults = read({"asks": "?", "compare": ["variant", "ratio"], "primary": ["qabf"]} | changes)
    assert any(text in line for line in faults), faults


TABLE: dict[str, Any] = {"asks": "?", "compare": ["a", "b", "c"], "primary": ["qabf"]}


def read_table(**changes: Any) -> tuple[Question, list[str]]:
    flags = {name: Factor(name=name, dimension=name, values=(1, 0), baseline=1) for name in "abcd"}
    flags["d"] = replace(flags["d"], tied_to="a")
    found, errors = read(TABLE | changes, factors=flags)
    return found["q0"], errors


def test_several_factors_are_the_components_of_one_table() -> None:
    question, faults = read_table(guardrails=["sd"], expects="lower")
    assert faults == []
    assert question.components == question.factors == ("a", "b", "c")
    assert (question.crossed_with, question.contrasts) == (None, ("baseline",))
    assert (question.guardrails, question.expects) == (("sd",), "lower")


def test_two_factors_are_a_table_only_where_they_are_compared_with_the_baseline() -> None:
    assert read_table(compare=["a", "b"])[0].components == ()
    question, faults = read_table(compare=["a", "b"], contrasts="baseline")
    assert (question.components, faults) == (("a", "b"), [])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"compare": ["a", "b", "x"]}, "no factor is called 'x'"),
        ({"compare": ["a", "b", "a"]}, "names 'a' twice; each component once"),
        ({"compare": ["b", "c", "d"]}, "'d' follows 'a'; name that one"),
        ({"trend": "linear"}, "a component table has no trend; remove it"),
        ({"contrasts": "sequence"}, "questions.q0.contrasts: must be one of baseline"),
    ],
)
def test_what_a_component_table_cannot_have_is_a_fault(changes: dict[str, Any], text: str) -> None:
    _, faults = read_table(**changes)
    assert any(text in line for line in faults), faults
