"""Suggestion k as a function of the study seed, k, and the trials told by then."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from ablate.config.schema import Dimension
from ablate.identity import derive_seed
from ablate.search.contract import SAMPLERS, Ask
from ablate.search.history import history
from ablate.search.space import always, distributions, suggest_values
from ablate.search.told import Direction, Told

optuna.logging.set_verbosity(optuna.logging.WARNING)
# said of arguments and samplers that are used on purpose, once per place
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def suggest(
    *,
    dimensions: Mapping[str, Dimension],
    base: Mapping[str, Any],
    sampler: str,
    study_seed: int,
    number: int,
    directions: Sequence[Direction],
    told: Sequence[Told],
    open_trials: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of the active dimensions of trial `number`.

    The same arguments give the same values: the sampler is made anew with a seed from
    (study seed, number), and the history holds only what the arguments say.

    Args:
        dimensions: What may vary.
        base: Settings where no dimension says otherwise.
        sampler: Its name.
        study_seed: Of the whole study.
        number: Of this suggestion, counted from the first of the search.
        directions: "maximize" or "minimize" for every objective.
        told: Trials that have ended.
        open_trials: Values of the trials suggested before this one and not told.
        options: Keywords of the sampler.

    Raises:
        ConfigError: The sampler cannot work on this space or with these options.
    """
    ask = Ask(
        number=number,
        seed=derive_seed(study_seed, "sampler", number),
        study_seed=study_seed,
        dimensions=dimensions,
        parameters=distributions(dimensions),
        always=always(dimensions),
        directions=tuple(directions),
        told=tuple(sorted(told, key=lambda trial: trial.number)),
        open_trials=len(open_trials),
    )
    study = history(
        directions=directions,
        told=told,
        open_trials=open_trials,
        dimensions=dimensions,
        sampler=SAMPLERS.get(sampler, where="sampler")(ask, **(options or {})),
    )
    return suggest_values(study.ask(), dimensions, base)
