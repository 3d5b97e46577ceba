"""`ablate watch` at 80 columns: numbers are whole, names give way."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ablate.cli.watch import _table
from ablate.study.watching import Running, Score, Watched


def test_numbers_are_whole_at_80_columns_whatever_names_are() -> None:
    name = "gradient_weight 25.97 · rate 0.0007986 · reflect · " + "x" * 90
    score = Score(run="r", name=name, trial=3, value=0.5)
    found = Watched(
        study="hunt",
        is_running=True,
        counts={"finished": 4},
        running=(Running(name=name, step=110_000, steps=200_000, left_s=7_300.0),),
        objective="val/qabf",
        scores=(0.4, 0.5),
        last=score,
        best=score,
        planned=12,
        left_s=7_300.0,
    )
    console = Console(width=80, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(_table(found))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].strip() == "hunt: 4 of 12 ended (4 finished), 1 running, 2.0 h left"
    assert "110000/200000" in lines[2]
    assert lines[2].rstrip().endswith("2.0 h")
    assert len(lines) == 6


WATCHING = """
import sys
from unittest.mock import patch
from ablate.cli.main import main
from ablate.study.watching import Watched, Watcher
going = Watched(study="hunt", is_running=True, counts={}, running=(), objective="val/qabf",
                scores=(), last=None, best=None, planned=3, left_s=None)
with patch("ablate.store_folder.check_study"), patch.object(Watcher, "look", lambda self: going):
    main(["watch", "hunt", "--every", "30"])
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_end_from_outside_is_no_error_of_the_study(sent: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", WATCHING],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL),  # background jobs ignore SIGINT
    )
    assert process.stdout is not None
    assert "hunt" in process.stdout.readline()
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "hunt: no longer watched; the study itself goes on\n"
