import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.identity import canonical_json, derive_seed, digest

values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


def test_order_of_keys_and_whole_floats_do_not_change_a_hash() -> None:
    assert digest({"a": 1, "b": [2.0]}) == digest({"b": [2], "a": 1.0})


def test_true_and_one_are_different_values() -> None:
    assert canonical_json(True) != canonical_json(1)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(math.nan)


@settings(deadline=None, derandomize=True)
@given(values, values)
def test_different_texts_have_different_hashes(one: Any, other: Any) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert (digest(one, length=40) == digest(other, length=40)) == same


def test_seeds_depend_on_every_part() -> None:
    seeds = {derive_seed(1, "crops"), derive_seed(2, "crops"), derive_seed(1, "weights")}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**32 for seed in seeds)
