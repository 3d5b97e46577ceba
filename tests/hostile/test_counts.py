"""Counts and sizes that a store claims cost neither time nor memory."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablate import whole_files
from ablate.config.schema import Phase
from ablate.errors import StoreError
from ablate.execution.run_folder import read_result, read_spec
from ablate.store_folder import open_store
from ablate.study.beginning import begun
from ablate.study.ledger import Ledger
from ablate.study.open_runs import whole_bytes
from ablate.study.planned import SearchPlan
from ablate.study.run_progress import progress_of
from ablate.study.suggestions import Suggestions
from ablate.whole_files import MOST_BYTES, damaged, read_bounded
from ablate.writing import write_json

HUGE = 10**12
MOST_S = 2.0


def hole(path: Path, *, size: int = HUGE) -> Path:
    """Make a file that takes no room and claims to be as large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("command", ["status", "doctor", "backup"])
def test_a_huge_ledger_is_refused(ablate: Callable[..., Any], tmp_path: Path, command: str) -> None:
    hole(tmp_path / "store" / "quickstart" / "ledger.jsonl")
    words = ["copy"] if command == "backup" else []
    answer = ablate(command, "quickstart", *words, "--store", tmp_path / "store")
    answer.refuses("ledger.jsonl: larger than 512 MiB", codes=(1,))


def test_readers_of_a_study_refuse_or_leave_out_huge_files(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "r"
    for name in ("result.json", "spec.json", "journal.jsonl"):
        hole(run / name)
    with pytest.raises(StoreError, match=r"result\.json: larger than"):
        read_result(run)
    assert read_spec(run) is None
    assert progress_of(run) is None
    assert set(Ledger(tmp_path).unreadable) == set()  # not begun: nothing is read
    (tmp_path / "ledger.jsonl").write_bytes(b'{"event": "start", "format": 1}\n')
    assert set(Ledger(tmp_path).unreadable) == {"r"}
    hole(tmp_path / "ledger.jsonl")
    assert begun(tmp_path).header == {}
    assert whole_bytes(tmp_path) == 0


def test_a_file_that_is_no_file_and_has_no_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "MOST_BYTES", 1 << 20)
    with pytest.raises(StoreError, match="larger than"):
        read_bounded(Path("/dev/zero"))


def test_a_checksum_of_a_huge_file_is_not_computed_where_its_size_is_wrong(tmp_path: Path) -> None:
    hole(tmp_path / "a.bin")
    write_json(tmp_path / "checksums.json", {"a.bin": [5, "x"]})
    begins = time.process_time()
    assert damaged(tmp_path) == {"a.bin": f"has {HUGE} bytes instead of 5"}
    assert time.process_time() - begins < MOST_S


def test_a_search_that_claims_a_billion_trials_is_not_counted_through() -> None:
    begins = time.process_time()
    phase = Phase(name="hunt", design="search", trials=3)
    search = Suggestions(SearchPlan(phase=phase, first=0, trials=3, reserved=10**9))
    assert search.asked({5: {}, 0: {}, 10**9: {}}, {}) == [0, 5]
    assert time.process_time() - begins < MOST_S


def test_the_bound_lies_above_a_ledger_of_a_million_trials() -> None:
    event = b'{"event": "asked", "trial": 1000000, "values": {"ratio": 0.6861356773395032}}'
    assert len(event) * 10**6 < MOST_BYTES


def test_a_path_longer_than_sqlite_takes_is_refused(tmp_path: Path) -> None:
    long = tmp_path.joinpath(*["d" * 100] * 5)
    with pytest.raises(StoreError, match="sqlite opens no database below a path of more than 470"):
        open_store(long, "s")
    assert not long.exists()


def test_a_name_longer_than_a_file_may_have_is_one_line(ablate: Callable[..., Any]) -> None:
    for words in (["check", "n" * 300], ["data", "verify", "folders", "n" * 300]):
        ablate(*words).refuses("File name too long; use a shorter one")
