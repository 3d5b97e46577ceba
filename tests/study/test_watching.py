"""What `ablate watch` sees of a study, and the study that `ablate promote` writes."""

from pathlib import Path

import pytest

from ablate import config
from ablate.errors import ConfigError
from ablate.study.ledger import Ledger
from ablate.study.names import known
from ablate.study.promoting import Promotion, write
from ablate.study.trials import Trials
from ablate.study.watching import Running, Watcher, bars, note_planned
from ablate.writing import write_json
from tests.study.test_search_phases import ended, keep, plan_of


def test_a_look_counts_and_shows_the_best_and_the_last_score(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, defaults=4)
    ledger = Ledger(tmp_path / "store")
    trials, values, watcher = Trials(plan, ledger), [], Watcher(tmp_path / "store")
    assert watcher.look().lines() == [
        "store: nothing has ended, 0 running; no driver of this machine is at work"
    ]
    for _ in range(4):
        spec = trials.next()
        assert spec is not None
        result = ended(spec)
        keep(ledger, result)
        write_json(ledger.run_folder(spec.run_id) / "spec.json", spec.to_json())
        trials.finish(spec.trial)
        values.append(result.metrics["val/qabf"])
        found = watcher.look()
        assert found.last is not None
        assert found.best is not None
        assert (found.last.value, found.best.value) == (values[-1], max(values))
        assert found.scores == tuple(values)
    lines = found.lines()
    assert lines[0].startswith("store: 4 finished, 0 running")
    assert f"best {max(values):.4f} trial {values.index(max(values))}" in lines[2]
    assert lines[3] == f"scores {bars(values)}"
    assert Watcher(tmp_path / "store").look().counts == {"finished": 4}
    note_planned(tmp_path / "store", 12)
    assert watcher.look().headline().startswith("store: 4 of 12 ended (4 finished), 0 running;")


def test_time_left_is_that_of_all_runs_at_the_usual_pace(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher._runs_s.extend([8.0, 10.0, 30.0])
    watcher._ended = dict.fromkeys("abc")  # type: ignore[assignment]
    running = [
        Running(name=name, step=1, steps=2, left_s=left) for name, left in (("d", 4), ("e", None))
    ]
    assert watcher._left(running, 9) == (4 + 10 + 4 * 10) / 2  # four wait, two at a time
    assert watcher._left(running, None) is None
    assert watcher._left([], 9) is None


def test_bars_of_equal_scores_are_equal() -> None:
    assert bars([]) == ""
    assert bars([0.2, 0.2]) == "▅▅"
    assert bars([3.0, 1.0]) == "█▁"


def test_a_trial_is_promoted_to_a_study_that_is_fine(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, defaults=4)
    spec = Trials(plan, Ledger(tmp_path / "store")).next()
    assert spec is not None
    wanted = Promotion(spec=spec, value=0.5, name="longer", steps=321, seeds=4)
    path = write(wanted, tmp_path / "studies")
    names = {**known(), "metrics": ("qabf", "vif", "mse")}
    study = config.load(path, (), known=names)
    assert study.phases["train"].seeds == 4
    assert study.base["train"]["steps"] == 321
    for section, part in spec.settings.items():
        kept = {**part, "steps": 321} if section == "train" else dict(part)
        assert {name: study.base[section][name] for name in kept} == kept
    with pytest.raises(ConfigError, match="exists"):
        write(wanted, tmp_path / "studies")
    with pytest.raises(ConfigError, match="cannot name a study"):
        write(Promotion(spec=spec, value=None, name="a/b", steps=1, seeds=1), tmp_path)
