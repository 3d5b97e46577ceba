"""docs/cookbook.md: its files are fine, and its commands run in the order in which they stand."""

import shlex
from pathlib import Path

import pytest

from tests.command_line import typed
from tests.docs.test_tutorials import BLOCK

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
BLOCKS = BLOCK.findall(PAGE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the files of the page."""
    for _, title, text in BLOCKS:
        if title:
            (tmp_path / title).parent.mkdir(exist_ok=True)
            (tmp_path / title).write_text(text, encoding="utf-8")
    return tmp_path


def test_there_are_ten_tasks_and_their_files_are_fine(folder: Path) -> None:
    assert PAGE.count("\n## ") == 10
    done = typed("check", ".", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": fine, ") == sum(bool(title) for _, title, _ in BLOCKS) == 4


@pytest.mark.slow
@pytest.mark.e2e
def test_its_commands_run_as_they_are_written(folder: Path) -> None:
    for kind, _, text in BLOCKS:
        for command in text.splitlines() if kind == "bash" else ():
            program, *words = shlex.split(command)
            assert program == "ablate"
            done = typed(*words, cwd=folder)
            assert done.returncode == 0, f"{command}: {done.stderr}"
    assert r"\toprule" in (folder / "table.tex").read_text(encoding="utf-8")
    assert (folder / "winner.safetensors").stat().st_size > 0
    assert (folder / "again" / "report.html").exists()
