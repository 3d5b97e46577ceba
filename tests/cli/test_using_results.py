"""`ablate fuse`, `compare`, `config` and `best` on small stores made by hand."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ablate import config, models
from ablate.analysis.two_runs import differing
from ablate.study.names import known
from ablate.training.checkpoints import write_weights
from ablate.training.spec import RunResult, RunSpec
from tests.command_line import typed
from tests.fusing.test_fusing import NETWORK, picture, trained

FIRST, SECOND = "a" * 12, "b" * 12


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with a store of two trained runs, and images to fuse."""
    trained(tmp_path / "ablate-store", FIRST, arm="signed", qabf=0.4)
    trained(tmp_path / "ablate-store", SECOND, arm="magnitude", qabf=0.6)
    for name in ("x", "y"):
        picture(tmp_path / "ir" / f"{name}.png", (9, 14), 1)
        picture(tmp_path / "vi" / f"{name}.png", (9, 14, 3), 2)
    return tmp_path


FUSE = ("fuse", "--infrared", "ir", "--visible", "vi", "--out", "out")


def test_fusing_says_the_run_and_is_quiet_in_a_pipe(place: Path) -> None:
    done = typed(*FUSE, "--study", "s", cwd=place)
    assert done.returncode == 0
    assert done.stdout == f"magnitude · ratio 0.5 · b1 · p2 ({SECOND}): 2 fused in out\n"
    assert done.stderr == ""
    with Image.open(place / "out" / "x.png") as image:
        assert image.info["ablate run"] == SECOND
    before = (place / "out" / "x.png").stat().st_mtime_ns
    assert typed(*FUSE, "--study", "s", cwd=place).returncode == 0
    assert (place / "out" / "x.png").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--run", FIRST), "out/x.png and 1 more: exists"),
        (("--run", FIRST, "--study", "s"), "say either --run ID, or --study NAME"),
        ((), "say either --run ID, or --study NAME"),
        (("--run", "a" * 11), f"did you mean '{FIRST}'?"),
        (("--study", "s", "--arm", "sgned"), "did you mean 'signed'?"),
        (("--study", "other"), "known: s"),
        (("--run", FIRST, "--device", "cuda:99"), "--device"),
        (("--run", FIRST, "--store", "away"), "away: no such store"),
        (("--run", FIRST, "--visible", "absent"), "absent: no such folder"),
        (("--run", FIRST, "--out", "vi"), "vi/x.png: is one of the images to fuse"),
    ],
)
def test_wrong_words_end_in_one_line_and_change_nothing(
    place: Path, words: tuple[str, ...], text: str
) -> None:
    picture(place / "out" / "x.png", (3, 3))
    picture(place / "out" / "y.png", (3, 3))
    before = {path: path.read_bytes() for path in place.rglob("*.png")}
    done = typed(*FUSE, *words, cwd=place)
    assert done.returncode in (1, 2)
    assert text in done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert {path: path.read_bytes() for path in place.rglob("*.png")} == before


def test_other_files_are_replaced_when_that_is_said(place: Path) -> None:
    picture(place / "out" / "x.png", (3, 3))
    assert typed(*FUSE, "--run", FIRST, "--overwrite", cwd=place).returncode == 0
    with Image.open(place / "out" / "x.png") as image:
        assert image.size == (14, 9)


def test_two_runs_are_compared_in_words_of_at_most_80_columns(place: Path) -> None:
    for run, value in ((FIRST, 0.4), (SECOND, 0.5)):
        folder = place / "ablate-store" / "s" / "runs" / run
        rows = (("val", "x", "qabf", value), ("val", "y", "qabf", 0.3))
        result = RunResult(run_id=run, state="finished", images=rows)
        (folder / "result.json").write_text(json.dumps(result.to_json()))
        spec = json.loads((folder / "spec.json").read_text())
        spec["scores_test"] = False
        spec["settings"]["loss"] = {"sign": "kept" if run == FIRST else "free"}
        (folder / "spec.json").write_text(json.dumps(spec))
    done = typed("compare", FIRST, SECOND, cwd=place)
    assert "loss.sign: kept -> free" in done.stdout
    assert "better on 1 of 2 images" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    scores = json.loads(typed("compare", FIRST, SECOND, "--json", cwd=place).stdout)["scores"]
    assert scores[0]["second"] == pytest.approx(0.4)
    assert typed("compare", FIRST, "b" * 11, cwd=place).returncode == 2


def test_the_printed_overrides_give_the_settings_back(tmp_path: Path) -> None:
    base = config.load("quickstart", (), known=known()).base
    wanted = json.loads(json.dumps(base))
    wanted["train"] |= {"steps": 7, "learning_rate": 0.00025}
    wanted["loss"] |= {"sign": "free", "levels": 2}
    wanted["data"] |= {"root": "/pictures of mine/a=b, (1)", "size": [72, 88]}
    folder = tmp_path / "ablate-store" / "quickstart" / "runs" / FIRST
    folder.mkdir(parents=True)
    spec = RunSpec(
        run_id=FIRST,
        arm_id="a",
        study="quickstart",
        phase="p",
        trial=0,
        seed=0,
        name="n · s0",
        settings=wanted,
    )
    (folder / "spec.json").write_text(json.dumps(spec.to_json()))
    result = RunResult(run_id=FIRST, state="finished")
    (folder / "result.json").write_text(json.dumps(result.to_json()))
    done = typed("config", "--run", FIRST, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "# n · s0, seed 0\n"
    words = tuple(shlex.split(done.stdout))
    assert differing(config.load("quickstart", words, known=known()).base, wanted) == {}
    assert json.loads(typed("config", "--run", FIRST, "--json", cwd=tmp_path).stdout) == (
        json.loads(json.dumps(spec.to_json()))
    )


def test_best_of_an_unknown_study_offers_the_nearest(place: Path) -> None:
    (place / "ablate-store" / "quickstart" / "runs").mkdir(parents=True)
    done = typed("best", "quickstrt", cwd=place)
    assert done.returncode == 2
    assert "did you mean 'quickstart'?" in done.stderr


def test_outputs_and_networks_that_do_not_fuse_are_warned_of(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dead = models.build(NETWORK)
    for parameter in dead.parameters():
        torch.nn.init.zeros_(parameter)
    write_weights(dead, place / "ablate-store" / "s" / "runs" / FIRST)
    for _ in range(2):  # also where what was made before is kept
        done = typed(*FUSE, "--run", FIRST, cwd=place)
        assert done.returncode == 0
        told = "out: fused images are constant; choose another run: ablate best s"
        assert caplog.messages == [told]
        caplog.clear()
    folder = place / "ablate-store" / "s" / "runs" / FIRST
    facts = {"health": {"state": "negative"}}
    result = RunResult(run_id=FIRST, state="finished", facts=facts)
    (folder / "result.json").write_text(json.dumps(result.to_json()))
    done = typed("export", "--run", FIRST, "--safetensors", "w.safetensors", cwd=place)
    assert done.returncode == 0
    assert caplog.messages == [
        f"{FIRST}: its training ended unhealthy: photographic negatives; choose another run: "
        "ablate best s"
    ]


def test_a_large_pair_is_fused_whole(place: Path) -> None:
    picture(place / "ir" / "large.png", (7, 333))
    values = np.zeros((7, 333, 3), np.uint8) + np.array([200, 40, 40], np.uint8)
    Image.fromarray(values).save(place / "vi" / "large.png")
    assert typed(*FUSE, "--run", FIRST, cwd=place).returncode == 0
    with Image.open(place / "out" / "large.png") as image:
        fused = np.asarray(image).astype(int)
    assert fused.shape == (7, 333, 3)
    assert (fused[..., 0] > fused[..., 2]).all()  # red stays red
