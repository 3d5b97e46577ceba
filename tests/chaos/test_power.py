"""Loss of power, at a few instants; many are a command."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos import power


def test_of_what_was_not_synced_a_page_is_kept_lost_or_zero(tmp_path: Path) -> None:
    store, synced = tmp_path / "s", tmp_path / "synced"
    store.mkdir()
    synced.mkdir()
    pages = 60 * power.PAGE
    for name, before in (("synced", b"b"), ("grown", b"a"), ("never", b"")):
        (store / name).write_bytes(b"b" * pages)
        if before:
            (synced / str((store / name).stat().st_ino)).write_bytes(before * pages)
    fates = power.lose_power(store, synced, random.Random(0))
    assert (store / "synced").read_bytes() == b"b" * pages
    assert set((store / "grown").read_bytes()) == set(b"ab\0")
    assert set((store / "never").read_bytes()) <= set(b"b\0")
    assert min(fates.values()) > 10


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.timeout(3600)
def test_power_lost_at_four_instants_leaves_what_no_loss_leaves() -> None:
    words = [sys.executable, "-m", "tests.chaos.power", "--instants", "4"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
