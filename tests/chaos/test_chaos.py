"""A short chaos, and a short cold start; the long ones are commands.

The default tests kill drivers that work alone, which takes a few seconds per kill; workers, the
fork server and everything together are killed by the slow tests.
"""

import random
from pathlib import Path

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos import empty_store
from tests.chaos.cold_start import repetition
from tests.chaos.driving import start
from tests.chaos.killing import Round, Tally
from tests.chaos.outcome import STUDY, Outcome, differences
from tests.chaos.readers import READERS, Readers

pytestmark = pytest.mark.e2e
ALONE = ["executor=inline", "train.steps=4", "train.gallery=0", "phases.hunt.trials=2"]


@pytest.fixture(scope="module")
def whole(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """How the study ends that nobody kills or reads."""
    folder = tmp_path_factory.mktemp("whole")
    empty_store.lay(empty, folder / "s")
    found = Round(folder, words=ALONE).let_alone()
    assert found.wrongs == ()
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_store.make(tmp_path_factory.mktemp("empty"))


@pytest.mark.timeout(900)  # on a machine that is busy with other things
def test_readers_beside_a_driver_end_in_words_and_change_nothing(
    whole: Outcome, empty: Path, tmp_path: Path
) -> None:
    one = Round(tmp_path, words=ALONE)
    empty_store.lay(empty, tmp_path / "s")
    waiting = [Readers(tmp_path, ALONE, [kind]) for kind in READERS if kind != "ui"]
    readers = list(waiting)
    driver = start("run", str(STUDY), *ALONE, "--store", "s", cwd=tmp_path, log=tmp_path / "said")
    while driver.is_alive():
        driver.join(0.02)
        while waiting and waiting[0].start():
            waiting.pop(0)
    for reader in readers:
        reader.wait()
    assert driver.exitcode == 0
    assert [sum(reader.counts.values()) for reader in readers] == [1] * len(readers)
    assert [wrong for reader in readers for wrong in reader.wrongs] == []
    assert differences(one.outcome(), whole) == []


@pytest.mark.timeout(900)
def test_a_killed_driver_leaves_what_no_kill_leaves(
    whole: Outcome, empty: Path, tmp_path: Path
) -> None:
    empty_store.lay(empty, tmp_path / "killed" / "s")
    tally = Tally()
    killed = Round(tmp_path / "killed", words=ALONE, kinds=["driver"], longest_s=2.0)
    assert differences(killed.killed(random.Random(0), tally, kills=1), whole) == []
    assert tally.total == 1


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Return how blocks and a TPE phase with a lag of 2 end on two workers."""
    whole = Round(tmp_path_factory.mktemp("two")).let_alone(workers=2)
    assert whole.counts["Optuna trials"] == 18
    return whole


@pytest.mark.slow
def test_six_kills_leave_what_no_kill_leaves(tmp_path: Path) -> None:
    assert chaos.main(["--kills", "6", "--most", "6", "--folder", str(tmp_path)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_the_number_of_workers_changes_nothing(
    workers: int, two_workers: Outcome, tmp_path: Path
) -> None:
    mine = Round(tmp_path).let_alone(workers=workers)
    assert differences(mine, two_workers) == []


@pytest.mark.slow
def test_four_drivers_started_at_once_on_an_absent_store_succeed_or_are_refused(
    tmp_path: Path,
) -> None:
    counts, wrongs = repetition(tmp_path / "here", drivers=4)
    assert wrongs == []
    assert sum(counts.values()) == 4


def test_a_lost_row_another_value_and_a_wrong_count_are_deviations() -> None:
    table = "run,qabf\n" + "\n".join(f"r{n},{random.Random(n).random()}" for n in range(5))
    whole = Outcome(texts={"table": table}, counts={"finished": 5}, wrongs=())
    assert differences(whole, whole) == []
    for text, count in ((table[:-20], 5), (table.replace("r2,0", "r2,1"), 5), (table, 6)):
        other = Outcome(texts={"table": text}, counts={"finished": count}, wrongs=())
        assert len(differences(other, whole)) == 1
    assert differences(Outcome(texts=whole.texts, counts=whole.counts, wrongs=("x",)), whole)
