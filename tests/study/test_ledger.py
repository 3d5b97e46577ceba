import json
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.store_folder import open_store
from ablate.study.ledger import Ledger
from ablate.training.spec import RunResult
from ablate.writing import write_json

HEADER = {"design_hash": "d1", "data_hash": "h1"}


def test_a_reopened_ledger_knows_the_suggestions_and_the_results(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.start(HEADER)
    ledger.ask(3, {"ratio": 0.5})
    folder = ledger.run_folder("abc")
    folder.mkdir(parents=True)
    result = RunResult(run_id="abc", state="finished", metrics={"val/qabf": 0.5})
    write_json(folder / "result.json", result.to_json())
    again = Ledger(tmp_path)
    assert again.asked == {3: {"ratio": 0.5}}
    assert again.results == {"abc": result}
    assert again.counts() == {"finished": 1, "pruned": 0, "failed": 0}


def test_the_torn_last_line_of_a_killed_driver_is_cut_and_the_rest_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.start(HEADER)
    ledger.ask(0, {"levels": 2})
    with ledger.path.open("ab") as file:
        file.write(b'{"event": "asked", "trial": 1, "val')
    again = Ledger(tmp_path)
    assert again.asked == {0: {"levels": 2}}
    again.ask(1, {"levels": 3})
    lines = again.path.read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["start", "asked", "asked"]


def test_a_failure_that_is_tried_again_starts_over_and_is_kept_beside(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.start(HEADER)
    folder = ledger.run_folder("abc")
    folder.mkdir(parents=True)
    for name in ("journal.jsonl", "checkpoint.pt", "checkpoint.before.pt"):
        (folder / name).write_text("of the first attempt")
    result = RunResult(run_id="abc", state="failed", reason="error: a bug")
    write_json(folder / "result.json", result.to_json())
    again = Ledger(tmp_path)
    assert again.forget_failures({"abc"}) == ["abc"]
    assert {path.name for path in folder.iterdir()} == {
        "attempt1.journal.jsonl",
        "attempt1.result.json",
    }
    assert Ledger(tmp_path).results == {}


@pytest.mark.parametrize("key", ["design_hash", "data_hash"])
def test_another_design_or_other_data_is_refused(tmp_path: Path, key: str) -> None:
    Ledger(tmp_path).start(HEADER)
    with pytest.raises(StoreError, match="another --store"):
        Ledger(tmp_path).start({**HEADER, key: "other"})


def test_a_store_of_another_version_is_refused_with_the_mend(tmp_path: Path) -> None:
    open_store(tmp_path, "s")
    (tmp_path / "store.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match=r"format 99.*another --store"):
        open_store(tmp_path, "s")


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--store"):
        open_store(tmp_path / "file", "s")


@pytest.mark.parametrize("name", ["q?x=1", "p%20c", "new\nline", "turned\u202e"])
def test_a_folder_that_no_address_of_a_database_can_hold_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(StoreError, match="name another folder"):
        open_store(tmp_path / name, "s")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b ü", "h#sh", "100%", "s;s"])
def test_a_folder_of_an_odd_name_is_taken(tmp_path: Path, name: str) -> None:
    assert open_store(tmp_path / name, "s").is_dir()
