"""Damaged databases: named in one line, built anew from ledger and journals, with equal tables."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import ablate, inside

pytestmark = pytest.mark.e2e
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["data.pairs.train=1", "data.pairs.val=1", "data.pairs.test=1"]
ROWS = {
    "mlflow": "select m.key, m.value, m.step, r.name, case when m.key like 'train/%' "
    "then m.timestamp end from metrics m join runs r using (run_uuid) order by 1, 3, 4",
    "optuna": "select t.number, t.state, v.value from trials t "
    "left join trial_values v using (trial_id) order by 1",
}


def rows(store: Path, part: str) -> list[Any]:
    with sqlite3.connect(store / f"{part}.db") as database:
        found = database.execute(ROWS[part]).fetchall()
    database.close()
    return [row for row in found if not str(row[0]).startswith("system/")]


@pytest.mark.slow  # a process of its own for each command: MLflow keeps a database open
def test_a_damaged_database_is_named_and_built_anew(tmp_path: Path) -> None:
    inside("run", STUDY, *WORDS, "--store", "s", cwd=tmp_path)
    store = tmp_path / "s"
    for part in ROWS:
        before, path = rows(store, part), store / f"{part}.db"
        assert before
        content = path.read_bytes()
        path.write_bytes(content[:4096] + bytes(8 * 4096) + content[9 * 4096 :])
        refused = ablate("run", STUDY, *WORDS, "--store", "s", cwd=tmp_path, code=1)
        assert refused.stderr.count(f"{part}.db: damaged") == 1
        assert f"ablate doctor STUDY --rebuild {part}" in refused.stderr
        words = ["doctor", STUDY, "--store", "s"]
        ablate(*words, "--rebuild", part, cwd=tmp_path)
        assert rows(store, part) == before
        assert "agree" in ablate(*words, cwd=tmp_path).stdout
        assert list(store.glob(f"{part}.db.damaged-*"))
    ablate("backup", STUDY, "copy", "--store", "s", cwd=tmp_path)
    ablate("doctor", STUDY, "--repair", "--store", "copy", cwd=tmp_path)
    for part in ROWS:
        assert rows(tmp_path / "copy", part) == rows(store, part)
