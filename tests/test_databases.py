"""Damaged SQLite files are named with the way on; whole and absent ones pass."""

import sqlite3
from pathlib import Path

import pytest

from ablate.databases import check_whole, put_aside
from ablate.errors import StoreError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as made:
        made.execute("create table runs (id integer primary key, text text)")
        made.executemany("insert into runs (text) values (?)", [("x" * 500,)] * 400)
    made.close()
    return path


def test_a_whole_an_absent_and_a_locked_one_pass(database: Path) -> None:
    check_whole(database)
    check_whole(database.with_name("absent.db"))
    with sqlite3.connect(database, isolation_level=None) as held:
        held.execute("begin immediate")
        check_whole(database)
    held.close()


def zeroed(content: bytes) -> bytes:
    return content[:8192] + bytes(16384) + content[24576:]


def torn(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("damage", [zeroed, torn, lambda content: b"", lambda content: b"x" * 99])
def test_a_damaged_one_is_named_with_the_way_on(database: Path, damage: object) -> None:
    assert callable(damage)
    database.write_bytes(damage(database.read_bytes()))
    with pytest.raises(StoreError, match="doctor STUDY --rebuild mlflow") as raised:
        check_whole(database)
    assert str(database) in str(raised.value)
    assert "\n" not in str(raised.value)
    aside = put_aside(database)
    assert aside is not None
    assert aside.exists()
    assert not database.exists()
    assert put_aside(database) is None
