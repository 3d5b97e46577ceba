"""A short chaos, and a short cold start; the long ones are commands."""

import random
from pathlib import Path

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos.cold_start import repetition
from tests.chaos.outcome import Outcome, differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_six_kills_leave_what_no_kill_leaves(tmp_path: Path) -> None:
    assert chaos.main(["--kills", "6", "--most", "6", "--folder", str(tmp_path)]) == 0


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
