"""`ablate audit`: the register, a study of one's own, and what is refused."""

import json
from pathlib import Path

import pytest

from ablate.auditing.noise import REGISTER
from ablate.report.contents import Contents
from ablate.report.noise import noise_of
from benchmarks import noise as made_register
from tests.command_line import typed
from tests.report.answered import VARIANT, answered_contents

ROOT = Path(__file__).resolve().parents[2]
TABLE = "| m | VIF↑ | Qabf↑ |\n|---|---|---|\n| w/o A | **0.99** | 0.650 |\n| Ours | 1.00 | **0.70** |\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.md").write_text(TABLE, encoding="utf-8")
    return tmp_path


def test_what_is_said_fits_a_terminal(folder: Path) -> None:
    done = typed("audit", "t.md", cwd=folder)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "3:11 bold: VIF of 'w/o A': 0.99 is bold, but 1.00 of 'Ours' is better" in text
    assert "-1 within 11-269" in text
    assert "-7.1 mixed 2-4" in text
    assert "not of the table's networks" in text
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_noise_of_one_s_own_study_and_json(folder: Path) -> None:
    own = ROOT / "reports/paper_losses/roadscene-mini-unet-width-8-depth-1-output-mean"
    done = typed("audit", "t.md", "--noise", str(own), "--row", "w/o a", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["against"] == ["w/o A"]
    assert {one["row"] for one in found["differences"]} == {"Ours"}
    assert all("RoadScene-mini" in one["most"] for one in found["differences"])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--row", "w/o B"), "has no row 'w/o B'; did you mean 'w/o A'?"),
        (("--data", "MSRS"), "no copies were measured on 'MSRS' here; did you mean 'MSRS-mini'?"),
        (("--noise", "away"), "holds no study; run it first"),
    ],
)
def test_bad_input_is_a_line(words: tuple[str, ...], text: str, folder: Path) -> None:
    done = typed("audit", "t.md", *words, cwd=folder)
    assert text in done.stderr
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1


def test_the_noise_of_a_pilot_is_its_spread() -> None:
    contents: Contents = answered_contents(
        questions=[VARIANT], explored=0, hunted=0, images=3, selecting=["qabf"]
    )
    pilot = contents.runs[contents.runs["phase"] == "pilot"]["test/qabf"]
    (found,) = [one for one in noise_of([(contents, "own")]) if one.metric == "qabf"]
    assert found.sd == pytest.approx(float(pilot.std(ddof=1)), abs=1e-6)
    assert found.df == len(pilot) - 1


@pytest.mark.slow
def test_the_register_is_in_step_with_the_reports() -> None:
    written = (ROOT / "ablate" / "auditing" / REGISTER).read_text(encoding="utf-8")
    assert written == made_register.text(made_register.register()), "python -m benchmarks.noise"
