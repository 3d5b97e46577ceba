"""Hostile study, space and override files are refused in words, each through the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.counts import hostile, seeded
from tests.hostile.studies import OVERRIDES, SPACES, STUDIES, good


def put(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_there_are_enough_of_them() -> None:
    assert len(STUDIES) >= 90
    assert len(SPACES) >= 12
    assert len(OVERRIDES) >= 30
    assert sum(map(len, hostile().values())) >= 250
    assert sum(seeded().values()) >= 80


def test_the_study_that_the_others_are_made_of_is_good(ablate: Callable[..., Any]) -> None:
    put(Path("studies/hostile.yaml"), good())
    answer = ablate("check", "studies/hostile.yaml")
    assert answer.code == 0
    assert "2 runs" in answer.out


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.timeout(60)
def test_a_hostile_study_is_refused_with_its_file(ablate: Callable[..., Any], name: str) -> None:
    text, expected = STUDIES[name]
    put(Path("studies/hostile.yaml"), text)
    ablate("check", "studies/hostile.yaml").refuses("studies/hostile.yaml: ", expected)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.timeout(60)
def test_a_hostile_space_is_refused_with_the_study_or_alone(
    ablate: Callable[..., Any], name: str
) -> None:
    text, expected = SPACES[name]
    put(Path("search_spaces/hostile.yaml"), text)
    spaces = [{"/search_spaces@space": ["scales", "hostile"]}, "_self_"]
    put(Path("studies/mine.yaml"), good(defaults=spaces))
    ablate("check", "studies/mine.yaml").refuses(".yaml: ", expected)
    ablate("check", "search_spaces").refuses("hostile.yaml: ")


@pytest.mark.parametrize("word", OVERRIDES, ids=lambda word: ascii(word[:40]))
@pytest.mark.timeout(60)
def test_a_hostile_override_is_refused(ablate: Callable[..., Any], word: str) -> None:
    put(Path("studies/mine.yaml"), good())
    ablate("check", "studies/mine.yaml", word).refuses(OVERRIDES[word])


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "/etc/passwd", "a/../../b", "x" * 10_000, "q\u202eb", "qаbf", "a\nb", "."],
    ids=ascii,
)
def test_a_name_that_is_no_study_is_refused_by_every_command(
    ablate: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)  # what lies above is empty too
    for command in ("check", "plan", "run", "status", "doctor"):
        ablate(command, name).refuses()
    for words in (["report", name], ["best", name], ["compare", name, name]):
        ablate(*words).refuses(codes=(1, 2))
    made = sorted(path.name for path in Path().rglob("*"))
    assert made in ([], ["ablate-store"]), made


@pytest.mark.parametrize("name", [".hidden", "-dash", "a b", "a\nb", "a'b", "é", "a\u202eb"])
def test_a_file_whose_name_is_no_name_of_a_study_is_refused(
    ablate: Callable[..., Any], name: str
) -> None:
    file = put(Path("studies") / f"{name}.yaml", good())
    ablate("check", file).refuses("cannot name a study; use letters, digits")


def test_every_file_that_hydra_loads_passes_the_check_first(ablate: Callable[..., Any]) -> None:
    put(Path("other.yaml"), "title: !!python/object/apply:os.system ['id']\n")
    put(Path("studies/mine.yaml"), good(defaults=["inner", "_self_"]))
    put(Path("studies/inner.yaml"), "defaults: [innermost]\ntitle: x\n")
    put(Path("studies/innermost.yaml"), "a: &a [*a]\n")
    ablate("check", "studies/mine.yaml").refuses("studies/innermost.yaml: line 1: ", "holds itself")
