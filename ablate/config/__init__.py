"""Study files and search spaces: find, compose, check; the only home of hydra."""

from ablate.config.apply import active, apply, baselines, violations
from ablate.config.loading import load, load_space
from ablate.config.locations import Location, find, listing
from ablate.config.schema import (
    Constraint,
    Dimension,
    Factor,
    Phase,
    Question,
    Space,
    StudyConfig,
)

__all__ = [
    "Constraint",
    "Dimension",
    "Factor",
    "Location",
    "Phase",
    "Question",
    "Space",
    "StudyConfig",
    "active",
    "apply",
    "baselines",
    "find",
    "listing",
    "load",
    "load_space",
    "violations",
]
