"""Reads a study back from MLflow: the tables and pictures that its driver published there."""

import atexit
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
from mlflow.entities import RunInfo
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.errors import StoreError
from ablate.stats.health import recorded_state
from ablate.tracking import runs
from ablate.tracking.address import hide, public

SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the study run holds; the folder has the pictures under gallery/ARM/IMAGE.png.

    `links` maps our run ids to those of MLflow; `experiment_id` is the study's.
    """

    facts: dict[str, Any]
    runs: pd.DataFrame
    images: pd.DataFrame
    curves: pd.DataFrame
    trivial_baselines: pd.DataFrame  # kind, name, split, image, metric, value
    references: pd.DataFrame  # the same but kind; empty where the study names none
    folder: Path
    links: dict[str, str]
    experiment_id: str


def connect(uri: str) -> MlflowClient:
    """Return a client of a database or server that is there already; nothing is made.

    Raises:
        StoreError: Nothing answers at the address.
    """
    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
        raise StoreError(
            f"{uri}: no such database; check the path, an absolute one has four slashes: "
            "sqlite:////srv/store/mlflow.db"
        )
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except Exception as error:
        reason = " ".join(hide(str(error), uri).split())
        raise StoreError(
            f"{public(uri)}: cannot be opened as an MLflow store: {reason[:200]}; check that the "
            "server runs and the address is right"
        ) from error
    return client


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
            f"{public(client.tracking_uri)}: no study is called {study!r}; run it first: "
            f"ablate run {study}"
        )
    target = folder or _temporary_folder()
    try:
        root = _artifacts(client, hits[0].info, target)
        trivial = _trivial_baselines(root)
        references = root / "references.parquet"
        links = root / "links.json"  # studies of earlier versions have none
        return Published(
            links=json.loads(links.read_text(encoding="utf-8")) if links.exists() else {},
            experiment_id=str(hits[0].info.experiment_id),
            facts=json.loads((root / "facts.json").read_text(encoding="utf-8")),
            runs=with_health(pd.read_parquet(root / "runs.parquet")),
            images=pd.read_parquet(root / "images.parquet"),
            curves=pd.read_parquet(root / "curves.parquet"),
            trivial_baselines=trivial,
            references=pd.read_parquet(references) if references.exists() else trivial.iloc[:0],
            folder=root,
        )
    except (MlflowException, OSError) as error:
        raise StoreError(
            f"{public(client.tracking_uri)}: the study {study!r} has published nothing yet; "
            f"finish it with: ablate run {study}"
        ) from error


def with_health(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a run table with the column `health`; of earlier versions by their mean metrics."""
    if "health" in runs:
        return runs
    measured = [str(name) for name in runs if str(name).startswith(("val/", "test/"))]
    states = [
        recorded_state(
            looked_at="", reason=str(row.get("reason") or ""), metrics={k: row[k] for k in measured}
        )
        for row in runs.to_dict("records")
    ]
    return runs.assign(health=[state or "" for state in states])


def _trivial_baselines(root: Path) -> pd.DataFrame:
    path = root / "trivial_baselines.parquet"
    if path.exists():
        return pd.read_parquet(path)
    rows = pd.read_parquet(root / "floors.parquet")  # of version 0.1: only the rules mean and max
    return rows.rename(columns={"rule": "name"}).assign(kind="rule")


def _artifacts(client: MlflowClient, info: RunInfo, target: Path) -> Path:
    """Return a copy of what the study published.

    MLflow keeps absolute addresses. Those of a store that was moved or copied are outdated,
    or are those of the store it was copied from: a folder next to the database comes first.
    """
    uri = str(client.tracking_uri)
    if uri.startswith(SQLITE):
        place = Path(unquote(info.artifact_uri.removeprefix("file://")))
        store = Path(uri.removeprefix(SQLITE)).parent
        own = store.joinpath("artifacts", *place.parts[-3:], "study")
        if own.is_dir():
            return Path(shutil.copytree(own, target / "study", dirs_exist_ok=True))
    return Path(client.download_artifacts(info.run_id, "study", str(target)))


def _temporary_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="ablate-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
