"""`ablate data`: exit codes, what is printed, and the files it writes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        told = capsys.readouterr()
        return int(str(ended.value.code)), told.out, told.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        for shift, side in enumerate(("ir", "vi")):
            path = tmp_path / "set" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng([number, shift]).integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(values).save(path)
    return tmp_path / "set"


def test_a_whole_set_ends_in_0_and_its_manifest_is_written(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "manifest.json"
    code, out, err = run("data", "verify", "folders", str(folder), "--manifest", str(file))
    assert code == 0
    assert "set: 10 pairs (train 7, val 1, test 2), whole" in out
    assert f"{file}: written" in err
    manifest = json.loads(file.read_text())
    assert manifest["hash"] in out
    assert len(manifest["files"]) == 20


def test_every_problem_is_a_line_and_no_manifest_is_written(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "ir" / "3.png").unlink()
    (folder / "vi" / "5.png").write_bytes(b"")
    file = tmp_path / "manifest.json"
    code, out, err = run("data", "verify", "folders", str(folder), "--manifest", str(file))
    assert code == 2
    assert out.splitlines()[:2] == [
        "vi/3.png: has no partner in ir/; add the partner or remove this file",
        "vi/5.png: is empty (0 bytes); replace the file",
    ]
    assert out.splitlines()[2].endswith("2 problems")
    assert not file.exists()
    assert "not written" in err


def test_lines_fit_the_terminal(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "ir" / "3.png").unlink()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)  # a pipe gets whole lines
    _, out, _ = run("data", "verify", "folders", str(folder))
    assert max(map(len, out.splitlines())) <= 60
    assert "this file" in " ".join(out.split())


def test_json_has_the_promised_keys_and_nothing_beside_it(run: Run, folder: Path) -> None:
    (folder / "ir" / "3.png").unlink()
    code, out, _ = run("data", "verify", "folders", str(folder), "--json")
    facts = json.loads(out)
    assert code == 2
    keys = ["scenes", "shared_scenes", "left_out", "scaling", "unused"]
    assert list(facts) == ["name", "pairs", "splits", *keys, "problems", "manifest_hash"]
    assert facts["problems"] == [
        {
            "file": str(folder / "vi" / "3.png"),
            "problem": "has no partner in ir/",
            "mend": "add the partner or remove this file",
        }
    ]
    assert facts["manifest_hash"] is None
    assert facts["pairs"] == 9


def test_split_files_are_followed(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("1\n2\n3\n")
    listed = str(tmp_path / "test.txt")
    _, out, _ = run("data", "verify", "folders", str(folder), "--splits", listed)
    assert "test 3" in out


def test_the_offered_fix_can_be_typed(run: Run, folder: Path) -> None:
    for old, new in (("ir", "one"), ("vi", "two")):
        (folder / old).rename(folder / new)
    code, out, _ = run("data", "verify", "tno", str(folder))
    assert code == 2
    assert out.count("say data=folders data.") == 2
    sides = [f"data.infrared={folder / 'one'}", f"data.visible={folder / 'two'}"]
    code, out, _ = run("data", "verify", "tno", str(folder), "data=folders", *sides)
    assert (code, "set: 10 pairs" in out) == (0, True)
    share = run("data", "verify", "folders", str(folder), *sides, "data.test_share=0.5")[1]
    assert "test 5" in share
    code, out, err = run("data", "verify", "folders", str(folder), "root=x", "data.a.b=1")
    assert code == 2
    assert "root=x: not a setting of a data set; write data.KEY=VALUE" in err + out
    code, out, err = run("data", "verify", "folders", str(folder), "data.infared=x")
    assert "did you mean 'infrared'" in err + out


def test_progress_goes_to_standard_error(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.cli.progress.LINE_EVERY_S", 0.0)
    _, out, err = run("data", "verify", "folders", str(folder), "--json")
    assert json.loads(out)["pairs"] == 10
    assert "checking folders 10/10 ETA 0 s" in err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("verify", "msrs", "/no/such/place"), "no such folder"),
        (("verify", "msrz", "."), "did you mean 'msrs'"),
        (("info", "lvip"), "did you mean 'llvip'"),
        (("verify", "tno", ".", "--splits", "absent"), "data.splits"),
    ],
)
def test_wrong_words_end_in_one_line(run: Run, words: tuple, text: str) -> None:
    code, out, err = run("data", *words)
    assert code == 2
    assert text in err + out
    assert "Traceback" not in err


def test_info_tells_counts_source_and_licence(run: Run) -> None:
    code, out, _ = run("data", "info", "llvip")
    assert code == 0
    for text in (
        "{infrared,visible}/{train,test}",
        "train 12025, test 3463",
        "arXiv 2108.10831",
        "non-commercial",
    ):
        assert text in out
    facts = json.loads(run("data", "info", "msrs", "--json")[1])
    assert facts["counts"] == {"train": 1083, "test": 361}
    assert "none is official" in run("data", "info", "tno")[1]


@pytest.mark.parametrize("words", [("info", "msrs"), ("verify", "folders", "set")])
def test_looking_at_data_imports_nothing_that_trains(folder: Path, words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom ablate.cli.main import main\n"
        f"try:\n    main(['data', *{words!r}])\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'mlflow', 'kornia', 'seaborn', 'optuna', 'hydra'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
