import importlib.util
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from ablate.errors import StoreError
from ablate.tracking import store as store_module
from ablate.tracking import ui
from ablate.tracking.address import tracking_uri
from ablate.tracking.store import experiment, open_client

OPEN = (
    "import sys; from pathlib import Path\n"
    "from ablate.tracking.store import experiment, open_client\n"
    "store = Path(sys.argv[1])\n"
    "print(experiment(open_client(store), 'q', store=store))\n"
)


def test_a_store_is_one_database_and_its_artifacts(client: MlflowClient, store: Path) -> None:
    made = client.create_run(experiment(client, "layout", store=store)).info
    client.log_dict(made.run_id, {}, "a.json")
    assert (store / "artifacts" / "layout" / made.run_id / "artifacts" / "a.json").exists()
    assert {path.name for path in store.iterdir()} == {"mlflow.db", "mlflow.lock", "artifacts"}


def test_an_experiment_is_made_once(client: MlflowClient, store: Path) -> None:
    first = experiment(client, "once", store=store)
    assert experiment(open_client(store), "once", store=store) == first


def test_opening_a_store_leaves_mlflow_itself_as_it_was(
    client: MlflowClient, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    found = open_client(store)
    found.create_run(experiment(found, "global", store=store))
    assert mlflow.active_run() is None
    assert mlflow.get_tracking_uri() != tracking_uri(store)
    assert dict(os.environ) == before
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_deleted_in_mlflow_is_refused_with_the_mend(
    client: MlflowClient, store: Path
) -> None:
    client.delete_experiment(experiment(client, "gone", store=store))
    with pytest.raises(StoreError, match=r"'gone' was deleted.*restore"):
        experiment(client, "gone", store=store)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"mlflow\.db: damaged .*--rebuild mlflow") as caught:
        open_client(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_store_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="writable folder"):
        open_client(tmp_path / "file" / "store")


def test_a_reader_does_not_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run a study first"):
        open_client(tmp_path / "none", make=False)
    assert list(tmp_path.iterdir()) == []


def test_the_links_of_the_ui_show_the_trials_of_each_study(
    client: MlflowClient, store: Path, tmp_path: Path
) -> None:
    number = experiment(client, "linked", store=store)
    found = ui.links(store, port=5001)
    page = f"http://127.0.0.1:5001/#/experiments/{number}/runs?"
    assert [link.startswith(page) for link in found["linked"].values()] == [True]
    assert "Default" not in found
    with pytest.raises(StoreError, match="--store"):
        ui.links(tmp_path, port=5001)


def test_a_disk_that_is_full_when_the_database_is_made_is_named(tmp_path: Path) -> None:
    spec = importlib.util.find_spec(store_module.__name__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)  # other tests have made databases quicker in it
    spec.loader.exec_module(fresh)
    fresh.MAKE = "import sys; sys.exit('(sqlite3.OperationalError) database or disk is full')"  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match=r"mlflow\.db: the disk is full; free space$"):
        fresh.open_client(tmp_path / "s")
    fresh.MAKE = "import sys; sys.exit('no such module')"  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="cannot be made: no such module; check free space"):
        fresh.open_client(tmp_path / "s")
    assert not (tmp_path / "s" / "mlflow.db").exists()


@pytest.mark.slow
def test_processes_that_open_a_fresh_store_at_once_share_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "store")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    ended: list[Any] = [(process.communicate(), process.returncode) for process in started]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert len({out for (out, _), _ in ended}) == 1


@pytest.mark.slow
def test_a_store_whose_maker_was_killed_is_made_by_the_next(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN, str(tmp_path)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".mlflow.db.*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:  # a busy disk holds the maker's last write
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    assert not (tmp_path / "mlflow.db").exists()
    assert open_client(tmp_path).search_experiments()[0].name == "Default"
    assert not list(tmp_path.glob(".mlflow*"))
