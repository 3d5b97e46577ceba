"""Links in a store that somebody else made: nothing outside it is written or sent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.execution import file_sync
from ablate.execution.worker import work
from ablate.store_folder import open_store
from ablate.training.spec import JOURNAL, RunSpec

SPEC = RunSpec(
    run_id="r",
    arm_id="a",
    study="s",
    phase="p",
    trial=0,
    seed=0,
    name="r",
    settings={"model": {}},
)
CONTENT = b"what the victim wrote\n"
Plant = Callable[[Path, Path], None]


def _journal(run: Path, victim: Path) -> None:
    run.mkdir(parents=True)
    (run / JOURNAL).symlink_to(victim / "file")


def _checkpoint(run: Path, victim: Path) -> None:
    run.mkdir(parents=True)
    (run / "checkpoint.pt").symlink_to(victim / "file")


def _pictures(run: Path, victim: Path) -> None:
    run.mkdir(parents=True)
    (run / "pictures").symlink_to(victim)


def _dangling(run: Path, victim: Path) -> None:
    run.mkdir(parents=True)
    (run / "worker.lock").symlink_to(victim / "new")


def _run(run: Path, victim: Path) -> None:
    run.parent.mkdir(parents=True)
    run.symlink_to(victim)


def _runs(run: Path, victim: Path) -> None:
    run.parents[1].mkdir(parents=True)
    run.parent.symlink_to(victim)


def _study(run: Path, victim: Path) -> None:
    run.parents[2].mkdir(parents=True)
    run.parents[1].symlink_to(victim)


def _cache(run: Path, victim: Path) -> None:
    run.mkdir(parents=True)
    (run.parents[2] / ".cache").symlink_to(victim)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "file").write_bytes(CONTENT)
    return folder


def is_whole(victim: Path) -> bool:
    names = {path.name for path in victim.rglob("*")} - {"runs", "r"}  # folders that mkdir made
    return names == {"file"} and (victim / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "plant", [_journal, _checkpoint, _pictures, _dangling, _run, _runs, _study, _cache]
)
def test_a_run_that_goes_on_follows_no_link(tmp_path: Path, victim: Path, plant: Plant) -> None:
    run = tmp_path / "store" / "s" / "runs" / "r"
    plant(run, victim)
    with pytest.raises(StoreError, match="a link, which a store does not hold"):
        work(SPEC, run, ask=lambda _: False)
    assert is_whole(victim)


@pytest.mark.parametrize("name", ["ledger.jsonl", "study.lock", "driver.json", "runs"])
def test_a_driver_follows_no_link_in_the_folder_of_its_study(
    tmp_path: Path, victim: Path, name: str
) -> None:
    study = tmp_path / "store" / "s"
    study.mkdir(parents=True)
    (study / name).symlink_to(victim / "file")
    with pytest.raises(StoreError, match="a link, which a store does not hold"):
        open_store(tmp_path / "store", "s")
    assert is_whole(victim)


@pytest.mark.parametrize("name", ["store.json", "mlflow.db", "optuna.db", "artifacts", "s"])
def test_a_driver_follows_no_link_in_its_store(tmp_path: Path, victim: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / name).symlink_to(victim / "file")
    with pytest.raises(StoreError):
        open_store(tmp_path / "store", "s")
    assert is_whole(victim)


def test_a_store_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "scratch")
    assert open_store(tmp_path / "store", "s").is_dir()


@pytest.mark.parametrize("plant", [_journal, _pictures, _run])
@pytest.mark.parametrize(("name", "at"), [(JOURNAL, 0), (JOURNAL, None), ("pictures/x.png", None)])
def test_a_file_of_a_remote_worker_follows_no_link(
    tmp_path: Path, victim: Path, plant: Plant, name: str, at: int | None
) -> None:
    run = tmp_path / "store" / "s" / "runs" / "r"
    plant(run, victim)
    is_hit = plant is _run or (plant is _journal) == (name == JOURNAL)
    if is_hit:
        with pytest.raises(StoreError, match="a link"):
            file_sync.receive(run, name, b"x", at=at)
    else:
        file_sync.receive(run, name, b"x", at=at)
    assert is_whole(victim)


def test_a_file_with_a_hole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a worker sent byte"):
        file_sync.receive(tmp_path, JOURNAL, b"x", at=10**15)
