"""Caches of a store: found, measured, removed, and left alone while a study reads them."""

import json
import socket
from pathlib import Path

import pytest

from ablate.cli.main import main
from ablate.errors import StoreError
from ablate.study import caches
from ablate.study import study_lock as locking
from ablate.study.study_lock import SIGN, study_lock


def filled(store: Path) -> Path:
    """Return a store with caches of this and of an earlier version, and with a result."""
    for name, size in {
        ".cache/pairs/abc-1/one.npy": 3000,
        ".cache/statistics/one-vif.safetensors": 2000,
        "old/cache/statistics/two-qabf.safetensors": 500,
        "old/runs/r1/result.json": 7,
        "old/ledger.jsonl": 0,
        "new/ledger.jsonl": 0,
        "store.json": 0,
    }.items():
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(b"x" * size)
    (store / "store.json").write_text('{"format": 1}')
    return store


def files(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}


def gc(store: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(["gc", "--store", str(store), *words])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_caches_go_and_results_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = filled(tmp_path)
    text = gc(store, capsys=capsys)
    assert files(store) == {
        "old/runs/r1/result.json",
        "old/ledger.jsonl",
        "new/ledger.jsonl",
        "store.json",
    }
    assert f"{store}/.cache/pairs: decoded pairs, 0.0 MB, removed" in text
    assert text.splitlines()[-1] == f"{store}: 0.0 MB freed"
    assert gc(store, capsys=capsys) == f"{store}: 0.0 MB freed\n"


def test_a_dry_run_counts_and_removes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = filled(tmp_path)
    before = files(store)
    facts = json.loads(gc(store, "--dry-run", "--json", capsys=capsys))
    assert files(store) == before
    assert facts["bytes"] == 5500 == sum(one["bytes"] for one in facts["removed"])
    assert [one["kind"] for one in facts["removed"]] == [
        "decoded pairs",
        "source statistics",
        "of an earlier version",
    ]


def test_what_a_running_study_reads_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = filled(tmp_path)
    with study_lock(store / "new", "new"):
        text = gc(store, capsys=capsys)
    assert "kept: new is running" in text
    assert (store / ".cache/pairs/abc-1/one.npy").exists()
    assert not (store / "old/cache").exists()  # of a study that nobody runs


@pytest.mark.parametrize("lives", [True, False])
def test_a_driver_on_another_machine_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: bool
) -> None:
    monkeypatch.setattr(locking, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(locking, "WATCHED_S", 0.05)
    store, beats = filled(tmp_path), iter(range(100))
    plain = locking._read

    def read(sign: Path) -> dict[str, object]:
        found = plain(sign)
        return {**found, "beats": next(beats)} if found and lives else found

    monkeypatch.setattr(locking, "_read", read)
    (store / "new" / SIGN).write_text(json.dumps({"host": f"not-{socket.gethostname()}"}))
    assert {cache.users for cache in caches.find(store)} == ({("new",), ()} if lives else {()})


def test_what_a_killed_removal_left_goes_the_next_time(tmp_path: Path) -> None:
    store = filled(tmp_path)
    (store / ".cache/pairs").rename(store / ".cache/.gone-1234")
    with study_lock(store / "new", "new"):  # nobody reads what is being removed
        for cache in caches.find(store):
            if not cache.users:
                caches.remove(cache)
    assert {path.name for path in (store / ".cache").iterdir()} == {"statistics"}


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such store; name its folder with --store"):
        caches.find(tmp_path / "absent")
