"""Imports of the fork server, made once for all its workers: slow ones, and all numeric code.

Workers that start later then run the code as it was when the first one started, and say so.
"""

import torch._dynamo  # noqa: F401  torch imports it for the first optimiser: seconds per worker

import ablate.data.cache
import ablate.models.cost
import ablate.training.fusion
import ablate.training.loop
import ablate.training.probing
import ablate.training.trivial_baselines
from ablate.data.contract import DATASETS
from ablate.fingerprint import numeric_code_at_start
from ablate.losses.fused import has_triton
from ablate.metrics.contract import METRICS
from ablate.models.contract import MODELS
from ablate.training.tasks import TASKS

if has_triton():
    import ablate.losses.kernels  # noqa: F401
for register in (DATASETS, METRICS, MODELS, TASKS):
    register.names()
numeric_code_at_start()
