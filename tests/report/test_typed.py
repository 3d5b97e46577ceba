"""Values are typed until they are words: a misspelt field fails mypy, and stored keys are known."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLANTED = (  # file, as it is, misspelt
    ("ablate/report/figures/forest.py", "row.ci_low * scale", "row.ci_lwo * scale"),
    ("ablate/report/figures/forest.py", "in row.by_block)", "in row.by_blok)"),
    ("ablate/report/first_page.py", "answer=question.answer,", "answer=question.anwser,"),
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_misspelt_field_of_a_figure_or_of_a_page_fails_mypy(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "ablate", tmp_path / "ablate", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, right, wrong in PLANTED:
        text = (tmp_path / name).read_text()
        assert text.count(right) == 1, (name, right)
        (tmp_path / name).write_text(text.replace(right, wrong))
    files = sorted({name for name, _, _ in PLANTED})
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--cache-dir=cache", *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == len(PLANTED), done.stdout + done.stderr
    for (name, _, wrong), word in zip(PLANTED, ("ci_lwo", "by_blok", "anwser"), strict=True):
        assert word in wrong
        assert any(name in line and f'has no attribute "{word}"' in line for line in errors), errors
