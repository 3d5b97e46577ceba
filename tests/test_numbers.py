import math

import pytest

from ablate.numbers import is_number, is_whole


@pytest.mark.parametrize("value", [0, -1, 0.5, 10**400])
def test_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, "1", None, [1], 1j])
def test_what_is_not_a_number(value: object) -> None:
    assert not is_number(value)


def test_only_ints_are_whole() -> None:
    assert is_whole(3)
    assert not is_whole(3.0)
    assert not is_whole(True)
