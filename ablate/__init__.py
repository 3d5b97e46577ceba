"""Ablation studies for infrared-visible image fusion that answer their questions.

Use it from Python as from the command line:

- `run` runs a study, or goes on with it; `open` reads a study that has been run; `score` scores
  fused images by any of the metrics.
- `ablate.metrics.evaluate` scores tensors, `ablate.losses.build` makes a loss from its settings.

Extend it by a file in the folder `plugins/` that registers a member by name:

- `metric`, `network`, `dataset`, `figure`, `task`, `design`, `sampler`, `pruner`, `executor`
- steps of a gradient loss: `gradient_operator`, `loss_component`, `loss_selection`,
  `loss_penalty`, `resampler`; kinds of further terms and where they count: `loss_term`,
  `loss_region`

Every exception is an `AblateError`; `ablate.errors` draws the tree.

`import ablate` imports nothing heavy: each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from ablate.errors import (
    AblateError,
    BusyError,
    ClusterError,
    ConfigError,
    DataError,
    DeviceError,
    DivergedError,
    ExportError,
    FetchError,
    HaltedError,
    ShapeError,
    StoreError,
    UnknownNameError,
)

if TYPE_CHECKING:
    from ablate import losses, metrics, models
    from ablate._api import OpenedStudy, open, run, score
    from ablate.data.contract import DATASETS
    from ablate.data.items import Items
    from ablate.data.manifest import Manifest
    from ablate.data.pairs import Pair, PairSet
    from ablate.designs.contract import DESIGNS
    from ablate.execution.protocol import EXECUTORS
    from ablate.imaging.gradients import OPERATORS
    from ablate.imaging.resample import RESAMPLERS
    from ablate.losses.components import COMPONENTS
    from ablate.losses.penalty import PENALTIES
    from ablate.losses.regions import REGIONS
    from ablate.losses.selection import SELECTIONS
    from ablate.losses.terms.contract import TERMS, Images
    from ablate.metrics.contract import METRICS, GreyImages, Metric
    from ablate.metrics.protocol import Protocol
    from ablate.models.contract import MODELS, Fused, FusionNetwork
    from ablate.report.figures import FIGURES, ReportFigure
    from ablate.search.contract import PRUNERS, SAMPLERS, SamplerContext
    from ablate.search.finished import FinishedTrial
    from ablate.training.spec import RunResult, RunSpec
    from ablate.training.tasks.contract import TASKS, Measure, Task, Trained

    dataset = DATASETS.register
    design = DESIGNS.register
    executor = EXECUTORS.register
    figure = FIGURES.register
    gradient_operator = OPERATORS.register
    loss_component = COMPONENTS.register
    loss_penalty = PENALTIES.register
    loss_region = REGIONS.register
    loss_selection = SELECTIONS.register
    loss_term = TERMS.register
    metric = METRICS.register
    network = MODELS.register
    pruner = PRUNERS.register
    resampler = RESAMPLERS.register
    sampler = SAMPLERS.register
    task = TASKS.register

__version__ = "0.1.0"

_HOMES: Final = {  # name -> module and what it is there
    "FinishedTrial": "search.finished:FinishedTrial",
    "Fused": "models.contract:Fused",
    "FusionNetwork": "models.contract:FusionNetwork",
    "GreyImages": "metrics.contract:GreyImages",
    "Images": "losses.terms.contract:Images",
    "Items": "data.items:Items",
    "Manifest": "data.manifest:Manifest",
    "Measure": "training.tasks.contract:Measure",
    "Metric": "metrics.contract:Metric",
    "OpenedStudy": "_api:OpenedStudy",
    "Pair": "data.pairs:Pair",
    "PairSet": "data.pairs:PairSet",
    "Protocol": "metrics.protocol:Protocol",
    "ReportFigure": "report.figures:ReportFigure",
    "RunResult": "training.spec:RunResult",
    "RunSpec": "training.spec:RunSpec",
    "SamplerContext": "search.contract:SamplerContext",
    "Task": "training.tasks.contract:Task",
    "Trained": "training.tasks.contract:Trained",
    "dataset": "data.contract:DATASETS.register",
    "design": "designs.contract:DESIGNS.register",
    "executor": "execution.protocol:EXECUTORS.register",
    "figure": "report.figures:FIGURES.register",
    "gradient_operator": "imaging.gradients:OPERATORS.register",
    "loss_component": "losses.components:COMPONENTS.register",
    "loss_penalty": "losses.penalty:PENALTIES.register",
    "loss_region": "losses.regions:REGIONS.register",
    "loss_selection": "losses.selection:SELECTIONS.register",
    "loss_term": "losses.terms.contract:TERMS.register",
    "metric": "metrics.contract:METRICS.register",
    "network": "models.contract:MODELS.register",
    "open": "_api:open",
    "pruner": "search.contract:PRUNERS.register",
    "resampler": "imaging.resample:RESAMPLERS.register",
    "run": "_api:run",
    "sampler": "search.contract:SAMPLERS.register",
    "score": "_api:score",
    "task": "training.tasks.contract:TASKS.register",
}
_MODULES: Final = ("losses", "metrics", "models")
__all__ = [
    "AblateError",
    "BusyError",
    "ClusterError",
    "ConfigError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "ExportError",
    "FetchError",
    "FinishedTrial",
    "Fused",
    "FusionNetwork",
    "GreyImages",
    "HaltedError",
    "Images",
    "Items",
    "Manifest",
    "Measure",
    "Metric",
    "OpenedStudy",
    "Pair",
    "PairSet",
    "Protocol",
    "ReportFigure",
    "RunResult",
    "RunSpec",
    "SamplerContext",
    "ShapeError",
    "StoreError",
    "Task",
    "Trained",
    "UnknownNameError",
    "__version__",
    "dataset",
    "design",
    "executor",
    "figure",
    "gradient_operator",
    "loss_component",
    "loss_penalty",
    "loss_region",
    "loss_selection",
    "loss_term",
    "losses",
    "metric",
    "metrics",
    "models",
    "network",
    "open",
    "pruner",
    "resampler",
    "run",
    "sampler",
    "score",
    "task",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"ablate.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    module, _, path = _HOMES[name].partition(":")
    found: Any = importlib.import_module(f"ablate.{module}")
    for part in path.split("."):
        found = getattr(found, part)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
