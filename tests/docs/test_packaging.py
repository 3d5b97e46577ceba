"""What pyproject.toml, constraints.txt, CITATION.cff and the pages say of versions agrees."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import ablate

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = {
    name.lower().replace("_", "-"): version
    for name, _, version in (
        line.partition("==") for line in (ROOT / "constraints.txt").read_text().split()
    )
}
UNPINNED = ("atheris", "triton", "uv")  # of extras that no target of the Makefile installs
ADVISORIES = runpy.run_path(str(ROOT / ".ci" / "advisories.py"))["main"]


def named(texts: list[str]) -> list[Requirement]:
    return [Requirement(text) for text in texts]


def test_every_extra_that_is_promised_is_there() -> None:
    assert {"gpu", "ray", "slurm", "dashboard", "onnx", "dev", "docs"} <= set(EXTRAS)
    assert [one.name for one in named(EXTRAS["gpu"])] == ["triton"]


@pytest.mark.parametrize(
    "requirement",
    named([*PROJECT["dependencies"], *(text for part in EXTRAS.values() for text in part)]),
    ids=lambda one: one.name,
)
def test_the_pinned_version_is_allowed(requirement: Requirement) -> None:
    name = requirement.name.lower().replace("_", "-")
    if name in UNPINNED:
        assert name not in PINS
        return
    assert requirement.specifier.contains(PINS[name]), f"{requirement}: pinned at {PINS[name]}"


def test_every_direct_dependency_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    reasons = {
        found[1]: found[2]
        for line in lines
        if (found := re.fullmatch(r'  "(.+)",  # (\S.+)', line))
    }
    wanted = [*PROJECT["dependencies"], *(text for part in EXTRAS.values() for text in part)]
    assert [text for text in wanted if text not in reasons] == []


def test_every_pin_is_one_version_of_a_name_that_stands_once() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.+]*", line) for line in lines)
    assert len(PINS) == len(lines)
    cuda = [name for name in PINS if name.startswith(("nvidia-", "cuda-"))]
    assert cuda == []  # which a machine without a GPU would download


def dependency(name: str, *advisories: str) -> dict[str, Any]:
    vulns = [
        {"id": one, "fix_versions": ["2"], "description": "runs\n\x1b[2J code"}
        for one in advisories
    ]
    return {"name": name, "version": "1", "vulns": vulns}


def unknown(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "code", "lines"),
    [
        (
            {},
            0,
            [
                "c.txt: no database of advisories could be reached, or no pip-audit; nothing is known"
            ],
        ),
        (
            {"osv": None, "pypi": {"dependencies": [unknown("a")]}},
            0,
            [
                "c.txt: no database of advisories could be reached, or no pip-audit; nothing is known"
            ],
        ),
        (
            {"osv": {"dependencies": [dependency("a")]}},
            0,
            ["c.txt: 0 advisories of 1 versions (osv)"],
        ),
        (
            {"pypi": {"dependencies": [dependency("a", "X-1", "X-2"), unknown("b")]}},
            1,
            [
                "a 1: X-1, fixed in 2: runs ?[2J code",
                "a 1: X-2, fixed in 2: runs ?[2J code",
                "c.txt: 2 advisories of 1 versions (pypi)",
                "c.txt: 1 versions are unknown to pypi",
            ],
        ),
    ],
)
def test_advisories_are_a_line_each_and_no_database_is_no_fault(
    answers: dict[str, Any], code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ADVISORIES("c.txt", ask=lambda pins, database: answers.get(database)) == code
    assert capsys.readouterr().out.splitlines() == lines


def test_the_citation_names_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == ablate.__version__
    assert citation["license"] == PROJECT["license"] == "MIT"  # an SPDX name


def test_the_page_of_versions_names_the_least_ones() -> None:
    page = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    for requirement in named(PROJECT["dependencies"]):
        (least,) = (str(Version(part.version)) for part in requirement.specifier)
        assert re.search(rf"^\| `{requirement.name}` \| {re.escape(least)}(\.0)* \|", page, re.M), (
            f"docs/versions.md: {requirement.name} {least} stands there as another version"
        )
