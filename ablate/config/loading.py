"""Load a study or a search space by name: find, compose, check."""

from collections.abc import Sequence
from pathlib import Path

from ablate.config import locations
from ablate.config.check import check, check_space
from ablate.config.compose import compose_space, compose_with_faults, space_names
from ablate.config.schema import Space, StudyConfig
from ablate.config.settings import Known
from ablate.errors import ConfigError


def load(
    study: str | Path,
    overrides: Sequence[str] = (),
    folder: Path | None = None,
    *,
    known: Known | None = None,
) -> StudyConfig:
    """Return the checked study.

    Args:
        study: A name (in the folder's studies/ or packaged) or a path to a YAML file.
        overrides: Words such as "data=msrs", "train.steps=50", "phases.compare.seeds=3".
        folder: The user's folder; the current one by default.
        known: Names of plug-ins by kind, see `check`.

    Raises:
        ConfigError: All faults of the file and the overrides together.
    """
    location = locations.find("studies", study, folder)
    tree, faults = compose_with_faults(location, overrides, folder=folder)
    found = [location]
    for name in space_names(location.file):
        try:
            found.append(locations.find("search_spaces", name, folder))
        except ConfigError:  # it lies elsewhere on the path of a study given by path
            continue
    return check(
        tree,
        name=location.name,
        file=locations.shown(location.file),
        known=known,
        faults=faults,
        notes=locations.shadow_notes(tuple(found)),
    )


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
