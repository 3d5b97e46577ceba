"""Workers whose data are not those of the driver: refused in one line, set aside, never pooled."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import config, data
from ablate.data.pairs import PairSet
from ablate.errors import DataChangedError, StoreError
from ablate.study.driver import Progress, run
from ablate.study.names import known
from ablate.training.tasks.fusion import Fusion, _kept
from ablate.writing import write_json
from tests.e2e.running import inside, results

pytestmark = pytest.mark.e2e
STUDY = """
# @package _global_
defaults:
  - /search_spaces@space: [variants, scales]
  - _self_
title: A study whose data may change
factors:
  variant: {values: [signed, magnitude], baseline: signed}
phases:
  pilot: {design: baseline_only, seeds: 1}
base:
  data: {name: msrs, crop: 32}
  model: {name: probe}
  loss: {levels: 2}
  train: {steps: 1, gallery: 0}
objective: val/qabf
executor: {name: inline}
"""


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (40, 40), np.uint8)
    Image.fromarray(noise).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(100, 1300, 100):  # scenes of their own
        split = "test" if number > 1000 else "train"
        for seed, side in enumerate(("ir", "vi")):
            picture(tmp_path / "data" / split / side / f"{number:05d}D.png", 5000 * seed + number)
    return tmp_path / "data"


def go(folder: Path, exchanged: Path | None = None) -> None:
    """Run the study; one picture is exchanged when the driver has read it, and no worker has."""
    (folder / "quickstart.yaml").write_text(STUDY)
    words = (f"data.root={folder / 'data'}",)
    study = config.load(str(folder / "quickstart.yaml"), words, known=known())

    def begins(progress: Progress) -> None:
        del progress
        if exchanged is not None:
            picture(exchanged, 999)

    _kept.cache_clear()
    run(study, store=folder / "s", overrides=words, begins=begins)


def test_what_a_worker_reads_otherwise_is_set_aside_and_made_anew(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = root / "train" / "ir" / "00300D.png"
    before = one.read_bytes()
    with pytest.raises(StoreError) as caught:
        go(tmp_path, exchanged=one)
    said = str(caught.value)
    assert "was made from other data" in said
    assert "make the data of all workers equal" in said
    assert "\n" not in said
    assert results(tmp_path / "s") == {}
    one.write_bytes(before)
    go(tmp_path)
    whole = results(tmp_path / "s")
    assert len(whole) == 1

    # one that a worker wrote behind the death of its driver
    path = next((tmp_path / "s" / "quickstart" / "runs").iterdir()) / "result.json"
    result = json.loads(path.read_text())
    result["facts"]["data_hash"] = "0123"
    (path.parent / "checksums.json").unlink()
    write_json(path, result)
    words = [str(tmp_path / "quickstart.yaml"), f"data.root={root}", "--store", "s"]
    found = inside("doctor", *words, cwd=tmp_path, code=1).stdout
    assert "was made from other data (0123, here " in found
    with caplog.at_level(logging.WARNING):
        go(tmp_path)
    assert "set aside, the run is made anew" in caplog.text
    assert results(tmp_path / "s") == whole
    inside("doctor", *words, cwd=tmp_path)


def test_a_file_that_is_not_the_one_of_the_manifest_is_noticed_when_it_is_read(root: Path) -> None:
    one = root / "test" / "vi" / "01200D.png"
    for content in (None, b"", b"no picture", (root / "test" / "ir" / "01200D.png").read_bytes()):
        before = one.read_bytes()
        pairs = data.load({"name": "msrs", "root": str(root), "crop": 32})
        if content is None:
            one.unlink()
        else:
            one.write_bytes(content)
        with pytest.raises(DataChangedError, match=r"01200D\.png: .*; restore it"):
            pairs.pairs("test")
        one.write_bytes(before)
        assert len(pairs.pairs("test")) == 2


@pytest.mark.slow
def test_a_picture_exchanged_behind_a_workers_hash_costs_no_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = root / "test" / "vi" / "01200D.png"
    before = one.read_bytes()
    kept = Fusion.kept_examples

    def exchanged(self: Fusion, folder: Path) -> PairSet:
        found = kept(self, folder)
        picture(one, 999)  # what the run is trained on is not what was hashed
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Fusion, "kept_examples", exchanged)
        with pytest.raises(DataChangedError, match="was changed while it is in use"):
            go(tmp_path)
    assert results(tmp_path / "s") == {}
    one.write_bytes(before)
    go(tmp_path)
    assert len(results(tmp_path / "s")) == 1
