"""Copies of a store that were made while its driver wrote: usable, or said to be damaged."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.chaos import empty_store
from tests.chaos.driving import start
from tests.chaos.going_on import go_on
from tests.chaos.killing import Round
from tests.chaos.outcome import STUDY, differences
from tests.command_line import typed

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ALONE = ["executor=inline", "train.steps=40", "train.gallery=1", "phases.hunt.trials=2"]
COPIES = 3
ASIDE = ("-wal", "-shm", "-journal")


@pytest.mark.timeout(3600)
def test_copies_and_backups_made_while_a_driver_writes_end_like_the_study(tmp_path: Path) -> None:
    one = Round(tmp_path / "whole", words=ALONE)
    words = [str(STUDY), *ALONE, "--store", "s"]
    empty_store.lay(empty_store.make(tmp_path / "empty"), one.folder / "s")
    driver = start("run", *words, cwd=one.folder, log=one.folder / "said")
    made: list[Path] = []
    while driver.is_alive() and len(made) < 2 * COPIES:
        place = tmp_path / f"copy{len(made)}"
        if not list(one.folder.glob(f"s/small/runs/*{'/result.json' * (len(made) > 1)}")):
            time.sleep(0.02)
            continue
        place.mkdir()
        if len(made) % 2:
            done = typed("backup", "small", str(place / "s"), "--store", "s", cwd=one.folder)
            assert done.returncode == 0, done.stderr
        else:  # files that vanish meanwhile are none of the copy's
            subprocess.run(
                ["cp", "-a", str(one.folder / "s"), str(place)], capture_output=True, check=False
            )
            if len(made) % 4:  # and one without what lies beside a database
                for path in (place / "s").iterdir():
                    if path.name.endswith(ASIDE):
                        path.unlink()
        made.append(place)
        time.sleep(0.3)
    driver.join()
    assert driver.exitcode == 0
    whole = one.outcome()
    assert len(made) >= 2
    assert whole.wrongs == ()
    for place in made:
        go_on(place, words=ALONE)
        assert differences(Round(place, words=ALONE).outcome(), whole) == [], place
        shutil.rmtree(place)
