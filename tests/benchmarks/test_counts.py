"""What does not grow with a study: commits and look-ups per trial."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablate.search.contract import SearchSettings
from ablate.study.driver import run
from ablate.study.ledger import Ledger
from ablate.study.plan import make
from ablate.study.trials import Trials
from ablate.tracking.shipper import Shipper
from ablate.training.spec import RunResult, RunSpec
from benchmarks.commits import counted
from benchmarks.simulated import study

MOST_COMMITS = 7  # per trial: create, parameters, data, points, tags, status; one of Optuna


def test_commits_per_trial_are_few_and_do_not_grow(tmp_path: Path) -> None:
    config = study(tmp_path, trials=6)
    with counted() as commits:
        seen: list[int] = []
        run(config, store=tmp_path / "store", listen=lambda progress: seen.append(commits.count))
    per_trial = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert max(per_trial[1:]) <= MOST_COMMITS


def test_a_run_is_shown_once_however_many_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    begin = Shipper.begin

    def counting(self: Shipper, spec: RunSpec, *, siblings: int) -> bool:
        asked.append(spec.run_id)
        return begin(self, spec, siblings=siblings)

    monkeypatch.setattr(Shipper, "begin", counting)
    run(study(tmp_path, trials=12, slots=6), store=tmp_path / "store", listen=lambda _: None)
    assert len(asked) == len(set(asked)) == 12


class Counted(dict[int, Any]):
    """A mapping that counts how often it is looked into."""

    looks = 0

    def __contains__(self, key: object) -> bool:
        Counted.looks += 1
        return super().__contains__(key)

    def __iter__(self) -> Any:
        Counted.looks += len(self)
        return super().__iter__()

    def values(self) -> Any:
        Counted.looks += len(self)
        return super().values()


@pytest.mark.parametrize("kind", ["designed", "random"])
def test_looks_per_trial_are_the_same_at_50_and_at_500(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.study.trials.suggest", _drawn)
    reads: list[Path] = []
    read: Callable[[Path], bytes] = Path.read_bytes

    def counted(path: Path) -> bytes:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr("ablate.study.ledger.os.fsync", lambda file: None)
    looks = {}
    for count in (50, 500):
        plan = make(study(tmp_path, trials=count, kind=kind))
        ledger = Ledger(tmp_path / f"{count}")
        trials = Trials(plan, ledger)
        trials.known, trials.finished = Counted(trials.known), Counted(trials.finished)
        Counted.looks, reads[:] = 0, []
        ended = 0
        while (spec := trials.next()) is not None:
            ledger.submit(spec.run_id)
            result = RunResult(run_id=spec.run_id, state="finished", metrics={"val/qabf": 0.5})
            ledger.end(result)
            trials.finish(spec.trial)
            ended += 1
        assert ended > 0.9 * count
        assert reads == []  # the ledger is read once, at the start
        looks[count] = Counted.looks / ended
    assert looks[500] == pytest.approx(looks[50], rel=0.1)


def _drawn(settings: SearchSettings, *, number: int, **more: Any) -> dict[str, Any]:
    return {"learning_rate": 1e-4 * 1.009**number, "levels": 1}
