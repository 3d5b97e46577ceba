"""Fractions against plain column algebra, and against tables written out by hand."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.schema import Factor
from ablate.designs.aliases import Fraction, fraction
from ablate.designs.contract import DESIGNS, Inputs
from ablate.errors import ConfigError

# 2^(4-1), d = abc, standard order with the last basic factor fastest; written out by hand.
HALF = """
- - - -
- - + +
- + - +
- + + -
+ - - +
+ - + -
+ + - -
+ + + +
"""
# 2^(5-2) with d = ab and e = ac, written out by hand.
QUARTER = """
- - - + +
- - + + -
- + - - +
- + + - -
+ - - - -
+ - + - +
+ + - + -
+ + + + +
"""


def parsed(text: str, names: str) -> list[dict[str, int]]:
    rows = [line.split() for line in text.strip().splitlines()]
    return [
        dict(zip(names, (1 if sign == "+" else -1 for sign in row), strict=True)) for row in rows
    ]


def made(names: str, *generators: str) -> Fraction:
    return fraction(list(names), generators, where="g")


def column(table: list[dict[str, int]], effect: Any) -> tuple[int, ...]:
    return tuple(int(np.prod([row[name] for name in effect])) for row in table)


def test_a_half_fraction_is_the_table_written_out_by_hand() -> None:
    assert made("abcd", "d = a * b * c").signs() == parsed(HALF, "abcd")


def test_a_quarter_fraction_is_the_table_written_out_by_hand() -> None:
    design = made("abcde", "d = a*b", "e = a*c")
    assert design.signs() == parsed(QUARTER, "abcde")
    assert {"".join(sorted(word)) for word in design.words} == {"abd", "ace", "bcde"}
    assert design.resolution == 3


def test_the_textbook_resolutions() -> None:
    assert made("abc", "c = a * b").resolution == 3
    assert made("abcd", "d = a * b * c").resolution == 4
    assert made("abcde", "e = a * b * c * d").resolution == 5
    assert made("abcdef", "e = a*b*c", "f = b*c*d").resolution == 4
    assert made("abcdefg", "d = a*b", "e = a*c", "f = b*c", "g = a*b*c").resolution == 3


GENERATORS = [
    ("abcd", ("d = a * b * c",)),
    ("abcd", ("d = -a * b * c",)),
    ("abcde", ("d = a*b", "e = a*c")),
    ("abcde", ("e = a*b*c*d",)),
    ("abcdef", ("e = a*b*c", "f = -b*c*d")),
    ("abcdefg", ("d = a*b", "e = a*c", "f = b*c", "g = a*b*c")),
]


@pytest.mark.parametrize(("names", "generators"), GENERATORS)
def test_aliases_are_exactly_the_columns_that_agree(
    names: str, generators: tuple[str, ...]
) -> None:
    design = made(names, *generators)
    table = design.signs()
    effects = [frozenset(some) for count in (1, 2) for some in itertools.combinations(names, count)]
    told: dict[frozenset[str], set[tuple[frozenset[str], int]]] = {}
    for effect, same in design.aliases():
        group = {(effect, 1), *same.items()}
        for other, sign in group:
            told[other] = {(name, of * sign) for name, of in group} - {(other, 1)}
    for effect in effects:
        mine = column(table, effect)
        agree = {
            (other, sign)
            for other in effects
            for sign in (1, -1)
            if other != effect and column(table, other) == tuple(sign * x for x in mine)
        }
        assert told[effect] == agree


@pytest.mark.parametrize(("names", "generators"), GENERATORS)
def test_the_defining_relation_holds_the_words_that_are_constant_and_no_others(
    names: str, generators: tuple[str, ...]
) -> None:
    design = made(names, *generators)
    table = design.signs()
    constant = {}
    for count in range(1, len(names) + 1):
        for some in itertools.combinations(names, count):
            signs = set(column(table, some))
            if len(signs) == 1:
                constant[frozenset(some)] = signs.pop()
    assert design.words == constant
    assert len(design.words) == 2 ** len(generators) - 1


@pytest.mark.parametrize(("names", "generators"), GENERATORS)
def test_every_factor_is_balanced_and_main_effects_are_orthogonal(
    names: str, generators: tuple[str, ...]
) -> None:
    table = np.array([[row[name] for name in names] for row in made(names, *generators).signs()])
    assert len(table) == 2 ** (len(names) - len(generators))
    np.testing.assert_array_equal(table.T @ table, len(table) * np.eye(len(names)))
    assert not table.sum(axis=0).any()


@given(data=st.data())
def test_random_generators_are_refused_exactly_when_main_effects_share_a_column(
    data: Any,
) -> None:
    basic, extra = "abcd", "ef"
    texts = [
        f"{name} = "
        + " * ".join(sorted(data.draw(st.sets(st.sampled_from(basic), min_size=1, max_size=4))))
        for name in extra
    ]
    products = [set(text.partition("= ")[2].split(" * ")) for text in texts]
    shares = products[0] == products[1] or any(len(product) == 1 for product in products)
    if shares:
        with pytest.raises(ConfigError, match="share one column"):
            made(basic + extra, *texts)
    else:
        table = made(basic + extra, *texts).signs()
        columns = {column(table, name) for name in basic + extra}
        assert len(columns) == 6


def test_the_printed_lines_say_resolution_relation_and_aliases() -> None:
    assert made("abcd", "d = a * b * c").lines() == [
        "2^(4-1) fraction, 8 runs, resolution IV",
        "I = a*b*c*d",
        "a*b = c*d",
        "a*c = b*d",
        "a*d = b*c",
    ]
    lines = made("abc", "c = -a * b").lines()
    assert lines[1:] == ["I = -a*b*c", "a = -b*c", "b = -a*c", "c = -a*b"]


@pytest.mark.parametrize(
    ("generators", "text"),
    [
        (["d = a * x"], "no factor is called 'x'"),
        (["d a b"], "is not a generator"),
        (["d = a * b", "d = a * c"], "generated twice"),
        (["d = a * a"], "a factor twice"),
        (["c = a * b", "d = a * c"], "'c' is generated itself"),
        ([], "without a generator use the design full_factorial"),
        (["d = a"], "share one column"),
    ],
)
def test_a_wrong_generator_is_refused_with_its_mend(generators: list[str], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        made("abcd", *generators)


def test_minus_is_the_baseline_and_three_values_are_refused() -> None:
    factors = {
        name: Factor(name=name, dimension=name, values=(name.upper(), name), baseline=name)
        for name in "abc"
    }
    run = DESIGNS.get("fractional_factorial")
    rows = run(Inputs(factors=factors, phase="p"), generators=["c = a * b"])
    assert [row.values for row in rows] == [
        {"a": "a", "b": "b", "c": "C"},
        {"a": "a", "b": "B", "c": "c"},
        {"a": "A", "b": "b", "c": "c"},
        {"a": "A", "b": "B", "c": "C"},
    ]
    factors["a"] = Factor(name="a", dimension="a", values=(1, 2, 3), baseline=1)
    with pytest.raises(ConfigError, match=r"factors\.a\.values: a fraction takes two values"):
        run(Inputs(factors=factors, phase="p"), generators=["c = a * b"])
