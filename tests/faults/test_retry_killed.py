"""A driver killed right after --retry had set failures aside: the next start mends both stores."""

from pathlib import Path

import pytest

from ablate.models.probe import Probe
from ablate.study.ledger import Ledger
from tests.e2e.running import inside, stores

pytestmark = pytest.mark.e2e
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["phases.pilot.seeds=2", "executor=inline", "--store", "s"]


def test_no_store_keeps_the_failure_that_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, forward = [0], Probe.forward

    def fails_first(self: Probe, **images: object) -> object:
        calls[0] += 1
        if calls[0] == 1:
            raise TypeError("a bug on the way")
        return forward(self, **images)  # type: ignore[arg-type]

    monkeypatch.setattr(Probe, "forward", fails_first)
    inside("run", STUDY, *WORDS, cwd=tmp_path, code=3)
    assert sorted(stores(tmp_path / "s")["optuna"])[-1] in ("COMPLETE", "FAIL")
    ledger = Ledger(tmp_path / "s" / "cold")
    assert len(ledger.forget_failures(set(ledger.results))) == 1  # and killed here

    inside("run", STUDY, *WORDS, cwd=tmp_path)
    found = stores(tmp_path / "s")
    assert {state for state, _ in found["mlflow"]} == {"FINISHED"}
    assert len({key for _, key in found["mlflow"]}) == len(found["mlflow"]) == 4
    assert set(found["optuna"]) == {"COMPLETE"}
    assert "agree" in inside("doctor", STUDY, *WORDS, cwd=tmp_path).stdout
