"""The MLflow store of a folder: made once under a lock, opened without global state."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ablate.databases import check_whole
from ablate.errors import StoreError, storage_failure
from ablate.tracking.address import DATABASE, hide, public, tracking_uri
from ablate.tracking.moved import artifacts_of, bring_along
from ablate.tracking.outbox import is_down
from ablate.writing import replacing

UNTRUSTED = "certificate verify failed"  # in the words of OpenSSL
MAKE = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
try:
    SqlAlchemyStore(sys.argv[1], sys.argv[2])
except Exception as error:
    sys.exit(str(error).partition(chr(10))[0])
"""


def open_client(store: Path, uri: str | None = None, *, make: bool = True) -> MlflowClient:
    """Return a client of the store's own database, or of the server at `uri`.

    The schema is built under another name and renamed into place, so that a process killed
    meanwhile leaves nothing behind and many that start at once wait for one.

    Args:
        store: Folder of the stores.
        uri: Address of another database or server, used instead of the store's own.
        make: Make the store's own database when it is absent; readers refuse instead.

    Raises:
        StoreError: The database cannot be made or opened.
    """
    if uri is None:
        if not make and not (store / DATABASE).exists():
            raise StoreError(
                f"{store}: no MLflow store here; run a study first, or name it by --store"
            )
        _make(store.resolve())
        check_whole(store / DATABASE)
        uri = tracking_uri(store)
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except Exception as error:
        reason = hide(str(error).split("\n", 1)[0], uri)
        raise StoreError(
            f"store.mlflow: cannot open {public(uri)}: {reason}; check that the server runs and "
            "the path is right, or leave store.mlflow out"
        ) from error
    return client


def connect(store: Path, uri: str | None, *, study: str) -> tuple[MlflowClient, str]:
    """Return a client and the id of the study's experiment, for a driver that can wait.

    Raises:
        StoreError: The database cannot be made or opened, the server refuses, or is not trusted.
        MlflowException, OSError: The server does not answer; ask again later.
    """
    if uri is None or urlsplit(uri).scheme not in ("http", "https"):
        client = open_client(store, uri)
        if uri is None:
            bring_along(store)
        return client, experiment(client, study, store=store)
    try:
        client = MlflowClient(tracking_uri=uri)
        return client, experiment(client, study, store=store)
    except MlflowException as error:
        if UNTRUSTED in str(error):  # waiting does not help
            raise StoreError(
                f"store.mlflow: {public(uri)} is not trusted: {UNTRUSTED}; name the certificate to "
                "trust in MLFLOW_TRACKING_SERVER_CERT_PATH"
            ) from error
        if is_down(error):
            raise
        reason = hide(str(error).split("\n", 1)[0], uri)
        raise StoreError(
            f"store.mlflow: {public(uri)} refuses: {reason}; check the address and your rights"
        ) from error


def experiment(client: MlflowClient, name: str, *, store: Path) -> str:
    """Return the id of the study's experiment, made when absent.

    Raises:
        StoreError: The experiment was deleted in MLflow.
    """
    found = _experiment_id(client, name)
    if found is not None:
        return found
    with FileLock(store / "mlflow.lock"):
        found = _experiment_id(client, name)
        if found is not None:
            return found
        is_served = urlsplit(client.tracking_uri).scheme in ("http", "https")
        place = None if is_served else artifacts_of(store, name)  # a server has its own place
        return str(client.create_experiment(name, artifact_location=place))


def _experiment_id(client: MlflowClient, name: str) -> str | None:
    found = client.get_experiment_by_name(name)
    if found is None:
        return None
    check_active(client, found)
    return str(found.experiment_id)


def check_active(client: MlflowClient, experiment: Experiment) -> None:
    """Raise StoreError where an experiment was deleted in MLflow."""
    if experiment.lifecycle_stage != "active":
        raise StoreError(
            f"{public(client.tracking_uri)}: the experiment {experiment.name!r} was deleted in "
            f"MLflow; restore it (mlflow experiments restore -x {experiment.experiment_id}), or "
            "use another --store"
        )


def _make(store: Path) -> None:
    path = store / DATABASE
    if path.exists():
        return
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{store}: cannot be used as a store: {error.strerror}; name a writable folder"
        ) from error
    with FileLock(store / "mlflow.lock"):
        if path.exists():
            return
        with replacing(path, is_synced=True, is_alone=True) as beside:
            beside.touch()  # with the umask; sqlite would leave out the rights of a group to write
            done = subprocess.run(  # noqa: S603 -- our own interpreter and text
                [sys.executable, "-P", "-c", MAKE, f"sqlite:///{beside}", str(store / "artifacts")],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0 or not beside.stat().st_size:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                if failure := storage_failure(OSError(last)):
                    raise StoreError(f"{path}: {failure}")
                raise StoreError(f"{path}: cannot be made: {last}; check free space and rights")
        folder = os.open(store, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
