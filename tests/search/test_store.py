"""The Optuna store: whole or absent, also when a kill hits while it is made."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from ablate.errors import StoreError
from ablate.search.store import TrialStore, default_url


def opened(folder: Path, url: str | None = None) -> TrialStore:
    return TrialStore(
        url or default_url(folder),
        study="small",
        directions=["maximize"],
        lock=folder / "optuna.lock",
    )


def test_a_kill_while_the_store_is_made_leaves_none_and_the_next_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = optuna.storages.RDBStorage

    def killed(url: str, **settings: Any) -> None:
        make(url, **settings)
        with sqlite3.connect(url.removeprefix("sqlite:///")) as half:
            half.execute("DROP INDEX ix_studies_study_name")  # as between the two steps of Optuna
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(optuna.storages, "RDBStorage", killed)
        with pytest.raises(KeyboardInterrupt):
            opened(tmp_path)
    assert not (tmp_path / "optuna.db").exists()

    opened(tmp_path)
    opened(tmp_path)
    with sqlite3.connect(tmp_path / "optuna.db") as whole:
        assert whole.execute("SELECT study_name FROM studies").fetchall() == [("small",)]
        with pytest.raises(sqlite3.IntegrityError):
            whole.execute("INSERT INTO studies (study_name) VALUES ('small')")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["optuna.db", "optuna.lock"]


def test_a_store_in_memory_and_one_by_address_open(tmp_path: Path) -> None:
    assert opened(tmp_path, "sqlite:///:memory:").states() == {}
    assert opened(tmp_path, f"sqlite:///{tmp_path / 'other.db'}").states() == {}
    assert (tmp_path / "other.db").exists()


def test_a_store_where_no_file_can_be_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"store.optuna: cannot open sqlite:.*; check the path"):
        opened(tmp_path, f"sqlite:///{tmp_path}/none/other.db")


def test_a_disk_that_is_full_when_the_store_is_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(url: str, **settings: Any) -> None:
        with closing(sqlite3.connect(":memory:")) as small:
            small.execute("pragma max_page_count = 1")
            small.execute("create table t (x)")

    monkeypatch.setattr(optuna.storages, "RDBStorage", full)
    with pytest.raises(StoreError, match=r"optuna\.db: the disk is full; free space$"):
        opened(tmp_path)
    assert not (tmp_path / "optuna.db").exists()
