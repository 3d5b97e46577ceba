"""`ablate watch` at 80 columns: numbers are whole, names give way."""

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
