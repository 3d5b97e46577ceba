"""A clock that jumps back in the middle of a study: every number and every point stays."""

import itertools
import time
from pathlib import Path

import pytest

from tests.e2e.running import inside, rows

pytestmark = pytest.mark.e2e
STUDY = Path(__file__).parents[1] / "chaos" / "cold.yaml"
DAY_S = 86_400.0


def points(store: Path, table: str) -> list[tuple[str, str, int, float]]:
    """Return (our key of the run, key, step, value) of all points but facts such as seconds."""
    return rows(
        store / "mlflow.db",
        f"select k.value, m.key, m.step, m.value from {table} m join tags k "
        "on k.run_uuid = m.run_uuid and k.key = 'ablate.key' where m.key not like 'facts/%' "
        "and m.key not like 'system/%' "
        "order by 1, 2, 3",
    )


def test_a_clock_that_jumps_back_a_day_changes_no_number_and_loses_no_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train.steps=12", "phases.pilot.seeds=2", "executor=inline"]
    inside("run", str(STUDY), *words, "--store", "whole", cwd=tmp_path)

    calls, now, now_ns = itertools.count(), time.time, time.time_ns

    def back_s() -> float:
        return DAY_S if next(calls) > 15 else 0.0  # in the middle of a run

    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: now() - back_s())
        clock.setattr(time, "time_ns", lambda: now_ns() - int(back_s() * 1e9))
        inside("run", str(STUDY), *words, "--store", "jumped", cwd=tmp_path)
    stamps = [
        stamp
        for (stamp,) in rows(tmp_path / "jumped" / "mlflow.db", "select timestamp from metrics")
    ]
    assert max(stamps) - min(stamps) > DAY_S * 1000 / 2
    for table in ("metrics", "latest_metrics"):
        assert points(tmp_path / "jumped", table) == points(tmp_path / "whole", table)
    assert "agree" in inside("doctor", str(STUDY), *words, "--store", "jumped", cwd=tmp_path).stdout
