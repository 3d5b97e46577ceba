"""Fusion metrics: one file per metric, one protocol per published family of evaluators.

Every metric is a function of its name, `qabf(infrared=, visible=, fused=)`. `evaluate` scores a
batch with several of them, `usable` says which ones a size allows, `flags` names degenerate images,
`evaluate_methods` scores several methods on the same sources. Names and directions
(`ALL_NAMES`, `NAMES`, `LABELS`, `BETTER`) and protocols come without torch; the rest is imported at
first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ablate.metrics.catalogue import ALL_NAMES, BETTER, LABELS, NAMES, canonical_name
from ablate.metrics.protocol import PROTOCOLS, Protocol, protocol_hash

if TYPE_CHECKING:
    from ablate.metrics.contract import METRICS, Metric
    from ablate.metrics.degenerate import flags
    from ablate.metrics.evaluation import evaluate, evaluate_methods, usable

__all__ = [
    "ALL_NAMES",
    "BETTER",
    "LABELS",
    "METRICS",
    "NAMES",
    "PROTOCOLS",
    "Metric",
    "Protocol",
    "canonical_name",
    "evaluate",
    "evaluate_methods",
    "flags",
    "protocol_hash",
    "usable",
]

_HOMES = {
    "METRICS": "contract",
    "Metric": "contract",
    "evaluate": "evaluation",
    "evaluate_methods": "evaluation",
    "flags": "degenerate",
    "usable": "evaluation",
}


def __getattr__(name: str) -> Any:
    if name in LABELS:
        from ablate.metrics.functional import function

        return function(name)
    if name not in _HOMES:
        raise AttributeError(f"module 'ablate.metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(f"ablate.metrics.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *ALL_NAMES})
