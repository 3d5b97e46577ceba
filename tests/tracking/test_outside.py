"""The UI over a store that somebody else made shows no file outside of it."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.tracking import ui
from ablate.tracking.outside import check_inside, check_no_links_of_ui
from tests.command_line import typed


def made(store: Path, **changes: str) -> Path:
    """Make the tables that hold addresses; `changes` names the address of one of them."""
    store.mkdir(exist_ok=True)
    inside = (store / "artifacts" / "s" / "r" / "artifacts").as_uri()
    rows = {
        "experiments": ("experiment_id, name, artifact_location", "1, 's'"),
        "runs": ("run_uuid, artifact_uri", "'r'"),
        "logged_models": ("model_id, artifact_location", "'m'"),
        "model_versions": ("name, source, storage_location", "'v', 'models:/m-1'"),
        "trace_tags": ("request_id, key, value", "'t', 'mlflow.artifactLocation'"),
    }
    with contextlib.closing(sqlite3.connect(store / "mlflow.db")) as database, database:
        for table, (columns, values) in rows.items():
            database.execute(f"create table {table} ({columns})")
            address = changes.get(table, inside)
            database.execute(f"insert into {table} values ({values}, ?)", (address,))
        database.execute("insert into experiments values (0, 'Default', '/elsewhere/artifacts/0')")
    return store


def test_a_store_of_ones_own_is_shown(tmp_path: Path) -> None:
    check_inside(made(tmp_path / "a b%20c"))


@pytest.mark.parametrize(
    "table", ["experiments", "runs", "logged_models", "model_versions", "trace_tags"]
)
@pytest.mark.parametrize(
    "address",
    [
        "file:///etc",
        "/etc",
        "{store}/artifacts/../../victim",
        "file://{store}/artifacts/%2e%2e/%2E%2E/victim",
        "file://{store}/artifacts-of-another/x",
        "file://host{store}/artifacts/s",
        "{store}/artifacts/link/x",
        "s3://bucket/x",
        "http://127.0.0.1:1/x",
        "mlflow-artifacts:/x",
        "file:etc",
        "file:///\0",
        "..",
        "{store}",
    ],
)
def test_an_address_outside_of_the_artifacts_is_refused(
    tmp_path: Path, table: str, address: str
) -> None:
    store = tmp_path / "store"
    made(store, **{table: address.format(store=store)})
    (store / "artifacts").mkdir()
    (store / "artifacts" / "link").symlink_to("/etc")
    with pytest.raises(StoreError, match=r"outside the store .*--rebuild mlflow") as caught:
        check_inside(store)
    assert "\n" not in str(caught.value)


def _database(store: Path, victim: Path) -> None:
    (store / "mlflow.db").symlink_to(victim)


def _log(store: Path, victim: Path) -> None:
    (store / "mlflow.db-wal").symlink_to(victim)


def _lock(store: Path, victim: Path) -> None:
    (store / "mlflow.lock").symlink_to(victim)


def _folder(store: Path, victim: Path) -> None:
    (store / "artifacts").symlink_to(victim.parent)


def _file(store: Path, victim: Path) -> None:
    (store / "artifacts" / "s" / "r").mkdir(parents=True)
    (store / "artifacts" / "s" / "r" / "x.png").symlink_to(victim)


@pytest.mark.parametrize("plant", [_database, _log, _lock, _folder, _file])
def test_no_link_of_a_store_is_followed_by_the_ui(
    tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    store, victim = tmp_path / "store", tmp_path / "victim" / "file"
    store.mkdir()
    victim.parent.mkdir()
    victim.write_bytes(b"mine")
    plant(store, victim)
    with pytest.raises(StoreError, match="a link, which a store does not hold"):
        check_no_links_of_ui(store)
    answer = typed("ui", "--store", str(store), "--port", "5871", cwd=tmp_path)
    assert answer.returncode == 1
    assert "a link, which a store does not hold" in answer.stderr
    assert victim.read_bytes() == b"mine"


def test_the_links_of_a_store_are_not_given_where_it_names_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    from ablate.tracking.store import experiment, open_client

    store = tmp_path / "store"
    client: MlflowClient = open_client(store)
    run = client.create_run(experiment(client, "mine", store=store))
    assert set(ui.links(store, port=5001)) == {"mine"}
    with contextlib.closing(sqlite3.connect(store / "mlflow.db")) as database, database:
        database.execute("update runs set artifact_uri = 'file:///etc'")
    with pytest.raises(StoreError, match=f"the run {run.info.run_id} has its files outside"):
        ui.links(store, port=5001)
