"""Further test sets from a study file to its tables, and the same added later."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ablate.errors import ConfigError, DataError, StoreError
from ablate.execution import worker
from tests.e2e.running import inside

pytestmark = pytest.mark.e2e
STUDY = """# @package _global_
defaults: [/search_spaces@space: [variants], _self_]
title: On other pairs
questions: {variant: {asks: "Does the sign matter?", compare: variant, primary: [en]}}
factors: {variant: {values: [signed, magnitude]}}
phases: {answer: {design: blocked, options: {blocks: 2, points: 1}, claims: false}}
base:
  data: {name: folders, infrared: ir, visible: vi, crop: 32TESTS}
  model: {name: densefuse, width: 1}
  train: {steps: 1, batch_size: 1}
  metrics: {names: [enMORE]}
objective: val/en
"""
OTHER = "{name: folders, infrared: other/ir, visible: other/vi}"
TABLES = ("runs", "images", "curves", "trivial_baselines")
OF_TIME = ["facts.seconds", "facts.seconds_per_step", "facts.peak_memory_mib", "facts.worker_pid"]


def images(folder: Path, count: int, *, seed: int) -> None:
    random = np.random.default_rng(seed)
    for side in ("ir", "vi"):
        (folder / side).mkdir(parents=True)
        for index in range(count):
            image = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(image).save(folder / side / f"{index}.png")


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Return what makes the project with further sets and metrics in its study."""
    images(tmp_path, 10, seed=0)
    images(tmp_path / "other", 3, seed=1)
    (tmp_path / "studies").mkdir()

    def make(tests: str = "", more: str = "") -> Path:
        text = STUDY.replace("TESTS", tests and f", tests: {tests}").replace("MORE", more)
        (tmp_path / "studies" / "sets.yaml").write_text(text)
        return tmp_path

    return make


def published(folder: Path) -> dict[str, pd.DataFrame]:
    found = {}
    for name in TABLES:
        table = pd.read_parquet(folder / "sets" / "published" / f"{name}.parquet")
        found[name] = table.drop(columns=[one for one in table if one in (*OF_TIME, "facts.core")])
    return found


def results(store: Path) -> dict[str, tuple[bytes, int]]:
    """Return what each run's result says, and when it was written."""
    return {
        path.parent.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in (store / "sets" / "runs").glob("*/result.json")
    }


@pytest.mark.slow
def test_a_set_that_is_added_later_gives_the_tables_of_one_that_was_there(
    project: Callable[..., Path],
) -> None:
    folder = project(f"{{other: {OTHER}, tang: {{protocol: tang-py}}}}", more=", sd")
    said = inside("run", "sets", "executor=inline", "--store", "whole", cwd=folder).stderr
    assert "scoring trivial baselines on 3 test sets, then writing tables" in said
    project(more=", sd")
    inside("run", "sets", "executor=inline", "--store", "later", cwd=folder)
    before = {run: content for run, (content, _) in results(folder / "later").items()}
    words = ["score-again", "sets", "--store", "later"]
    inside(*words, "--data", f"other={OTHER}", cwd=folder)
    inside(*words, "--data", "tang={}", "--protocol", "tang-py", cwd=folder)
    after = {run: content for run, (content, _) in results(folder / "later").items()}
    assert after == before
    whole, later = published(folder / "whole"), published(folder / "later")
    for name in TABLES:
        pd.testing.assert_frame_equal(whole[name], later[name], check_exact=True)
    assert whole["runs"]["test/other/en"].notna().all()
    assert (whole["runs"]["test/tang/en"] != whole["runs"]["test/en"]).all()
    assert set(whole["trivial_baselines"]["split"]) == {"test", "test/other", "test/tang"}
    facts = json.loads((folder / "later" / "sets" / "published" / "facts.json").read_text())
    assert [one["count"] for one in facts["tests"]] == [3, 2]
    assert str(folder) not in json.dumps(
        [facts["tests"], facts["settings"], facts["provenance"]["command"]]
    )
    for store in ("whole", "later"):
        inside("report", "sets", "--store", store, "--out", f"of-{store}", cwd=folder)
        inside("doctor", "sets", "--store", store, cwd=folder)
    verdicts = [
        (folder / f"of-{store}" / "verdict.json").read_bytes() for store in ("whole", "later")
    ]
    assert verdicts[0] == verdicts[1]
    page = (folder / "of-later" / "report.md").read_text()
    assert "## Further test sets" in page
    assert "| other |" in page
    shown = inside("table", "sets@later", cwd=folder).stdout
    assert "EN" in shown
    cells = "".join(line for line in shown.splitlines() if line.startswith("| "))
    assert cells.count("±") == 12  # 2 values x 2 metrics x 3 test sets


@pytest.mark.slow
def test_a_metric_that_is_added_later_stands_in_val_and_on_every_set(
    project: Callable[..., Path],
) -> None:
    folder = project(f"{{other: {OTHER}}}")
    inside("run", "sets", "executor=inline", "--store", "later", cwd=folder)
    words = ["score-again", "sets", "--store", "later", "--metrics"]
    refused = inside(*words, "SD,ms_ssim", cwd=folder, code=DataError.exit_code)
    assert [line.partition(";")[0] for line in refused.stderr.splitlines()] == [
        "--metrics ms_ssim: needs images of 161 px and more a side",
        "--metrics ms_ssim: needs images of 161 px and more a side",  # own, other
    ]
    inside(*words, "SD", cwd=folder)
    project(f"{{other: {OTHER}}}", more=", sd")
    inside("run", "sets", "executor=inline", "--store", "whole", cwd=folder)
    whole, later = (published(folder / store)["runs"] for store in ("whole", "later"))
    names = ["val/sd", "test/sd", "test/other/sd", "test/other/en"]
    pd.testing.assert_frame_equal(whole[names], later[names], check_exact=True)
    again = inside("run", "sets", "executor=inline", "--store", "whole", cwd=folder)
    assert "4 of 4 runs finished" in again.stdout


@pytest.mark.slow
def test_a_worker_that_is_killed_between_training_and_scoring_trains_nothing_again(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(f"{{other: {OTHER}, last: {OTHER.replace('other', 'last')}}}")
    images(folder / "last", 2, seed=2)
    from ablate.training import test_sets

    whole = test_sets.SetScores.write
    killed: list[Path] = []

    def write(scores: test_sets.SetScores, path: Path) -> None:
        if path.stem == "last" and len(killed) < 2:
            killed.append(folder / path)
            raise KeyboardInterrupt
        whole(scores, path)

    monkeypatch.setattr(test_sets.SetScores, "write", write)
    for _ in range(2):
        inside("run", "sets", "executor=inline", cwd=folder, code=130)
    first = results(folder / "ablate-store")
    assert first
    kept = killed[0].with_name("other.json").stat().st_mtime_ns
    inside("run", "sets", "executor=inline", cwd=folder)
    last = results(folder / "ablate-store")
    assert {run: last[run][0] for run in first} == {
        run: content for run, (content, _) in first.items()
    }
    assert killed[0].with_name("other.json").stat().st_mtime_ns == kept
    runs = published(folder / "ablate-store")["runs"]
    assert runs["test/last/en"].notna().all()
    monkeypatch.setattr(worker, "_trained", None)  # nothing trains any more
    damaged = killed[0]
    damaged.write_text(damaged.read_text().replace('"rows": [[', '"rows": [[1'), encoding="utf-8")
    inside("run", "sets", "executor=inline", cwd=folder)
    again = published(folder / "ablate-store")["runs"]
    pd.testing.assert_frame_equal(runs, again)


def test_what_cannot_be_a_further_set_is_refused_before_anything_is_written(
    project: Callable[..., Path],
) -> None:
    folder = project(f"{{mine: {{name: folders, infrared: ir, visible: vi}}, other: {OTHER}}}")
    (folder / "other" / "vi" / "1.png").unlink()
    refused = inside("run", "sets", cwd=folder, code=DataError.exit_code)
    assert "data.tests.other: other/ir/1.png" in refused.stderr
    (folder / "other" / "ir" / "1.png").unlink()
    refused = inside("run", "sets", cwd=folder, code=DataError.exit_code)
    assert "data.tests.mine: is the training set's own folder" in refused.stderr
    project(f"{{other: {OTHER}}}")
    train = (folder / "ir" / "0.png").read_bytes()
    (folder / "other" / "ir" / "0.png").write_bytes(train)
    refused = inside("run", "sets", cwd=folder, code=DataError.exit_code)
    assert "1 of its images are trained on too" in refused.stderr
    refused = inside("run", "sets", "model=probe", cwd=folder, code=ConfigError.exit_code)
    assert "data.tests: the probe" in refused.stderr
    assert not (folder / "ablate-store" / "sets").exists()
    refused = inside("score-again", "sets", "--data", "tno=/a", cwd=folder, code=1)
    assert "holds no study sets; run it first" in refused.stderr


@pytest.mark.slow
def test_pairs_that_changed_since_they_were_scored_are_refused(
    project: Callable[..., Path],
) -> None:
    folder = project(f"{{other: {OTHER}}}")
    inside("run", "sets", "executor=inline", cwd=folder)
    for side in ("ir", "vi"):
        (folder / "other" / side / "0.png").unlink()
    refused = inside("run", "sets", "executor=inline", cwd=folder, code=StoreError.exit_code)
    assert "data.tests.other: this store holds scores of other pairs" in refused.stderr
