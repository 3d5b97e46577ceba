"""changes/ holds what CHANGELOG.md is made of: one sentence or two for users per file."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRAGMENTS = sorted((ROOT / "changes").glob("*.md"))
NAME = re.compile(r"\+[a-z0-9-]+\.(added|changed|fixed|removed)\.md")


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_has_a_name_that_sorts_it_and_is_one_paragraph(fragment: Path) -> None:
    assert NAME.fullmatch(fragment.name), "write changes/+subject.added.md, changed, fixed, removed"
    text = fragment.read_text(encoding="utf-8").strip()
    assert text.endswith((".", "`"))
    assert "\n\n" not in text
    assert len(text) < 700


def test_the_kinds_are_those_that_the_changelog_is_made_with() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        config = tomllib.load(file)["tool"]["towncrier"]
    assert [kind["directory"] for kind in config["type"]] == NAME.pattern.split("(")[1].split(")")[
        0
    ].split("|")
    assert config["start_string"].strip() in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_changelog_is_assembled_from_all_of_them() -> None:
    pytest.importorskip("towncrier", reason="needs the extra dev")
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n- ") == len(FRAGMENTS)
