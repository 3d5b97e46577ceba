"""How far a run is, and how long it takes still, by the end of its journal."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.study.run_progress import progress_of


def written(folder: Path, run: str, *, steps: list[int], rungs: Sequence[int] = ()) -> None:
    place = folder / "runs" / run
    place.mkdir(parents=True, exist_ok=True)
    spec = {"name": f"arm {run}", "settings": {"train": {"steps": 40}}}
    (place / "spec.json").write_text(json.dumps(spec))
    events = [
        {"kind": "metrics", "values": {"train/loss": 0.1}, "step": one, "time_ms": 500 * one}
        for one in steps
    ]
    events += [{"kind": "rung", "value": 0.25, "step": s, "time_ms": 500 * s} for s in rungs]
    lines = [json.dumps(event) + "\n" for event in events]
    (place / "journal.jsonl").write_text("".join(lines) + '{"kind": "metr')


def test_the_time_left_follows_from_the_records_and_from_what_others_took(tmp_path: Path) -> None:
    written(tmp_path, "a", steps=[10, 12, 14, 30])
    one = progress_of(tmp_path / "runs" / "a", now_s=16.0)  # a second after the last record
    assert one is not None
    assert (one.seconds_per_step, one.seconds_since, one.share) == (0.5, 1.0, 0.75)
    assert one.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(10 * 0.5 - 1 + 3)
    late = replace(one, seconds_since=9999.0)  # its clock, or a step that takes long
    assert late.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(3)
    first = replace(one, seconds_per_step=None, step=0, seconds_since=0.0)
    assert first.seconds_left(beside_s=3, seconds_per_step=None) is None
    assert first.seconds_left(beside_s=3, seconds_per_step=2) == pytest.approx(83)
    scoring = replace(one, step=40, seconds_since=1.0)
    assert scoring.seconds_left(beside_s=3, seconds_per_step=None) == pytest.approx(2)


@pytest.mark.parametrize(
    ("task", "step", "steps", "left_s"),
    [
        ({"smoke": {"epochs": 1}}, 30, 60, 30 * 0.5 + 3),  # their epochs
        ({"smoke": {"epochs": 1}, "values": {"epochs": 20}}, 0, 40, 40 * 9 + 3),  # of what?
        ({}, 0, 40, 40 * 9 + 3),
        ({"smoke": {"epochs": 1}, "settings": {"train.steps": {}}}, 30, 40, 10 * 0.5 + 3),
    ],
)
def test_commands_are_counted_in_their_own_steps(
    tmp_path: Path, task: dict[str, Any], step: int, steps: int, left_s: float
) -> None:
    written(tmp_path, "a", steps=[10, 12, 14, 30])
    path = tmp_path / "runs" / "a" / "spec.json"
    spec = json.loads(path.read_text())
    spec["settings"]["task"] = {"name": "command", "values": {"epochs": 60}, **task}
    path.write_text(json.dumps(spec))
    one = progress_of(tmp_path / "runs" / "a", now_s=15.0)
    assert one is not None
    assert (one.step, one.steps) == (step, steps)
    assert one.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(left_s)
    early = replace(one, seconds_per_step=None, step=0)  # others took 9 s for each of 40 steps
    assert early.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(40 * 9 + 3)
