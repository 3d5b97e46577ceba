"""What a study trains and scores: fusion unless its file says `task: {name: ...}`."""

from collections.abc import Mapping
from typing import Any

from ablate.settings.command import COMMAND
from ablate.training.tasks.contract import FUSION, TASKS, Task

__all__ = ["FUSION", "TASKS", "Task", "class_of", "task_of"]


def task_of(settings: Mapping[str, Any]) -> Task:
    """Return the task that the settings of a run describe.

    Raises:
        UnknownNameError: No task has that name.
        ConfigError: A setting is unknown to the task, or its value is refused.
    """
    return class_of(settings).of(settings)


def class_of(settings: Mapping[str, Any]) -> type[Task]:
    """Return the task that the settings name, before its own settings are looked at."""
    name = settings.get("task", {}).get("name", FUSION)
    if name == FUSION:  # the file alone: looking a name up imports the whole package, and torch
        from ablate.training.tasks.fusion import Fusion

        return Fusion
    if name == COMMAND:
        from ablate.training.tasks.command.task import Command

        return Command
    return TASKS.get(name, where="task.name")
