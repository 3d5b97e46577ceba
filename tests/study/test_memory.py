"""What the driver keeps of a run that has ended: little, whatever the run scored."""

import gc
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from ablate.config.loading import load
from ablate.errors import StoreError
from ablate.execution.run_folder import image_rows
from ablate.execution.worker import write_result
from ablate.study import driver
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.tracking.journal import JournalRecorder
from ablate.training.spec import JOURNAL, RESULT, SPEC, RunResult, RunSpec
from ablate.writing import write_json

STUDY = Path(__file__).parents[1] / "chaos" / "small.yaml"
MOST_KIB = 5.0  # of Python objects per run, in the ledger
MOST_KIB_OF_DRIVER = 25.0  # in all of the driver
IMAGES = 100
METRICS = ("en", "mi", "sd", "scd", "qabf")


def result_of(run_id: str, *, images: int, data_hash: str = "") -> RunResult:
    """Return what a run of this id would have scored, as if it came from a worker."""
    score = zlib.crc32(run_id.encode()) / 2**32
    return RunResult(
        run_id=run_id,
        state="finished",
        metrics={f"{part}/{name}": score for part in ("val", "test") for name in METRICS},
        images=tuple(
            ("test", f"{at:05d}", name, score + at) for at in range(images) for name in METRICS
        ),
        facts={"seconds": 1.0, "steps": 4, "data_hash": data_hash},
    )


class Written:
    """An executor that trains nothing: it writes what a run leaves."""

    def __init__(self, *, decide: object, data_hash: str) -> None:
        del decide
        self.slots, self._data_hash = 1, data_hash
        self._waiting: list[tuple[RunSpec, Path]] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        self._waiting.append((spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        waiting, self._waiting = self._waiting, []
        return [self._written(spec, folder) for spec, folder in waiting]

    def close(self) -> None:
        pass

    def _written(self, spec: RunSpec, folder: Path) -> RunResult:
        folder.mkdir(parents=True)
        write_json(folder / SPEC, spec.to_json())
        recorder = JournalRecorder(folder / JOURNAL, ask=lambda reports: False)
        for step in range(1, 5):
            recorder.metrics({f"train/{name}": 1 / step for name in METRICS}, step=step)
        recorder.close()
        result = result_of(spec.run_id, images=IMAGES, data_hash=self._data_hash)
        write_result(folder, result)
        return result


def kib() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


@pytest.fixture
def traced() -> Iterator[Callable[[], float]]:
    """Return what tells the KiB of Python objects that were made since and live."""
    tracemalloc.start()
    yield kib
    tracemalloc.stop()


def test_a_ledger_keeps_little_of_a_run_and_its_folder_has_the_scores_per_image(
    traced: Callable[[], float], tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path)
    ledger.start({"design_hash": "d", "data_hash": "h"})
    before = traced()
    for number in range(10):
        ledger.end(result_of(f"r{number}", images=IMAGES))
    assert (traced() - before) / 10 < MOST_KIB
    result, folder = result_of("r0", images=IMAGES), ledger.run_folder("r0")
    folder.mkdir(parents=True)
    write_json(folder / RESULT, result.to_json())
    before = traced()
    again = Ledger(tmp_path)
    assert traced() - before < MOST_KIB
    assert again.results["r0"].metrics == result.metrics
    assert image_rows(folder) == result.images


def test_a_result_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"result\.json: is gone; the same command makes the run"):
        image_rows(tmp_path)


@pytest.mark.slow
def test_a_driver_keeps_little_of_every_run(tmp_path: Path) -> None:
    """Warm-up is behind run 20. MLflow keeps 7 KiB of each of the last 1,024 runs."""
    words = ["phases.answer.options.blocks=29", "phases.hunt.trials=2", "train.gallery=0"]
    study = OpenStudy(load(STUDY, words), store=tmp_path / "s")
    used: list[float] = []

    def listen(progress: driver.Progress) -> None:
        if progress.ended == 20:
            tracemalloc.start()
        elif progress.ended == 60:
            used.append(kib())
            tracemalloc.stop()

    with pytest.MonkeyPatch.context() as patch:
        make = partial(Written, data_hash=study.data_hash)
        patch.setattr(driver, "_executor_of", lambda config: make)
        outcome = driver.run_open(study, listen=listen)
    assert outcome.counts["finished"] == outcome.planned
    published = pd.read_parquet(outcome.folder / "published" / "images.parquet")
    assert len(published) == outcome.planned * IMAGES * len(METRICS)
    assert 0 < used[0] / 40 < MOST_KIB_OF_DRIVER
