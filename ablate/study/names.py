"""Every name that a study file may use, by kind."""

import inspect
from collections.abc import Callable
from typing import Any

from ablate import losses, plugins
from ablate.data.contract import DATASETS
from ablate.designs.contract import DESIGNS
from ablate.execution.protocol import EXECUTORS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.protocol import PROTOCOLS
from ablate.models.contract import MODELS
from ablate.search.contract import PRUNERS, SAMPLERS
from ablate.study.plan import SEARCH


def known() -> dict[str, tuple[str, ...]]:
    """Return the names of each kind; loading them imports the plug-ins, the user's own too."""
    plugins.load()
    return {
        "models": MODELS.names(),
        "metrics": tuple(LABELS),
        "protocols": tuple(sorted(PROTOCOLS)),
        "data": DATASETS.names(),
        "designs": (*DESIGNS.names(), SEARCH),
        "samplers": SAMPLERS.names(),
        "pruners": PRUNERS.names(),
        "executors": EXECUTORS.names(),
        **{f"designs.{name}": _options(DESIGNS.get(name)) for name in DESIGNS.names()},
        **{f"model.{name}": _options(MODELS.get(name)) for name in MODELS.names()},
        **{f"losses.{setting}": names for setting, names in losses.names().items()},
    }


def _options(plug_in: Callable[..., Any]) -> tuple[str, ...]:
    """Return the keyword-only parameters of a plug-in."""
    parameters = inspect.signature(plug_in).parameters.values()
    return tuple(known.name for known in parameters if known.kind is known.KEYWORD_ONLY)
