"""Load a study or a search space by name: find, compose, check."""

import re
from collections.abc import Sequence
from pathlib import Path

from ablate.config import locations
from ablate.config.check import check, check_space
from ablate.config.compose import compose_space, compose_with_faults, space_names
from ablate.config.schema import LOOK, Space, StudyConfig
from ablate.errors import ConfigError
from ablate.settings.setting import NEWEST, Known

_LOOK = re.compile(rf"(?P<study>.+)(?P<look>{LOOK}\d+)(?P<suffix>\.yaml)?")


def load(
    study: str | Path,
    overrides: Sequence[str] = (),
    folder: Path | None = None,
    *,
    known: Known | None = None,
    defaults: int = NEWEST,
) -> StudyConfig:
    """Return the checked study.

    Args:
        study: A name (in the folder's studies/ or packaged) or a path to a YAML file. "@2" behind
            the name (also in a path: q1@2.yaml) is the second look at the study: its changed
            design beside the first one.
        overrides: Words such as "data=msrs", "train.steps=50", "phases.compare.seeds=3".
        folder: The user's folder; the current one by default.
        known: Names of plug-ins by kind, see `check`.
        defaults: Version of the packaged defaults: that of the store which the study goes on in.

    Raises:
        ConfigError: All faults of the file and the overrides together.
    """
    file, look = _look(study)
    location = locations.find("studies", file, folder)
    tree, faults = compose_with_faults(location, overrides, folder=folder, defaults=defaults)
    found = [location]
    for name in space_names(location.file):
        try:
            found.append(locations.find("search_spaces", name, folder))
        except ConfigError:  # it lies elsewhere on the path of a study given by path
            continue
    return check(
        tree,
        name=f"{location.name}{look}",
        file=locations.shown(location.file),
        known=known,
        faults=faults,
        notes=locations.shadow_notes(tuple(found)),
        defaults=defaults,
    )


def _look(study: str | Path) -> tuple[str | Path, str]:
    """Return the study without its look, and the look with its sign, "" for the first."""
    match = _LOOK.fullmatch(str(study))
    if match is None:
        return study, ""
    return type(study)(match["study"] + (match["suffix"] or "")), match["look"]


def load_space(
    name: str | Path, folder: Path | None = None, *, known: Known | None = None
) -> Space:
    """Return one checked search space, without a study.

    Raises:
        ConfigError: All faults of the file together.
    """
    location = locations.find("search_spaces", name, folder)
    tree = compose_space(name, folder=folder)
    return check_space(tree, file=locations.shown(location.file), known=known)
