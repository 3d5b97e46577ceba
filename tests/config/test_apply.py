"""Values to settings: what is active, set and violated."""

import pytest

from ablate import config
from ablate.config.apply import active, apply, baselines, violations
from ablate.config.schema import Constraint, Dimension
from ablate.errors import ConfigError

STUDY = config.load("quickstart")


def test_a_bundle_sets_every_path_and_leaves_the_base_alone() -> None:
    settings = apply(STUDY.base, STUDY.dimensions, {"variant": "sign_free", "levels": 2})
    assert settings["loss"]["sign"] == "free"
    assert settings["loss"]["levels"] == 2
    assert STUDY.base["loss"]["sign"] == "kept"
    assert STUDY.base["loss"]["levels"] == 3


def test_baseline_values_of_the_space_are_the_defaults_of_a_trial() -> None:
    assert apply(STUDY.base, STUDY.dimensions, baselines(STUDY.dimensions)) == STUDY.base


def test_a_dimension_whose_when_is_false_is_absent() -> None:
    values = {"levels": 1, "ratio": 0.5, "weight_growth": 2.0}
    assert active(STUDY.dimensions, values, STUDY.base) == {"levels": 1}
    assert active(STUDY.dimensions, {**values, "levels": 2}, STUDY.base) == {**values, "levels": 2}


def test_when_sees_the_base_where_the_dimension_is_not_varied() -> None:
    only = {"ratio": STUDY.dimensions["ratio"]}
    assert active(only, {"ratio": 0.3}, STUDY.base) == {"ratio": 0.3}
    flat = {**STUDY.base, "loss": {**STUDY.base["loss"], "levels": 1}}
    assert active(only, {"ratio": 0.3}, flat) == {}


def test_when_sees_what_a_bundle_sets() -> None:
    dimension = Dimension(
        name="ratio", type="float", path="loss.ratio", low=0.2, high=0.8, when="loss.sign == 'kept'"
    )
    dimensions = {"variant": STUDY.dimensions["variant"], "ratio": dimension}
    kept = active(dimensions, {"variant": "signed", "ratio": 0.3}, STUDY.base)
    free = active(dimensions, {"variant": "sign_free", "ratio": 0.3}, STUDY.base)
    assert (list(kept), list(free)) == (["variant", "ratio"], ["variant"])


def test_a_chain_of_conditions_falls_as_a_whole() -> None:
    def number(name: str, when: str | None) -> Dimension:
        return Dimension(name=name, type="int", path=f"x.{name}", low=0, high=9, when=when)

    chain = {"a": number("a", None), "b": number("b", "a > 0"), "c": number("c", "b > 0")}
    assert active(chain, {"c": 1, "b": 1, "a": 0}, {}) == {"a": 0}


def test_a_broken_constraint_is_said_with_its_reason() -> None:
    values = {"levels": 5, "ratio": 0.25}
    settings = apply(STUDY.base, STUDY.dimensions, values)
    (line,) = violations(STUDY.constraints, settings, values)
    assert line.startswith("smallest_side: ")
    assert "below 8 px" in line
    assert violations(STUDY.constraints, STUDY.base, {}) == []


def test_a_constraint_about_an_absent_name_does_not_apply() -> None:
    constraint = Constraint(name="c", require="nothing.here > 1", because="x")
    assert violations((constraint,), STUDY.base, {}) == []


def test_unknown_dimensions_and_choices_offer_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'levels'"):
        apply(STUDY.base, STUDY.dimensions, {"levls": 2})
    with pytest.raises(ConfigError, match="did you mean 'signed'"):
        apply(STUDY.base, STUDY.dimensions, {"variant": "sined"})
