"""The register of data sets: each maker takes its settings and returns a PairSet."""

from collections.abc import Callable

from ablate.data.pairs import PairSet
from ablate.registry import Registry

DATASETS: Registry[Callable[..., PairSet]] = Registry("data set", package="ablate.data")
