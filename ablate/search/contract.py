"""What samplers and pruners are made from, and the registers of their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from ablate.config.schema import Dimension
from ablate.errors import ConfigError
from ablate.identity import derive_seed
from ablate.numbers import is_number
from ablate.positions import NEWEST
from ablate.registry import Registry
from ablate.search.finished import Direction, FinishedTrial
from ablate.search.space import always, distributions


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """What all suggestions of a search have in common."""

    dimensions: Mapping[str, Dimension]
    base: Mapping[str, Any]  # settings where no dimension says otherwise
    sampler: str
    study_seed: int
    directions: tuple[Direction, ...] = ("maximize",)  # one per objective
    options: Mapping[str, Any] = field(default_factory=dict)  # of the sampler
    positions: int = NEWEST  # version of the map from [0, 1] to values
    lag_at: Callable[[int], int] | None = None  # how far back suggestion k sees; None: all alike


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerContext:
    """All that suggestion `number` may depend on.

    A sampler is made anew from its context for every suggestion, so that the suggestion does not
    depend on what a process remembers. Samplers with a memory replay it from `finished`.

    A list-valued dimension has several parameters, any other one of its own name.
    """

    number: int  # counted from the first trial of the search
    seed: int  # of this suggestion alone
    study_seed: int
    dimensions: Mapping[str, Dimension]
    parameters: Mapping[str, BaseDistribution]
    always: frozenset[str]  # parameters that every suggestion has
    directions: tuple[Direction, ...] = ("maximize",)
    finished: tuple[FinishedTrial, ...] = ()  # in the order of their numbers
    open_trials: int = 0  # suggested before this one and not finished
    positions: int = NEWEST  # version of the map from [0, 1] to values
    lag_at: Callable[[int], int] | None = None

    @property
    def told(self) -> tuple[FinishedTrial, ...]:
        """The former name of `finished`, for plug-ins."""
        return self.finished

    @property
    def lag(self) -> int:
        """How many trials back the newest finished one lies."""
        return self.open_trials + 1

    def lag_of(self, number: int) -> int:
        """How many trials back the newest one lay that a suggestion of this search had seen."""
        return self.lag if self.lag_at is None else self.lag_at(number)


def context_of(
    settings: SearchSettings,
    *,
    number: int,
    finished: Sequence[FinishedTrial] = (),
    open_trials: int = 0,
) -> SamplerContext:
    """The context of suggestion `number`; its seed follows from the study's and the number."""
    return SamplerContext(
        number=number,
        seed=derive_seed(settings.study_seed, "sampler", number),
        study_seed=settings.study_seed,
        dimensions=settings.dimensions,
        parameters=distributions(settings.dimensions),
        always=always(settings.dimensions),
        directions=settings.directions,
        finished=tuple(sorted(finished, key=lambda trial: trial.number)),
        open_trials=open_trials,
        positions=settings.positions,
        lag_at=settings.lag_at,
    )


Ask = SamplerContext  # the former name, for plug-ins
Maker = Callable[..., optuna.samplers.BaseSampler]  # (context, *, options)
PrunerMaker = Callable[..., optuna.pruners.BasePruner]  # (rungs, *, options)
SAMPLERS: Registry[Maker] = Registry("sampler", package="ablate.search")
PRUNERS: Registry[PrunerMaker] = Registry("pruner", package="ablate.search")


def check_at_least(low: float, **options: float) -> None:
    """Raise ConfigError with a line for every option that is below `low`."""
    faults = [
        f"{name}: must be at least {low:g}, got {value}"
        for name, value in options.items()
        if not is_number(value) or value < low
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
