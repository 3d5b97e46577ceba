"""Every name that a study file may use, by kind."""

import inspect

from ablate import losses
from ablate.data.contract import DATASETS
from ablate.designs.contract import DESIGNS
from ablate.execution.protocol import EXECUTORS
from ablate.metrics.catalogue import LABELS
from ablate.metrics.protocol import PROTOCOLS
from ablate.models.contract import MODELS
from ablate.search.pruners import PRUNERS
from ablate.search.samplers import SAMPLERS
from ablate.study.plan import SEARCH


def known() -> dict[str, tuple[str, ...]]:
    """Return the names of each kind; loading them imports the plug-ins."""
    return {
        "models": MODELS.names(),
        "metrics": tuple(LABELS),
        "protocols": tuple(sorted(PROTOCOLS)),
        "data": DATASETS.names(),
        "designs": (*DESIGNS.names(), SEARCH),
        "samplers": SAMPLERS.names(),
        "pruners": PRUNERS.names(),
        "executors": EXECUTORS.names(),
        **{f"designs.{name}": _options(name) for name in DESIGNS.names()},
        **{f"losses.{setting}": names for setting, names in losses.names().items()},
    }


def _options(design: str) -> tuple[str, ...]:
    """Return the keyword-only parameters of a design."""
    parameters = inspect.signature(DESIGNS.get(design)).parameters.values()
    return tuple(known.name for known in parameters if known.kind is known.KEYWORD_ONLY)
