"""Every name that a study file may use, by kind."""

import inspect
from collections.abc import Callable
from typing import Any

from ablate import losses, plugins
from ablate.data.contract import DATASETS
from ablate.designs.contract import DESIGNS
from ablate.execution.protocol import EXECUTORS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.contract import METRICS
from ablate.metrics.protocol import PROTOCOLS
from ablate.models.contract import MODELS
from ablate.search.contract import PRUNERS, SAMPLERS
from ablate.study.plan import SEARCH
from ablate.training.tasks import FUSION, TASKS
from ablate.training.tasks.contract import settings_of


def known() -> dict[str, tuple[str, ...]]:
    """Return the names of each kind; loading them imports the plug-ins, the user's own too."""
    plugins.load()
    return {
        "models": MODELS.names(),
        "metrics": tuple(name for name in LABELS if name in METRICS),
        "tasks": TASKS.names(),
        "protocols": tuple(sorted(PROTOCOLS)),
        "data": DATASETS.names(),
        "designs": (*DESIGNS.names(), SEARCH),
        "samplers": SAMPLERS.names(),
        "pruners": PRUNERS.names(),
        "executors": EXECUTORS.names(),
        **{f"designs.{name}": _options(DESIGNS.get(name)) for name in DESIGNS.names()},
        **{f"model.{name}": _options(MODELS.get(name)) for name in MODELS.names()},
        **{f"task.{name}": settings_of(TASKS.get(name)) for name in TASKS},
        f"task.{FUSION}": (),  # its settings are sections of their own
        **{f"task.{name}.metrics": tuple(TASKS.get(name).measures) for name in TASKS},
        **{f"losses.{setting}": names for setting, names in losses.names().items()},
    }


def _options(plug_in: Callable[..., Any]) -> tuple[str, ...]:
    """Return the keyword-only parameters of a plug-in."""
    parameters = inspect.signature(plug_in).parameters.values()
    return tuple(known.name for known in parameters if known.kind is known.KEYWORD_ONLY)
