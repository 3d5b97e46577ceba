"""Pictures of a trial as optuna-dashboard shows them: a file by its id, named in the trial.

Optuna gives an artifact a random id and adds it to a running trial. Here a trial is written when it
has ended, and the id follows from the picture, so that a trial that is written twice has it once.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ablate.writing import replacing

logger = logging.getLogger(__name__)
FOLDER: Final = "optuna-artifacts"  # in the store; optuna-dashboard is given it
ATTRIBUTE: Final = "artifacts:"  # how the attribute of a trial starts that names one


def keep(pictures: Mapping[str, Path], *, into: Path) -> dict[str, str]:
    """Copy the pictures and return the attributes that name them in a trial.

    One that cannot be read is left out with a warning.

    Args:
        pictures: Name -> PNG.
        into: The folder of the artifacts; made when absent.
    """
    attributes = {}
    for name, path in pictures.items():
        try:
            content = path.read_bytes()
        except OSError as error:
            logger.warning("%s: cannot be shown by optuna-dashboard: %s", path, error)
            continue
        made_of = hashlib.sha256(f"{path.parent.parent.name} {name}".encode() + content)
        found = made_of.hexdigest()[:32]
        if not (into / found).exists():
            into.mkdir(parents=True, exist_ok=True)
            with replacing(into / found) as beside:
                beside.write_bytes(content)
        meta = {"artifact_id": found, "filename": name, "mimetype": "image/png", "encoding": None}
        attributes[ATTRIBUTE + found] = json.dumps(meta)
    return attributes
