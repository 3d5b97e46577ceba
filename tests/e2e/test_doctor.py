"""`ablate doctor`: every sabotage of a store is named, and mended from the ledger and the folders."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ablate.study import projection
from ablate.study.publish import publish
from tests.e2e.running import SMALL, inside, results, stores

pytestmark = pytest.mark.e2e


def change(database: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def tear(store: Path) -> None:
    with (store / "quickstart" / "ledger.jsonl").open("ab") as file:
        file.write(b'{"event": "en')


def lose(store: Path) -> None:
    folder = next(path for path in sorted((store / "quickstart" / "runs").iterdir()))
    (folder / "result.json").unlink()


OF_RUNS = "run_uuid in (select run_uuid from tags where key = 'ablate.key' and value like 'run/%')"
SABOTAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a run deleted": (
        lambda store: change(
            store / "mlflow.db",
            "update runs set lifecycle_stage = 'deleted' "
            f"where rowid = (select min(rowid) from runs where {OF_RUNS})",
        ),
        "has no run, its result is finished",
    ),
    "a run left running": (
        lambda store: change(
            store / "mlflow.db",
            "update runs set status = 'RUNNING', "
            "end_time = null where rowid = "
            f"(select max(rowid) from runs where {OF_RUNS})",
        ),
        "are RUNNING without a driver",
    ),
    "a value changed": (
        lambda store: change(
            store / "mlflow.db",
            "update latest_metrics set value = value + 1 "
            "where key = 'final/val/qabf' and rowid = (select min(rowid) from "
            f"latest_metrics where key = 'final/val/qabf' and {OF_RUNS})",
        ),
        "is FINISHED with other values",
    ),
    "an optuna trial lost": (
        lambda store: change(
            store / "optuna.db",
            *(
                f"delete from {table} where trial_id = 2"
                for table in ("trials", "trial_params", "trial_values", "trial_user_attributes")
            ),
        ),
        "trial 1 is missing",
    ),
    "an optuna trial running": (
        lambda store: change(
            store / "optuna.db",
            "insert into trials (number, study_id, state) values (99, 1, 'RUNNING')",
        ),
        "1 trials are open",
    ),
    "no optuna database": (lambda store: (store / "optuna.db").unlink(), "holds no study"),
    "no mlflow database": (lambda store: (store / "mlflow.db").unlink(), "has no run"),
    "a torn ledger": (tear, "bytes at its end are not a whole event"),
    "a result lost": (lose, "has no result"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    words = [*SMALL, "phases.search.trials=2", "phases.compare.seeds=1", "executor=inline"]
    inside("run", "quickstart", *words, "--store", "s", cwd=folder)
    return folder


def test_a_whole_store_agrees(whole: Path) -> None:
    done = inside("doctor", "quickstart", "--store", "s", cwd=whole)
    assert "agree" in done.stdout


@pytest.mark.parametrize(
    "names",
    [  # two of them at once, in different databases, are both named
        ("a run deleted", "an optuna trial lost"),
        ("a run left running", "an optuna trial running"),
        ("a value changed", "no optuna database"),
        ("no mlflow database",),
        ("a torn ledger",),
        ("a result lost",),
    ],
    ids=" and ".join,
)
def test_a_sabotage_is_named_and_mended(
    whole: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    shutil.copytree(whole / "s", tmp_path / "s")
    for name in names:
        SABOTAGE[name][0](tmp_path / "s")
    before = sorted(tmp_path.rglob("*"))
    found = inside("doctor", "quickstart", "--store", "s", "--json", cwd=tmp_path, code=1)
    for name in names:
        assert any(SABOTAGE[name][1] in one["what"] for one in json.loads(found.stdout)["found"])
    assert sorted(tmp_path.rglob("*")) == before  # to look makes nothing
    inside("doctor", "quickstart", "--store", "s", "--repair", cwd=tmp_path)
    if names in (("a torn ledger",), ("a result lost",)):  # the next start goes on from there
        words = [*SMALL, "phases.search.trials=2", "phases.compare.seeds=1", "executor=inline"]
        inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path)
    assert "agree" in inside("doctor", "quickstart", "--store", "s", cwd=tmp_path).stdout
    assert results(tmp_path / "s") == results(whole / "s")
    assert stores(tmp_path / "s") == stores(whole / "s")


def test_a_repair_publishes_with_the_arithmetic_of_the_driver(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole / "s", tmp_path / "s")
    (tmp_path / "s" / "optuna.db").unlink()
    found: list[bool] = []

    def noticed(*parts: Any, **more: Any) -> Path:
        found.append(torch.are_deterministic_algorithms_enabled())
        return publish(*parts, **more)

    monkeypatch.setattr(projection, "publish", noticed)
    torch.use_deterministic_algorithms(False)
    inside("doctor", "quickstart", "--store", "s", "--repair", cwd=tmp_path)
    assert found == [True]


def test_a_study_whose_start_was_torn_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "s" / "quickstart").mkdir(parents=True)
    (tmp_path / "s" / "quickstart" / "ledger.jsonl").write_text('{"event": "st')
    for words in ([], ["--repair"]):
        done = inside("doctor", "quickstart", "--store", "s", *words, cwd=tmp_path, code=1)
        assert "holds no study quickstart; run it first" in done.stderr


def test_a_study_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    done = inside("doctor", "quickstart", "--store", "s", cwd=tmp_path, code=1)
    assert "holds no study quickstart" in done.stderr
