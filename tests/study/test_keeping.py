"""Of a search the weights of the best trials stay, whatever order they end in."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ablate.study.keeping import KeptWeights
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.trials import Trials
from ablate.training.spec import WEIGHTS
from ablate.whole_files import damaged, record
from tests.study.test_search_phases import ended, keep, plan_of


def study_of(plan: Any, folder: Path) -> OpenStudy:
    ledger = Ledger(folder / "store")
    trials = Trials(plan, ledger)
    return cast("OpenStudy", SimpleNamespace(config=plan.config, trials=trials, ledger=ledger))


@pytest.mark.parametrize("killed_after", [0, 1, 5])
def test_the_best_three_of_a_search_keep_their_weights(tmp_path: Path, killed_after: int) -> None:
    plan = plan_of(tmp_path, phase={"sampler": "random"}, defaults=4)
    study = study_of(plan, tmp_path)
    kept, count, scores = KeptWeights(study), 0, {}
    while (spec := study.trials.next()) is not None:
        assert spec.keeps_weights
        folder = study.ledger.run_folder(spec.run_id)
        folder.mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(b"w")
        record(folder, [folder / WEIGHTS])
        result = ended(spec)
        keep(study.ledger, result)
        scores[spec.run_id] = result.metrics["val/qabf"]
        count += 1
        if count == killed_after:  # the weights of this one were not looked at
            study = study_of(plan, tmp_path)
            kept = KeptWeights(study)
        else:
            study.trials.finish(spec.trial)
            kept.take(spec.trial)
        there = {path.parent.name for path in tmp_path.glob(f"store/runs/*/{WEIGHTS}")}
        assert there == set(sorted(scores, key=lambda run: -scores[run])[:3])
    assert count == 12
    for folder in (tmp_path / "store" / "runs").iterdir():
        assert not damaged(folder)  # what was removed is not missed


def test_how_many_is_a_setting_and_no_part_of_the_design(tmp_path: Path) -> None:
    plan, none = plan_of(tmp_path), plan_of(tmp_path, keep={"best": 0})
    assert (plan.config.keep_best, none.config.keep_best) == (3, 0)
    assert (plan.design_hash, plan.config.digest) == (none.design_hash, none.config.digest)
    spec = Trials(none, Ledger(tmp_path / "store")).next()
    assert spec is not None
    assert not spec.keeps_weights
    assert json.dumps(spec.to_json())
