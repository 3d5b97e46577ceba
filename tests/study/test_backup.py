"""A copy of a study that is made while a driver may be writing."""

from pathlib import Path

import pytest

from ablate.errors import StoreError, UnknownNameError
from ablate.study.backup import backup


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "s"
    for run, files in {
        "ended": ("result.json", "checksums.json", "journal.jsonl", "fused/a.png", "shipped.json"),
        "open": ("journal.jsonl", "checkpoint.pt", "worker.lock", ".result.json.1a"),
    }.items():
        for name in files:
            path = store / "mine" / "runs" / run / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{run} {name}")
    (store / "mine" / "ledger.jsonl").write_bytes(b'{"event": "start"}\n{"event": "sub')
    return store


def test_a_backup_holds_whole_events_and_what_runs_go_on_from(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    assert backup("mine", store=store, target=target) == 1
    found = {
        path.relative_to(target / "mine").as_posix()
        for path in (target / "mine").rglob("*")
        if path.is_file()
    }
    assert found == {
        "ledger.jsonl",
        "runs/ended/result.json",
        "runs/ended/checksums.json",
        "runs/ended/journal.jsonl",
        "runs/ended/fused/a.png",
        "runs/open/journal.jsonl",
        "runs/open/checkpoint.pt",
    }
    assert (target / "mine" / "ledger.jsonl").read_bytes() == b'{"event": "start"}\n'
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_backup_replaces_nothing(store: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is there already"):
        backup("mine", store=store, target=store)
    with pytest.raises(UnknownNameError, match="mine"):
        backup("mind", store=store, target=tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
