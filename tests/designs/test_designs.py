import pytest

from ablate.config.schema import Factor
from ablate.designs.contract import DESIGNS

FACTORS = {
    "variant": Factor(name="variant", values=("signed", "free", "sum"), baseline="signed"),
    "ratio": Factor(name="ratio", values=(0.25, 0.5), baseline=0.5),
    "levels": Factor(name="levels", values=(2, 3), baseline=3, tied_to="ratio"),
}


def test_one_factor_at_a_time_has_the_baseline_first_and_one_change_a_row() -> None:
    assert DESIGNS.get("one_factor")(FACTORS) == [
        {"variant": "signed", "ratio": 0.5, "levels": 3},
        {"variant": "free", "ratio": 0.5, "levels": 3},
        {"variant": "sum", "ratio": 0.5, "levels": 3},
        {"variant": "signed", "ratio": 0.25, "levels": 2},
    ]


def test_full_factorial_has_every_combination_and_tied_factors_move_together() -> None:
    rows = DESIGNS.get("full_factorial")(FACTORS)
    assert len(rows) == 6
    assert {(row["ratio"], row["levels"]) for row in rows} == {(0.25, 2), (0.5, 3)}


def test_baseline_only_is_one_row() -> None:
    assert DESIGNS.get("baseline_only")(FACTORS) == [
        {"variant": "signed", "ratio": 0.5, "levels": 3}
    ]


@pytest.mark.parametrize("name", DESIGNS.names())
def test_every_design_names_every_factor_in_every_row(name: str) -> None:
    assert all(set(row) == set(FACTORS) for row in DESIGNS.get(name)(FACTORS))
