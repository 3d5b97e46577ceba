"""Two users on one store: who owns what is said in one line, and a group can share it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.homes import user_name
from ablate.search.store import _make as make_optuna
from ablate.store_folder import check_rights, check_version, open_store
from ablate.tracking.store import _make as make_mlflow

STRANGER = 54_321  # a user without a name
ME = user_name(os.geteuid())
READER = str(STRANGER) if os.geteuid() == 0 else ME  # rights do not stop root


def as_stranger(work: Callable[[], object]) -> str:
    """Return what a process of another user says of its StoreError, "" where it has none."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        said = "it ended otherwise"
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(STRANGER)
                os.setuid(STRANGER)
            work()
            said = ""
        except StoreError as error:
            said = str(error)
        finally:
            os.write(writes, said.encode())
            os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with os.fdopen(reads, encoding="utf-8") as answer:
        return answer.read()


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that every user reaches, in which everybody may make files."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(
            ("pytest", "popen", "test_")
        ):
            folder.chmod(0o755)
    (tmp_path / "place").mkdir()
    (tmp_path / "place").chmod(0o777)
    return tmp_path / "place"


def test_a_private_store_names_its_owner(place: Path) -> None:
    with umask(0o077):
        open_store(place / "store", "s")
    if READER == ME:
        (place / "store").chmod(0o000)
    said = as_stranger(lambda: check_version(place / "store"))
    assert said.startswith(f"{place / 'store'}: belongs to {ME} (d")
    assert f"cannot be read by {READER}; use a store of your own (--store)" in said
    assert f"chmod -R {'u' if READER == ME else 'g'}+rX {place / 'store'}" in said
    assert "\n" not in said
    (place / "store").chmod(0o700)


def test_a_folder_above_is_named(place: Path) -> None:
    open_store(place / "store", "s")
    place.chmod(0o700 if READER != ME else 0o000)
    said = as_stranger(lambda: check_version(place / "store"))
    place.chmod(0o700)
    assert said.startswith(f"{place}: belongs to {ME}")


@pytest.mark.parametrize(
    "name", ["", "mlflow.db", "s", "s/ledger.jsonl", "s/driver.lock", "s/runs/r"]
)
def test_what_a_second_user_may_read_and_not_write_is_named_before_a_run(
    place: Path, name: str
) -> None:
    store = place / "store"
    with umask(0):
        open_store(store, "s")
        (store / "s" / "runs" / "r").mkdir(parents=True)
        for file in ("mlflow.db", "s/ledger.jsonl", "s/driver.lock", "s/links.json"):
            (store / file).touch()
    assert as_stranger(lambda: open_store(store, "s")) == ""
    (store / "s" / "links.json").chmod(0o444)  # is replaced, which the folder allows
    assert as_stranger(lambda: open_store(store, "s")) == ""
    path = store / name
    path.chmod(0o555)
    said = as_stranger(lambda: open_store(store, "s"))
    path.chmod(0o755)
    assert said.startswith(f"{path}: belongs to {ME} (")
    assert f"cannot be written by {READER}; " in said
    way = "" if READER == ME else f"chgrp -R GROUP {store}, "
    assert f"{way}chmod -R {'u' if READER == ME else 'g'}+rwX {store}" in said
    assert as_stranger(lambda: check_version(store)) == ""  # and can be read


def test_an_absent_store_is_nobodys(place: Path) -> None:
    check_rights(place, [place / "none", place / "none" / "below"])
    assert as_stranger(lambda: open_store(place / "mine", "s")) == ""


def test_a_database_of_optuna_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    for name, mask, rights in (("ours.db", 0o002, 0o664), ("mine.db", 0o077, 0o600)):
        with umask(mask):
            make_optuna(f"sqlite:///{tmp_path / name}")
        assert (tmp_path / name).stat().st_mode & 0o777 == rights
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.slow
def test_a_database_of_mlflow_can_be_written_by_the_group_of_its_store(tmp_path: Path) -> None:
    with umask(0o002):
        make_mlflow(tmp_path)
    assert (tmp_path / "mlflow.db").stat().st_mode & 0o777 == 0o664
    assert (tmp_path / "mlflow.db").stat().st_size > 0
