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

from ablate.errors import StoreError, one_line
from ablate.stats.health import recorded_state
from ablate.tracking import runs
from ablate.tracking.address import hide, public
from ablate.whole_files import damaged, torn_pictures

SQLITE = "sqlite:///"
PICTURES = GALLERY, COLOUR = "gallery", "colour"  # folders: in grey, and what has colour in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the study run holds.

    The folder has pictures under gallery/ARM/IMAGE.png, and under colour/ those that have colour.
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
    left_out: str = ""  # pictures that are damaged, in words


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
    info = _study_run(client, study)
    if info is None:
        raise StoreError(
            f"{public(client.tracking_uri)}: no study is called {study!r}; run it first: "
            f"ablate run {study}"
        )
    target = folder or _temporary_folder()
    try:
        root = _artifacts(client, info, target)
        left_out = _without_damage(root, study)
        trivial = _trivial_baselines(root)
        references = root / "references.parquet"
        links = root / "links.json"  # studies of earlier versions have none
        return Published(
            links=json.loads(links.read_text(encoding="utf-8")) if links.exists() else {},
            experiment_id=str(info.experiment_id),
            facts=json.loads((root / "facts.json").read_text(encoding="utf-8")),
            runs=with_health(pd.read_parquet(root / "runs.parquet")),
            images=pd.read_parquet(root / "images.parquet"),
            curves=pd.read_parquet(root / "curves.parquet"),
            trivial_baselines=trivial,
            references=pd.read_parquet(references) if references.exists() else trivial.iloc[:0],
            folder=root,
            left_out=left_out,
        )
    except StoreError:
        raise
    except (ValueError, KeyError) as error:  # of a version without checksums
        reason = one_line(str(error).split("\n", 1)[0], longest=100)
        raise StoreError(
            f"{public(client.tracking_uri)}: what {study!r} published is damaged ({reason}); "
            f"make it anew with: ablate run {study}"
        ) from error
    except (MlflowException, OSError) as error:
        raise StoreError(
            f"{public(client.tracking_uri)}: the study {study!r} has published nothing yet; "
            f"finish it with: ablate run {study}; of one that runs: ablate watch {study}"
        ) from error


def damage_of(client: MlflowClient, *, study: str) -> dict[str, str]:
    """Return file -> what is wrong with it, of all that a study published; nothing before that."""
    info = _study_run(client, study)
    if info is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
        try:
            return _damage(_artifacts(client, info, Path(folder)))
        except (MlflowException, OSError):
            return {}


def _study_run(client: MlflowClient, study: str) -> RunInfo | None:
    found = client.get_experiment_by_name(study)
    if found is None:
        return None
    kind = f"tags.`{runs.KIND}` = 'study'"
    hits = client.search_runs([found.experiment_id], filter_string=kind, max_results=1)
    return hits[0].info if hits else None


def _damage(root: Path) -> dict[str, str]:
    found = damaged(root)
    for name in PICTURES:
        found |= torn_pictures(root, f"{name}/**/*.png", known=found)
    return found


def _without_damage(root: Path, study: str) -> str:
    """Remove damaged pictures from a copy of what a study published; return which, in words.

    Raises:
        StoreError: A table is damaged.
    """
    found = _damage(root)
    tables = [name for name in found if not name.startswith(tuple(f"{one}/" for one in PICTURES))]
    if tables:
        raise StoreError(
            f"{study}: its published {tables[0]} {found[tables[0]]}; make it anew with: ablate "
            f"doctor {study} --repair"
        )
    for name in found:
        (root / name).unlink(missing_ok=True)
    return f"Published pictures that are damaged and left out: {', '.join(found)}." if found else ""


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
