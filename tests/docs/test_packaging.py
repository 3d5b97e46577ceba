"""What pyproject.toml, constraints.txt, CITATION.cff and the pages say of versions agrees."""

import re
import tomllib
from pathlib import Path

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
