"""`ablate plan`: claims, cost and budget in words and in JSON."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.cli.main import main
from ablate.study.forecast import Figures, loads
from ablate.study.plan import Plan


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *words, "--store", "nowhere"])
    assert ended.value.code == code
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_size_of_an_answer_phase_is_its_arms_points_and_blocks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = told(capsys, "q4_variant_answer")
    assert "phase answer (blocked, quick): 4 arms x 4 points x 8 blocks = 128 runs" in text
    assert "phase answer_2x (at_budget, quick): 4 arms x 4 points x 8 blocks = 128 runs" in text
    assert "cost: 134 runs x 1000 steps + 128 runs x 2000 steps = 390,000 steps" in text
    assert "  budget 2x (answer_2x): 128 runs, 256,000 steps" in text
    assert "hours unknown" in text
    assert list(tmp_path.iterdir()) == []


def test_the_data_of_this_machine_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ABLATE_DATA", raising=False)
    words = ("q4_variant_answer", "data=folders", "data.crop=32")
    assert "(needed by `ablate run`, not by this plan)" in told(capsys, *words)
    for side in ("infrared", "visible"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for name in range(20):
            pixels = np.full((40, 40), 40 + name, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pairs" / side / f"{name:02d}.png")
    text = told(capsys, *words, "data.root=pairs")
    line = next(one for one in text.splitlines() if one.startswith("data: "))
    assert re.fullmatch(r"data: .*pairs.*, \d+ train, \d+ val, \d+ test pairs.*", line)
    assert "plan q4_variant_answer data=folders data.crop=32 data.root=pairs --noise" in text


def test_a_pace_gives_hours_and_a_budget_gives_a_design(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["q4_variant_answer", "--seconds-per-step", "0.09", "--fit", "9h"]
    text = told(capsys, *words)
    assert "9.8 h on 1 slot at the pace given" in text
    assert "fits 9h: phases.answer.options.points=2 phases.answer.options.blocks=14" in text
    facts = json.loads(told(capsys, *words, "--json"))
    assert (facts["fit"]["points"], facts["fit"]["blocks"]) == (2, 14)
    assert facts["hours"] == pytest.approx((134 * 90 + 128 * 180) / 3600)
    assert facts["claims"] == {"pilot": False, "answer": True, "answer_2x": False}
    assert [(one["times"], one["runs"], one["steps"]) for one in facts["budgets"]] == [
        (1.0, 128, 128_000),
        (2.0, 128, 256_000),
    ]
    assert facts["detectable"][0]["comparisons"] == 8


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--fit", "soon"], "--fit: 'soon' is not a budget; write for example 6h or 90min"),
        (["--fit", "6h"], "no alike run in the store says how long a step takes"),
        (["--fit", "1min", "--seconds-per-step", "1"], "not even 2 points x 6 blocks"),
        (["phases.answer.options.blocks=5"], "5 blocks can never claim"),
    ],
)
def test_what_cannot_be_planned_is_told_in_one_line(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "q4_variant_answer", *words, code=2)
    assert text in said
    assert len(said.strip().splitlines()) == 1


def test_time_is_measured_told_and_kept_for_the_next_plan(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(plan: Plan, **_: object) -> dict[str, Figures]:
        return {
            key: Figures(step_s=0.9, start_s=1, val_s=30, test_s=60, cpu_share=0.5)
            for key in loads(plan)[1]
        }

    monkeypatch.setattr("ablate.study.timing.measure", measured)
    words = ["q4_variant_answer", "executor.slots=1", "executor.name=inline"]
    words.append("phases.answer.budgets=[1]")
    assert "hours unknown: --time measures them here" in told(capsys, *words)
    text = told(capsys, *words, "--time")
    assert "time: 37.0 h of machine time, 37.0 h with 1 worker (steps 90%, scoring 9%)" in text
    assert "measured here just now, 4 of 4 kinds of training" in text
    assert "by phase: pilot 1.8 h, answer 35.2 h" in text
    assert "the machine was busy: 50% of a core; alone it may take 18.5 h" in text
    assert text.endswith("only the figures of --time were kept, in the user's cache folder\n")
    again = told(capsys, *words)
    assert "measured here before by --time, 4 of 4 kinds" in again
    facts = json.loads(told(capsys, *words, "--json", "--fit", "40h"))
    assert (
        facts["hours"]
        == facts["time"]["wall_h"]
        == pytest.approx(
            (134 * 991 + 6 * 3 * 30) / 3600  # the pilot scores val at three rungs
        )
    )
    assert facts["time"]["source"] == "cache"
    assert (facts["fit"]["points"], facts["fit"]["blocks"]) == (4, 8)
    given = told(capsys, *words, "--seconds-per-step", "0.09")
    assert "3.4 h on 1 slot at the pace given" in given
