"""A store that was moved or copied writes and reads where it is, and nothing where it was."""

import shutil
import sqlite3
from collections import OrderedDict
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from mlflow.tracking._tracking_service import utils

from ablate.errors import StoreError
from ablate.tracking.moved import bring_along
from ablate.tracking.reader import read
from ablate.tracking.store import connect, open_client
from tests.tracking.test_reader import published as published

NAME = "mine@2"


@pytest.fixture
def old(tmp_path: Path, client: MlflowClient, store: Path, published: Path) -> Path:
    """Return a store with a study that has published, and an experiment of somebody else."""
    assert client
    folder = tmp_path / "old störe"
    folder.mkdir()
    shutil.copyfile(store / "mlflow.db", folder / "mlflow.db")
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        database.execute("delete from runs")
        database.execute("delete from experiments where name <> 'Default'")
    mine, number = connect(folder, None, study=NAME)
    run = mine.create_run(number, tags={"ablate.kind": "study"})
    mine.log_artifacts(run.info.run_id, str(published), "study")
    theirs = mine.create_experiment("theirs", artifact_location=(tmp_path / "else" / "1").as_uri())
    mine.create_run(theirs)
    return folder


def addresses(store: Path) -> dict[str, tuple[str, str]]:
    """Return experiment -> its address and that of its first run."""
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        found = database.execute(
            "select e.name, artifact_location, artifact_uri from experiments e join runs r "
            "on r.experiment_id = e.experiment_id"
        )
        return {name: (place, uri) for name, place, uri in found}


def title(store: Path) -> str:
    return str(read(open_client(store), study=NAME).facts["title"])


def test_a_moved_store_is_written_where_it_is(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utils, "_artifact_repos_cache", OrderedDict())  # as in another process
    theirs = addresses(old)["theirs"]
    new = tmp_path / "new 100%"
    old.rename(new)
    assert title(new) == "Größe"  # readers change nothing
    assert str(tmp_path / "old") in addresses(new)[NAME][0].replace("%20", " ")

    client, number = connect(new, None, study=NAME)
    (run,) = client.search_runs([number])
    client.log_text(run.info.run_id, "later", "study/note.txt")
    client.log_text(client.create_run(number).info.run_id, "later", "note.txt")
    assert len(list(new.glob(f"artifacts/{NAME}/*/artifacts/**/note.txt"))) == 2
    assert client.download_artifacts(run.info.run_id, "study/facts.json")
    assert not old.exists()
    assert addresses(new)["theirs"] == theirs


def test_a_copy_has_its_own_artifacts_and_the_first_keeps_its_own(
    old: Path, tmp_path: Path
) -> None:
    before = addresses(old)
    new = tmp_path / "copy"
    shutil.copytree(old, new)
    (facts,) = old.rglob("facts.json")
    facts.write_text('{"title": "went on"}')
    assert (title(old), title(new)) == ("went on", "Größe")
    assert bring_along(new) == [NAME]
    assert (title(old), title(new)) == ("went on", "Größe")
    assert addresses(old) == before
    assert all(uri.startswith(place) for place, uri in addresses(new).values())


def test_a_store_that_stays_is_not_written(old: Path) -> None:
    before = (old / "mlflow.db").read_bytes()
    assert bring_along(old) == []
    assert (old / "mlflow.db").read_bytes() == before


def test_a_database_that_was_moved_without_its_artifacts_is_refused(
    old: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (old / "mlflow.db").rename(new / "mlflow.db")
    before = addresses(new)
    with pytest.raises(
        StoreError, match=r"old störe/artifacts/mine@2; move that folder into .*new"
    ):
        connect(new, None, study=NAME)
    assert addresses(new) == before
