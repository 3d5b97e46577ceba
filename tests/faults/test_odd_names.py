"""Folders with odd names: every ordinary command works in them, or says in one line why not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line import typed

STUDY = (Path(__file__).parents[1] / "chaos" / "cold.yaml").read_text(encoding="utf-8")
PLACE = "data: {name: folders, root: data, crop: 32}"
NAMES = (
    "a b",
    "a{b}",
    "{}",
    "a%b",
    "a%20b",
    "${oc.env:HOME}",
    "${base.x}",
    "$(id)",
    "a\nb",
    "a'b",
    'a"b',
    "a=b",
    "a,b",
    "[x]",
    "~x",
    "-x",
    "ü",
    "caf\udce9",  # bytes that are no UTF-8
    "a?b",
    "a#b",
    "a;b",
    "a:b",
    "*",
    "a\\b",
    "\x1b[2J",
    "x" * 250,
)
REFUSED = {"a%20b", "a?b", "a\nb", "caf\udce9", "\x1b[2J"}  # as the folder of a store
pytestmark = [pytest.mark.timeout(600)]


def project(root: Path) -> Path:
    """Make a project with a study and eight pairs of images."""
    for number in range(8):
        for shift, side in enumerate(("ir", "vi")):
            path = root / "data" / side / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng([number, shift]).integers(0, 256, (40, 44), np.uint8)
            Image.fromarray(values).save(path)
    generated = next(line.strip() for line in STUDY.splitlines() if "synthetic" in line)
    text = STUDY.replace(generated, PLACE).replace("{name: probe}", "{name: densefuse, width: 2}")
    (root / "studies").mkdir()
    (root / "studies" / "tiny.yaml").write_text(text, encoding="utf-8")
    return root


def works(*words: object, cwd: Path) -> str:
    """Return what a command printed that must succeed."""
    answer = typed(*map(str, words), cwd=cwd)
    if answer.returncode:  # also where asserts are left out
        raise AssertionError(words[0], answer.stderr)
    return answer.stdout


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_what_reads_alone_works_in_every_folder(name: str, tmp_path: Path) -> None:
    root = project(tmp_path / name)
    assert "1 run" in works("check", "studies/tiny.yaml", cwd=root)
    assert "8 pairs" in works("data", "verify", "folders", root / "data", cwd=root)
    given = f"data.root={root / 'data'}"
    answer = typed("check", "studies/tiny.yaml", given, cwd=root)
    assert answer.returncode in (0, 2)
    assert "a bug" not in answer.stderr


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_study_is_run_and_read_in_every_folder(name: str, tmp_path: Path) -> None:
    root = project(tmp_path / name)
    study, store = "studies/tiny.yaml", root / "st"
    if name in REFUSED:
        answer = typed("run", study, "--store", str(store), cwd=root)
        assert answer.returncode == 1
        (line,) = answer.stderr.strip().splitlines()
        assert "name another folder with --store" in line
        store = tmp_path / "st"
    works("run", study, "--store", store, cwd=root)
    commands: dict[str, tuple[object, ...]] = {
        "status": (study, "--store", store),
        "report": (study, "--store", store, "--out", root / "report"),
        "best": (study, "--store", store),
        "doctor": (study, "--store", store),
        "backup": (study, root / "copy", "--store", store),
    }
    if name in REFUSED:
        commands["backup"] = (study, tmp_path / "copy", "--store", store)
    for command, words in commands.items():
        works(command, *words, cwd=root)
    assert (root / "report" / "report.html").is_file()
    images = ("--infrared", root / "data" / "ir", "--visible", root / "data" / "vi")
    works(
        "fuse",
        "--study",
        "tiny",
        "--best",
        *images,
        "--out",
        root / "f",
        "--store",
        store,
        cwd=root,
    )
    assert len(list((root / "f").glob("*.png"))) == 8
    works("score", *images, "--fused", f"m={root / 'f'}", "--metrics", "en", cwd=root)
