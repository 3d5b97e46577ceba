"""Measuring: the training itself is timed, on few images, and nothing is left behind."""

import tempfile
from pathlib import Path

import pytest

from ablate import config, data
from ablate.data.pairs import PairSet
from ablate.errors import ConfigError
from ablate.study import timing
from ablate.study.driver_timing import Overhead, overhead
from ablate.study.forecast import forecast, loads
from ablate.study.names import known
from ablate.study.plan import make
from ablate.study.timing import measure

SMALL = [
    "data.size=[48,48]",
    "data.crop=32",
    "data.pairs.train=3",
    "data.pairs.val=2",
    "data.pairs.test=6",
    "model.width=2",
    "train.batch_size=1",
    "train.steps=40",
    "executor.name=inline",
    "~questions",
    "metrics.names=[qabf,sd]",
    "loss.levels=1",
    "~phases.search",
    "~constraints.smallest_side",
    "phases.compare={design: baseline_only}",
    "dimensions.levels.baseline=1",
    "train.gallery=1",
]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(timing, "_MOST_STEPS", 5)
    monkeypatch.setattr(timing, "overhead", lambda: Overhead(start_s=4, run_s=0.5, finish_s=2))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@pytest.mark.parametrize("model", ["unet", "probe"])
def test_every_kind_is_measured_and_nothing_is_left(model: str, quick: Path) -> None:
    words = [w for w in SMALL if model != "probe" or "width" not in w]
    plan = make(config.load("quickstart", [f"model={model}", *words], known=known()))
    ticks: list[tuple[int, int]] = []
    figures = measure(plan, tick=lambda done, of: ticks.append((done, of)))
    assert set(figures) == set(loads(plan)[1])
    assert len(ticks) == len(figures)
    assert list(quick.glob("ablate-*")) == []
    for one in figures.values():
        assert (one.driver_s, one.record_s, one.finish_s) == (4, 0.5, 2)
        assert 0 < one.step_s < 5
        assert one.test_s == pytest.approx(3 * one.val_s)  # six images against two
    found = forecast(plan, figures, source="measured")
    assert found is not None
    assert found.machine_h > found.steps_h + found.scoring_h > 0


def test_a_training_that_fails_at_once_is_told(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make(config.load("quickstart", SMALL, known=known()))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no kernel")

    monkeypatch.setattr("ablate.training.loop.train_loop", broken)
    with pytest.raises(ConfigError, match=r"--time: a training fails in its first steps: .*kernel"):
        measure(plan)
    assert list(quick.glob("ablate-*")) == []


def test_images_of_every_size_are_scored_and_counted_by_their_pixels(
    tmp_path: Path,
) -> None:
    import numpy as np
    from PIL import Image

    for split, sides in (("train", [40, 40, 64, 64]), ("test", [40, 48, 56, 64, 72, 80])):
        for index, side in enumerate(sides):
            for modality in ("ir", "vi"):
                path = tmp_path / split / modality / f"{split}{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = np.random.default_rng(index).integers(0, 256, (side, side), np.uint8)
                Image.fromarray(noise).save(path)
    pairs = data.load({"name": "folders", "root": str(tmp_path), "crop": 32})
    found = timing._sample(pairs, {"model": {"name": "unet"}})
    assert isinstance(found.examples, PairSet)
    sides = [pair.infrared.shape[0] for pair in found.examples.pairs("val")]
    assert len(sides) == timing.MOST_IMAGES == len(set(sides))
    unit = sum(side**2 for side in sides)
    assert found.test == pytest.approx(sum(s**2 for s in (40, 48, 56, 64, 72, 80)) / unit)
    assert found.pairs == pytest.approx(10 / (len(found.examples.stems("train")) + 4))


@pytest.mark.slow
@pytest.mark.e2e
def test_the_driver_is_timed_without_its_trainings() -> None:
    found = overhead()
    assert 0.5 < found.start_s < 600  # imports and two new databases
    assert 0 < found.run_s < found.start_s
    assert found.finish_s > 0
