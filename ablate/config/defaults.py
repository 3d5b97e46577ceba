"""The packaged defaults of one training, and those with which older stores were started.

Defaults stand in the settings classes. A store goes on with the defaults that it was started with,
so that the same command makes the same design after an upgrade: conf/earlier/N holds the files of
version N that have changed since.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from ablate import conf
from ablate.settings.loss import loss_settings
from ablate.settings.members import members
from ablate.settings.metrics import MetricSettings
from ablate.settings.setting import NEWEST, defaults_of
from ablate.settings.train import TrainSettings

CONF: Final = Path(str(conf.__file__)).parent
KIND_OF: Final = {  # sections whose groups are members
    "data": "data",
    "model": "models",
    "executor": "executors",
}
FIRST: Final = {"data": "synthetic", "model": "unet"}  # of a study that names none


def trial_defaults(version: int = NEWEST) -> dict[str, Any]:
    """Return the defaults of every section of a training.

    The sections data and model have their name alone: the rest follows from it.

    Args:
        version: Of the defaults; a store without one has 1.
    """
    earlier = CONF / "earlier" / str(version) / "trial.yaml"
    if earlier.is_file():
        return dict(yaml.safe_load(earlier.read_text(encoding="utf-8")))
    return {
        **{section: {"name": name} for section, name in FIRST.items()},
        "loss": defaults_of(loss_settings(), version=version),
        "metrics": defaults_of(MetricSettings, version=version),
        "train": defaults_of(TrainSettings, version=version),
    }


def group_defaults(section: str, name: str, *, version: int = NEWEST) -> dict[str, Any] | None:
    """Return the settings that a member of a section begins with, None where it declares none.

    Example:
        >>> group_defaults("model", "probe")
        {'name': 'probe', 'noise': 0.05}
    """
    member = members(KIND_OF[section]).get(name) if section in KIND_OF else None
    if member is None or not member.settings:
        return None
    return {"name": name, **defaults_of(member.settings, version=version)}


def groups(section: str) -> tuple[str, ...]:
    """Return the names that `group_defaults` knows in a section."""
    if section not in KIND_OF:
        return ()
    return tuple(name for name, one in members(KIND_OF[section]).items() if one.settings)


def group_folders(version: int = NEWEST) -> tuple[Path, ...]:
    """Return the folders of the packaged group files, the first that has a file wins."""
    earlier = tuple(CONF / "earlier" / str(one) for one in range(version, NEWEST))
    return (*earlier, CONF)
