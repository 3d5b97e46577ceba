"""The answer design: every value meets the same fresh tuning points, seed and split in a block."""

from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows
from ablate.designs.points import scrambled, value_of
from ablate.errors import ConfigError
from ablate.identity import derive_seed


@DESIGNS.register("blocked")
def blocked(
    inputs: Inputs, *, points: int, blocks: int, arms: str = "one_factor", redraws: int = 0
) -> Rows:
    """Return blocks x points x arms rows, block by block, spare blocks last.

    A block has its own scramble of the Sobol points over the nuisance dimensions, one seed and
    one split of the train and val pool, shared by all arms: what differs inside a block is the
    arm alone. The first points and blocks do not depend on how many there are, so a larger design
    contains the smaller one.

    Args:
        inputs: Factors, nuisance dimensions, seed of the study, name of the phase.
        points: Tuning points per arm and block, a power of two.
        blocks: Blocks; the replicates of the inference.
        arms: "one_factor" (baseline and every other value) or "full_factorial".
        redraws: Spare blocks behind them. A spare block runs only in the place of a block in which
            no training of the baseline ended healthy; a quarter of `blocks` by default.

    Raises:
        ConfigError: There are several points and no nuisance dimension that tells them apart, or
            the number of points is not a power of two.
    """
    where = f"phases.{inputs.phase}.options"
    if points < 1 or points & (points - 1):
        raise ConfigError(f"{where}.points: must be a power of two, got {points}")
    if points > 1 and not inputs.nuisance:
        raise ConfigError(
            f"{where}.points: without a nuisance dimension {points} points are the same run; use "
            "points: 1, or let the nuisance vary"
        )
    table = [row.values for row in DESIGNS.get(arms, where=f"{where}.arms")(inputs)]
    rows: Rows = []
    for block in range(1, blocks + redraws + 1):
        seed, split_seed = block_seeds(inputs, block)
        for point, nuisance in enumerate(tuning_points(inputs, block, points), start=1):
            rows += [
                Row(
                    values=values,
                    nuisance=nuisance,
                    block=block,
                    point=point,
                    seed=seed,
                    split_seed=split_seed,
                )
                for values in table
            ]
    return rows


def block_seeds(inputs: Inputs, block: int) -> tuple[int, int]:
    """Return the seed and the split seed of a block; no other phase of the study has them."""
    return (
        derive_seed(inputs.seed, inputs.phase, "block", block),
        derive_seed(inputs.seed, inputs.phase, "split", block),
    )


def tuning_points(inputs: Inputs, block: int, points: int) -> list[dict[str, Any]]:
    """Return the nuisance values of a block's points: dimension -> value."""
    positions = scrambled(
        count=points,
        dimensions=len(inputs.nuisance),
        seed=derive_seed(inputs.seed, inputs.phase, "tuning", block),
    )
    return [
        {
            name: value_of(dimension, position)
            for (name, dimension), position in zip(inputs.nuisance.items(), point, strict=True)
        }
        for point in positions
    ]
