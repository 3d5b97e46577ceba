"""Reads a study back from MLflow: the tables and pictures that its driver published there."""

import atexit
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.errors import StoreError
from ablate.tracking import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the study run holds; the folder has the pictures under gallery/ARM/IMAGE.png."""

    facts: dict[str, Any]
    runs: pd.DataFrame
    images: pd.DataFrame
    curves: pd.DataFrame
    floors: pd.DataFrame
    folder: Path


def read(client: MlflowClient, *, study: str, folder: Path | None = None) -> Published:
    """Return what a study published.

    Args:
        client: The store.
        study: Name of the study.
        folder: Where the artifacts are copied to; absent, a temporary folder that goes when the
            program ends.

    Raises:
        StoreError: The store has no such study, or it has not published yet.
    """
    found = client.get_experiment_by_name(study)
    hits = (
        client.search_runs(
            [found.experiment_id], filter_string=f"tags.`{runs.KIND}` = 'study'", max_results=1
        )
        if found
        else []
    )
    if not hits:
        raise StoreError(
            f"{client.tracking_uri}: no study is called {study!r}; run it first: ablate run {study}"
        )
    target = folder or _temporary_folder()
    try:
        root = Path(client.download_artifacts(hits[0].info.run_id, "study", str(target)))
        return Published(
            facts=json.loads((root / "facts.json").read_text(encoding="utf-8")),
            runs=pd.read_parquet(root / "runs.parquet"),
            images=pd.read_parquet(root / "images.parquet"),
            curves=pd.read_parquet(root / "curves.parquet"),
            floors=pd.read_parquet(root / "floors.parquet"),
            folder=root,
        )
    except (MlflowException, OSError) as error:
        raise StoreError(
            f"{client.tracking_uri}: the study {study!r} has published nothing yet; "
            f"finish it with: ablate run {study}"
        ) from error


def _temporary_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="ablate-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
