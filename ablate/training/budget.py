"""The settings that are counted in steps, scaled to a shorter or longer training."""

from collections.abc import Mapping
from typing import Any

LENGTHS = ("train.steps", "train.warmup_steps", "loss.warmup_steps")


def at_budget(settings: Mapping[str, Any], times: float) -> dict[str, Any]:
    """Return the settings of a training that is longer or shorter, all else as it is.

    All that is counted in steps is scaled alike, so that a warm-up keeps its share; schedules and
    stages are shares of the training anyway. Two lengths are therefore two trainings. One training
    could be scored at both where each step is the same in both, which holds for a constant rate
    without warm-up and stages; here is the place that would have to know it.

    Args:
        settings: By section, as of a run: epochs are written out as steps.
        times: Above 0; counts are rounded to whole ones, at least 1 where they were.

    Example:
        >>> at_budget({"train": {"steps": 300}, "loss": {"warmup_steps": 0}}, 1.5)
        {'train': {'steps': 450}, 'loss': {'warmup_steps': 0}}
    """
    found = dict(settings)
    for path in LENGTHS:
        section, _, key = path.partition(".")
        count = settings.get(section, {}).get(key)
        if count is not None:
            found[section] = {**found[section], key: max(min(count, 1), round(times * count))}
    return found
