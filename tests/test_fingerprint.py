"""Fingerprints of the code: of the whole package, with and without git."""

import subprocess
from pathlib import Path

import pytest

from ablate import fingerprint

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package in a git repository, as if it were this one."""
    folder = tmp_path / "ablate"
    for name in ("__init__.py", "losses/total.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("one = 1\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("Read me.\n", encoding="utf-8")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*GIT, *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(fingerprint, "PACKAGE", folder)
    return folder


def revision() -> str:
    return fingerprint.git_revision.__wrapped__()  # what is kept is of this process's own package


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
    copied = package / "copied"
    copied.mkdir()
    (copied / "__init__.py").write_text("one = 1\n", encoding="utf-8")
    monkeypatch.setattr(fingerprint, "PACKAGE", copied)
    assert revision() == "unknown"


def test_the_hash_of_the_program_moves_with_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)
    first = fingerprint.program_hash()
    (tmp_path / "note.txt").write_text("not of the program")
    assert fingerprint.program_hash() == first
    (tmp_path / "a.py").write_text("x = 2")
    assert fingerprint.program_hash() != first
