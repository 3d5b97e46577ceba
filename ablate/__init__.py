"""Ablation studies for infrared-visible image fusion that answer their questions."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.notebook import OpenedStudy

__version__ = "0.1.0"


def open(  # the word that people try first
    study: str, *, store: Path | str = "ablate-store", uri: str | None = None, pictures: bool = True
) -> "OpenedStudy":
    """Return a study of a store, for a notebook or a script.

    Args:
        study: Its name, the beginning of its name where that is enough, or the path of its file.
        store: Folder of the stores.
        uri: MLflow tracking URI, where the study is on a server.
        pictures: Whether published pictures may be shown; licences of data sets often forbid it.

    Raises:
        UnknownNameError: The store has no such study; the text offers the nearest.
        StoreError: The store holds no study, or it has published nothing yet.
    """
    from ablate.notebook import open_study

    return open_study(study, store=Path(store), uri=uri, pictures=pictures)
