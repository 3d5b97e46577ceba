"""An empty MLflow database made once; making one takes seconds, and few tests are about that."""

import os
import shutil
from pathlib import Path

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from ablate.tracking.address import DATABASE


def make(folder: Path) -> Path:
    """Make an empty database in a folder, as a driver does, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    SqlAlchemyStore(f"sqlite:///{folder / DATABASE}", str(folder / "artifacts"))
    return folder / DATABASE


def lay(database: Path, store: Path, *, synced: Path | None = None) -> None:
    """Lay a copy into a store, as one whose making has ended.

    Args:
        database: An empty one.
        store: Folder of the stores; made when absent.
        synced: Folder of what the disk holds (see power.py), which gets it too.
    """
    store.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database, store / DATABASE)
    if synced is not None:
        shutil.copyfile(database, synced / str((store / DATABASE).stat().st_ino))


def used(place: Path) -> tuple[int, int]:
    """Return the bytes and inodes in use of the file system that a folder is."""
    about = os.statvfs(place)
    return (about.f_blocks - about.f_bfree) * about.f_frsize, about.f_files - about.f_ffree
