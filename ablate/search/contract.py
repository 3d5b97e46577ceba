"""What samplers and pruners are made from, and the registers of their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution

from ablate.config.schema import Dimension
from ablate.errors import ConfigError
from ablate.registry import Registry
from ablate.search.told import Direction, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """All that suggestion `number` may depend on; a sampler is made anew for each.

    A list-valued dimension has several parameters, any other one of its own name.
    """

    number: int  # counted from the first trial of the search
    seed: int  # of this suggestion alone
    study_seed: int
    dimensions: Mapping[str, Dimension]
    parameters: Mapping[str, BaseDistribution]
    always: frozenset[str]  # parameters that every suggestion has
    directions: tuple[Direction, ...] = ("maximize",)
    told: tuple[Told, ...] = ()  # in the order of their numbers
    open_trials: int = 0  # suggested before this one and not told

    @property
    def lag(self) -> int:
        """Return how many trials back the newest told one lies."""
        return self.open_trials + 1


Maker = Callable[..., optuna.samplers.BaseSampler]  # (ask, *, options)
PrunerMaker = Callable[..., optuna.pruners.BasePruner]  # (rungs, *, options)
SAMPLERS: Registry[Maker] = Registry("sampler", package="ablate.search")
PRUNERS: Registry[PrunerMaker] = Registry("pruner", package="ablate.search")


def check_at_least(low: float, **options: float) -> None:
    """Raise ConfigError with a line for every option that is below `low`."""
    faults = [
        f"{name}: must be at least {low:g}, got {value}"
        for name, value in options.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= low
    ]
    if faults:
        raise ConfigError(*faults)


def check_rungs(rungs: Sequence[int], *, needed: int = 1) -> None:
    """Raise ConfigError when a pruner has too few rungs ever to stop a trial."""
    if len(rungs) < needed:
        raise ConfigError(
            f"rungs: {len(rungs)} rungs never stop a trial, {needed} are needed; write e.g. "
            f"rungs: {[50 * (index + 1) for index in range(needed)]}"
        )
