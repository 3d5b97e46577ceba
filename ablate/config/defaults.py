"""The packaged defaults of one training, and those with which older stores were started.

A store goes on with the defaults that it was started with, so that the same command makes the same
design after an upgrade. conf/earlier/N holds the files of version N that have changed since.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from ablate import conf
from ablate.settings.setting import defaults_of
from ablate.settings.train import TrainSettings

NEWEST: Final = 2
CONF: Final = Path(str(conf.__file__)).parent


def trial_defaults(version: int = NEWEST) -> dict[str, Any]:
    """Return the defaults of every section of a training.

    Args:
        version: Of the defaults; a store without one has 1.
    """
    if version < NEWEST:
        earlier = CONF / "earlier" / str(version) / "trial.yaml"
        return dict(yaml.safe_load(earlier.read_text(encoding="utf-8")))
    written = dict(yaml.safe_load((CONF / "trial.yaml").read_text(encoding="utf-8")))
    return {**written, "train": defaults_of(TrainSettings)}


def group_folders(version: int = NEWEST) -> tuple[Path, ...]:
    """Return the folders of the packaged group files, the first that has a file wins."""
    earlier = tuple(CONF / "earlier" / str(one) for one in range(version, NEWEST))
    return (*earlier, CONF)
