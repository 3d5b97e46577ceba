"""Every name that a study file may use, by kind.

What needs torch or optuna is read from its source, not imported: `ablate plan` is quick.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ablate import losses, plugins
from ablate.design_names import SEARCH
from ablate.designs.contract import DESIGNS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.protocol import PROTOCOLS
from ablate.registry import declared
from ablate.settings.network import NetworkSettings
from ablate.settings.setting import settings_of as settings_of_section
from ablate.training.tasks import FUSION, TASKS
from ablate.training.tasks.contract import settings_of


def known() -> dict[str, tuple[str, ...]]:
    """Return the names of each kind; the user's own plug-ins are imported for it."""
    plugins.load()
    models = _written("models", "MODELS")
    metrics = _written("metrics", "METRICS")
    executors = _written("execution", "EXECUTORS", at="protocol")
    shared = settings_of_section(NetworkSettings)
    tasks = {name: task for name, task in TASKS.registered() if name != FUSION}
    return {
        "models": tuple(sorted(models)),
        "metrics": tuple(name for name in LABELS if name in metrics),
        "tasks": tuple(sorted((FUSION, *tasks))),
        "protocols": tuple(sorted(PROTOCOLS)),
        "data": tuple(sorted(_written("data", "DATASETS"))),
        "designs": (*DESIGNS.names(), SEARCH),
        "samplers": tuple(sorted(_written("search", "SAMPLERS"))),
        "pruners": tuple(sorted(_written("search", "PRUNERS"))),
        "executors": tuple(sorted(executors)),
        **{f"designs.{name}": _options(DESIGNS.get(name)) for name in DESIGNS.names()},
        **{
            f"executor.{name}": tuple(one for one in settings if one not in ("decide", "slots"))
            for name, settings in executors.items()
        },
        **{f"model.{name}": options for name, options in models.items()},
        **{f"model.{name}": (*models[name], *shared) for name in _predicting() if name in models},
        **{f"task.{name}": settings_of(task) for name, task in tasks.items()},
        **{f"task.{name}.metrics": tuple(task.measures) for name, task in tasks.items()},
        f"task.{FUSION}": (),  # its settings are sections of their own
        f"task.{FUSION}.metrics": (),  # those of ablate.metrics
        **{f"losses.{setting}": names for setting, names in losses.names().items()},
    }


def _predicting() -> tuple[str, ...]:
    """Return the networks of plug-ins that have the settings of `NetworkSettings`."""
    contract = sys.modules.get("ablate.models.contract")  # without it no plug-in is a network
    if contract is None:
        return ()
    every: tuple[tuple[str, type], ...] = contract.MODELS.registered()
    own = [one for one in every if not one[1].__module__.startswith("ablate.models.")]
    return tuple(name for name, network in own if contract.predicts(network))


def _written(package: str, registry: str, *, at: str = "contract") -> Mapping[str, tuple[str, ...]]:
    """Return name -> settings of the plug-ins in a package and of the user's own."""
    return declared(f"ablate.{package}.{at}", registry, package=f"ablate.{package}")


def _options(plug_in: Callable[..., Any]) -> tuple[str, ...]:
    """Return the keyword-only parameters of a plug-in."""
    parameters = inspect.signature(plug_in).parameters.values()
    return tuple(known.name for known in parameters if known.kind is known.KEYWORD_ONLY)
