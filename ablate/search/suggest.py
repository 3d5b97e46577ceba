"""Suggestion k as a function of the study seed, k, and the trials finished by then."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from ablate.search.contract import SAMPLERS, SearchSettings, context_of
from ablate.search.finished import FinishedTrial
from ablate.search.history import history
from ablate.search.space import suggest_values

optuna.logging.set_verbosity(optuna.logging.WARNING)
# raised by arguments and samplers that are used on purpose, once per place
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def suggest(
    settings: SearchSettings,
    *,
    number: int,
    finished: Sequence[FinishedTrial],
    open_trials: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Suggest the values of the active dimensions of trial `number`.

    The same arguments give the same values: the sampler is made anew with a seed from
    (study seed, number), and its history holds only what the arguments say.

    Args:
        settings: The search.
        number: Of this suggestion, counted from the first of the search.
        finished: Trials that have ended.
        open_trials: Values of the trials suggested before this one and not finished.

    Raises:
        ConfigError: The sampler cannot work on this space or with these options.
    """
    context = context_of(settings, number=number, finished=finished, open_trials=len(open_trials))
    sampler = SAMPLERS.get(settings.sampler, where="sampler")(context, **settings.options)
    study = history(
        directions=settings.directions,
        finished=finished,
        open_trials=open_trials,
        dimensions=settings.dimensions,
        sampler=sampler,
    )
    return suggest_values(study.ask(), settings.dimensions, settings.base)
