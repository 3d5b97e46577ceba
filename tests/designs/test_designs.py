"""Plain designs: which rows they have, and what every design keeps."""

from dataclasses import replace
from typing import Any

import pytest

from ablate.config.schema import Dimension, Factor
from ablate.designs.components import table_rows
from ablate.designs.contract import DESIGNS, Inputs, Rows
from ablate.errors import ConfigError


def factor(name: str, values: tuple[Any, ...], baseline: Any, tied_to: str | None = None) -> Factor:
    return Factor(name=name, dimension=name, values=values, baseline=baseline, tied_to=tied_to)


FACTORS = {
    "variant": factor("variant", ("signed", "free", "sum"), "signed"),
    "ratio": factor("ratio", (0.25, 0.5), 0.5),
    "levels": factor("levels", (2, 3), 3, tied_to="ratio"),
}
TWO = {name: factor(name, (False, True), False) for name in "abcd"}
FULL = {name: factor(name, (False, True), True) for name in "abcd"}
NUISANCE = {"rate": Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True)}
OPTIONS: dict[str, dict[str, Any]] = {
    "blocked": {"points": 2, "blocks": 3},
    "confirm": {"blocks": 2, "arms": {"mine": {}}},
    "path": {"best": {"a": True, "c": True}},
    "leave_one_out": {"best": {"a": True, "c": True}},
    "fractional_factorial": {"generators": ["d = a * b * c"]},
}


def values(rows: Rows) -> list[dict[str, Any]]:
    return [dict(row.values) for row in rows]


def design(name: str, factors: dict[str, Factor], **options: Any) -> Rows:
    inputs = Inputs(factors=factors, nuisance=NUISANCE, trials=8, seed=3, phase="p")
    return DESIGNS.get(name)(inputs, **options)


def test_one_factor_at_a_time_has_the_baseline_first_and_one_change_a_row() -> None:
    assert values(design("one_factor", FACTORS)) == [
        {"variant": "signed", "ratio": 0.5, "levels": 3},
        {"variant": "free", "ratio": 0.5, "levels": 3},
        {"variant": "sum", "ratio": 0.5, "levels": 3},
        {"variant": "signed", "ratio": 0.25, "levels": 2},
    ]


def test_full_factorial_has_every_combination_and_tied_factors_move_together() -> None:
    rows = values(design("full_factorial", FACTORS))
    assert len(rows) == 6
    assert {(row["ratio"], row["levels"]) for row in rows} == {(0.25, 2), (0.5, 3)}


def test_baseline_only_is_one_row() -> None:
    assert values(design("baseline_only", FACTORS)) == [
        {"variant": "signed", "ratio": 0.5, "levels": 3}
    ]


@pytest.mark.parametrize("name", DESIGNS.names())
def test_every_design_names_every_factor_in_every_row(name: str) -> None:
    rows = design(name, TWO, **OPTIONS.get(name, {}))
    assert rows
    assert all(set(row.values) == set(TWO) for row in rows)


@pytest.mark.parametrize("name", DESIGNS.names())
def test_the_same_inputs_give_the_same_table(name: str) -> None:
    options = OPTIONS.get(name, {})
    assert design(name, TWO, **options) == design(name, TWO, **options)


@pytest.mark.parametrize("name", sorted(set(DESIGNS.names()) - {"fractional_factorial"}))
def test_a_tied_factor_follows_its_leader_in_every_design(name: str) -> None:
    options = {
        **OPTIONS.get(name, {}),
        **({"best": {"ratio": 0.25}} if name in ("path", "leave_one_out", "add_one_in") else {}),
    }
    for row in design(name, FACTORS, **options):
        assert (row.values["ratio"], row.values["levels"]) in {(0.25, 2), (0.5, 3)}


def test_leave_one_out_and_add_one_in_are_mirror_images() -> None:
    out, into = design("leave_one_out", FULL), design("add_one_in", TWO)
    assert [row.change for row in out] == ["full", *(f"w/o {name}" for name in "abcd")]
    assert [row.change for row in into] == ["none", *(f"with {name}" for name in "abcd")]
    for one, other in zip(out, into, strict=True):
        assert {name: not on for name, on in one.values.items()} == other.values


def test_leave_one_out_begins_at_the_baseline_and_switches_each_component_off() -> None:
    three = replace(factor("detail", (1.0, 0.5, 0.1), 1.0), without=0.1)
    factors = {**FULL, "detail": three, "tied": factor("tied", (3, 2, 1), 3, tied_to="detail")}
    rows = design("leave_one_out", factors)
    assert values(rows)[0] == {**dict.fromkeys("abcd", True), "detail": 1.0, "tied": 3}
    assert values(rows)[-1] == {**dict.fromkeys("abcd", True), "detail": 0.1, "tied": 1}
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            factor("x", (1, 2, 3), 1),
            r"factors\.x\.without: is missing; say which of 2, 3 is the method",
        ),
        (factor("x", (0, 1), 0), r"factors\.x\.baseline: 0 is without x already"),
    ],
)
def test_leave_one_out_asks_what_a_method_without_a_component_is(wrong: Factor, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        design("leave_one_out", {**FULL, "x": wrong})


def test_the_rows_of_a_component_table_say_what_each_changes() -> None:
    weight = replace(factor("soft_mask", (1.0, 0.25, 0.0), 1.0), without=0.0)
    assert table_rows([FULL["a"], weight]) == {
        "full": {},
        "w/o a": {"a": False},
        "soft mask 0.25": {"soft_mask": 0.25},
        "w/o soft mask": {"soft_mask": 0.0},
    }
    assert list(table_rows([TWO["a"], FULL["b"]])) == ["baseline", "with a", "w/o b"]


def test_leave_one_out_leaves_factors_that_best_does_not_name_at_their_baseline() -> None:
    best = {"variant": "sum", "ratio": 0.25}
    assert values(design("leave_one_out", FACTORS, best=best)) == [
        {"variant": "sum", "ratio": 0.25, "levels": 2},
        {"variant": "signed", "ratio": 0.25, "levels": 2},
        {"variant": "sum", "ratio": 0.5, "levels": 3},
    ]


def test_which_of_three_values_is_best_must_be_said() -> None:
    with pytest.raises(ConfigError, match=r"phases\.p\.options\.best: is missing; 'variant' has 3"):
        design("add_one_in", FACTORS)


def test_a_path_ends_at_the_best_and_changes_one_factor_a_step() -> None:
    rows = design("path", TWO, best={"a": True, "c": True, "d": True}, order=["d", "a", "c"])
    tables = values(rows)
    assert tables[0] == dict.fromkeys("abcd", False)
    assert tables[-1] == {"a": True, "b": False, "c": True, "d": True}
    for before, after, name in zip(tables, tables[1:], ["d", "a", "c"], strict=False):
        assert [key for key in before if before[key] != after[key]] == [name]
    assert [row.change for row in rows] == ["none", "+ d True", "+ a True", "+ c True"]


def test_a_path_counts_a_tied_factor_as_one_change() -> None:
    tables = values(design("path", FACTORS, best={"variant": "sum", "ratio": 0.25}))
    assert [(row["variant"], row["ratio"], row["levels"]) for row in tables] == [
        ("signed", 0.5, 3),
        ("sum", 0.5, 3),
        ("sum", 0.25, 2),
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"best": {"a": False}}, "changes nothing from the baseline"),
        ({"best": {"a": True, "b": True}, "order": ["a"]}, "must name what changes, each once"),
        ({"best": {"a": True}, "order": ["a", "b"]}, "must name what changes, each once"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        design("path", TWO, **options)
