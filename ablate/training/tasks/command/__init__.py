"""The task `command`: training is done by the commands of somebody's repository."""

from ablate.training.tasks.command import task  # noqa: F401 -- registers it
