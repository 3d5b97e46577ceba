"""The revision that a study notes is that of the whole package."""

import subprocess
from pathlib import Path

import pytest

from ablate.tracking import runs

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package in a git repository, as if `runs` were part of it."""
    folder = tmp_path / "ablate"
    for name in ("tracking/runs.py", "losses/total.py"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("one = 1\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("Read me.\n", encoding="utf-8")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*GIT, *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(runs, "__file__", str(folder / "tracking" / "runs.py"))
    return folder


def revision() -> str:
    return runs.code_revision.__wrapped__()  # what is kept is of this process's own package


def test_a_changed_file_anywhere_in_the_package_is_dirty(package: Path) -> None:
    clean = revision()
    assert len(clean) == 40
    (package / "losses" / "total.py").write_text("one = 2\n", encoding="utf-8")
    assert revision() == f"{clean}+dirty"


def test_a_changed_file_beside_the_package_is_not(package: Path) -> None:
    clean = revision()
    (package.parent / "README.md").write_text("Read me again.\n", encoding="utf-8")
    assert revision() == clean


def test_code_that_git_does_not_hold_has_no_revision(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "copied.py").write_text("one = 1\n", encoding="utf-8")
    monkeypatch.setattr(runs, "__file__", str(package / "copied.py"))
    assert revision() == "unknown"
