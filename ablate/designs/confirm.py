"""Confirmation: frozen configurations against the baseline with its own recipe, fresh seeds."""

from collections.abc import Mapping
from typing import Any

from ablate.designs.blocked import block_seeds
from ablate.designs.contract import DESIGNS, Frozen, Inputs, Row, Rows, filled
from ablate.errors import ConfigError

BASELINE = "baseline"


@DESIGNS.register("confirm")
def confirm(
    inputs: Inputs,
    *,
    blocks: int,
    of: str | None = None,
    winners: int = 1,
    arms: Mapping[str, Any] | None = None,
    baseline: Mapping[str, Any] | None = None,
    question: str | None = None,
) -> Rows:
    """Return blocks x configurations rows, the baseline first; nothing is tuned any more.

    A block is one seed and one split of the train and val pool, shared by all configurations and
    met by no other phase. What is claimed from these rows is conditional on the frozen recipes.

    Args:
        inputs: Factors of the study; `frozen` holds the baseline and the winners of `of`.
        blocks: Blocks; the replicates of the inference.
        of: The exploration or search whose winners are confirmed.
        winners: How many of them.
        arms: Name -> {values: factor -> value, nuisance: nuisance -> value}, instead of `of`.
        baseline: Nuisance -> value of the baseline; what is not named keeps its base value.
        question: Whose metrics and smallest effects count; by default the first of the study.

    Raises:
        ConfigError: There are no arms yet, or two of them have one name.
    """
    del winners, question  # the study reads them
    frozen = inputs.frozen or _named(inputs, arms or {}, baseline or {})
    names = [one.name for one in frozen]
    if len(set(names)) < len(names):
        raise ConfigError(f"phases.{inputs.phase}.options.arms: two have one name; rename one")
    if not frozen:
        raise ConfigError(
            f"phases.{inputs.phase}.options.arms: is missing; the winners of {of or 'a phase'} are "
            "known only after it has ended"
        )
    rows: Rows = []
    for block in range(1, blocks + 1):
        seed, split_seed = block_seeds(inputs, block)
        rows += [
            Row(
                values=one.values,
                settings=one.settings,
                nuisance=one.nuisance,
                block=block,
                point=1,
                seed=seed,
                split_seed=split_seed,
                change=one.name,
            )
            for one in frozen
        ]
    return rows


def _named(
    inputs: Inputs, arms: Mapping[str, Any], recipe: Mapping[str, Any]
) -> tuple[Frozen, ...]:
    """Return the baseline and the arms of the file; none without arms."""
    if not arms:
        return ()
    base = Frozen(name=BASELINE, values=filled(inputs.factors, {}), nuisance=dict(recipe))
    return (
        base,
        *(
            Frozen(
                name=str(name),
                values=filled(inputs.factors, arm.get("values") or {}),
                nuisance=dict(arm.get("nuisance") or {}),
            )
            for name, arm in arms.items()
        ),
    )
