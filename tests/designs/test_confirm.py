"""Confirmation: frozen recipes side by side in every block, checked by hand."""

from typing import Any

import pytest

from ablate.config.schema import Dimension, Factor
from ablate.designs.contract import DESIGNS, Frozen, Inputs, Rows
from ablate.errors import ConfigError

FACTORS = {
    "variant": Factor(name="variant", dimension="variant", values=("a", "b"), baseline="a"),
    "ratio": Factor(name="ratio", dimension="ratio", values=(0.25, 0.5), baseline=0.5),
}
NUISANCE = {"rate": Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True)}


def table(*, frozen: tuple[Frozen, ...] = (), phase: str = "confirm", **options: Any) -> Rows:
    inputs = Inputs(factors=FACTORS, nuisance=NUISANCE, seed=5, phase=phase, frozen=frozen)
    return DESIGNS.get("confirm")(inputs, **options)


def test_named_arms_meet_the_baseline_in_every_block() -> None:
    arms = {
        "mine": {"values": {"variant": "b"}, "nuisance": {"rate": 0.002}},
        "other": {"values": {"ratio": 0.25}},
    }
    rows = table(blocks=2, arms=arms, baseline={"rate": 0.001})
    assert [
        (row.block, row.point, row.change, dict(row.values), dict(row.nuisance)) for row in rows
    ] == [
        (1, 1, "baseline", {"variant": "a", "ratio": 0.5}, {"rate": 0.001}),
        (1, 1, "mine", {"variant": "b", "ratio": 0.5}, {"rate": 0.002}),
        (1, 1, "other", {"variant": "a", "ratio": 0.25}, {}),
        (2, 1, "baseline", {"variant": "a", "ratio": 0.5}, {"rate": 0.001}),
        (2, 1, "mine", {"variant": "b", "ratio": 0.5}, {"rate": 0.002}),
        (2, 1, "other", {"variant": "a", "ratio": 0.25}, {}),
    ]


def test_winners_are_settings_of_dimensions_and_share_seed_and_split_with_the_baseline() -> None:
    frozen = (
        Frozen(name="baseline", settings={"variant": "a"}),
        Frozen(name="winner 1", settings={"variant": "b", "depth": 4}, nuisance={"rate": 0.003}),
    )
    rows = table(blocks=8, of="explore", frozen=frozen)
    assert [row.change for row in rows] == ["baseline", "winner 1"] * 8
    assert rows[1].settings == {"variant": "b", "depth": 4}
    assert rows[1].nuisance == {"rate": 0.003}
    for base, winner in zip(rows[::2], rows[1::2], strict=True):
        assert (base.seed, base.split_seed) == (winner.seed, winner.split_seed)
    assert len({row.seed for row in rows}) == 8


def test_its_seeds_are_those_of_no_other_phase() -> None:
    arms = {"mine": {"values": {"variant": "b"}}}
    mine = {row.seed for row in table(blocks=8, arms=arms)}
    other = {row.seed for row in table(blocks=8, arms=arms, phase="again")}
    inputs = Inputs(factors=FACTORS, nuisance=NUISANCE, seed=5, phase="answer")
    blocked = {row.seed for row in DESIGNS.get("blocked")(inputs, points=1, blocks=8)}
    assert len(mine | other | blocked) == 24


def test_without_arms_there_is_no_table_yet() -> None:
    with pytest.raises(ConfigError, match="winners of explore are known only after it has ended"):
        table(blocks=8, of="explore")
