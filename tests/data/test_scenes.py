"""Scenes by number, pattern and file; splits that never cut one."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.data.scenes import (
    across,
    alone,
    by_number,
    by_pattern,
    carve_scenes,
    from_file,
    redraw_scenes,
)
from ablate.errors import DataError

STEMS = ["00115D", "00119D", "00123D", "00283D", "00287N", "night", "00298D"]
numbered = st.lists(st.integers(0, 300), min_size=2, max_size=60, unique=True)


def test_runs_of_neighbouring_numbers_are_scenes() -> None:
    found = by_number(STEMS, gap=7)
    assert found["00115D"] == found["00119D"] == found["00123D"] == "00115D-00123D"
    assert found["00283D"] != found["00298D"]
    assert found["00287N"] == "00287N"  # night beside day is another take
    assert found["night"] == "night"
    assert list(found) == STEMS


@given(numbers=numbered, gap=st.integers(1, 20))
def test_neighbours_are_together_and_gaps_divide(numbers: list[int], gap: int) -> None:
    found = by_number([f"img{n}" for n in numbers], gap=gap)
    ordered = sorted(numbers)
    for one, other in itertools.pairwise(ordered):
        is_same = found[f"img{one}"] == found[f"img{other}"]
        assert is_same == (other - one <= gap)


def test_patterns() -> None:
    assert by_pattern(["s1_a", "s1_b"], pattern=r"s\d") == {"s1_a": "s1", "s1_b": "s1"}
    with pytest.raises(DataError, match=r"does not match 1 of 2 names, for example x"):
        by_pattern(["s1", "x"], pattern=r"s\d")
    with pytest.raises(DataError, match="not a regular expression"):
        by_pattern(["s1"], pattern="(")


def test_a_file_names_the_scenes(tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_text("\ufeffname,group,more\na,one,1\nb,one,2\nc,two,3\n", encoding="utf-8")
    assert from_file(file, ["c", "a"]) == {"c": "two", "a": "one"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("stem,scene\na,b\n", "needs the columns name and group"),
        ("name,group\na,one\na,two\n", r":3: a stands in one and in two"),
        ("name,group\na,\n", r":2: a name and a group"),
        ("name,group\na,one\n", r"1 of 2 images have no group, for example b"),
        ("", "have no group"),
    ],
)
def test_a_wrong_file_is_refused(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(DataError, match=what):
        from_file(tmp_path / "groups.csv", ["a", "b"])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        from_file(tmp_path / "none.csv", ["a"])


sizes = st.lists(st.integers(1, 8), min_size=2, max_size=15)


@given(sizes=sizes, share=st.floats(0.05, 0.6), seed=st.integers(0, 99))
def test_no_scene_is_cut_and_the_number_is_near(sizes: list[int], share: float, seed: int) -> None:
    scenes = {f"s{s}_{i}": f"s{s}" for s, size in enumerate(sizes) for i in range(size)}
    count = max(1, round(share * len(scenes)))
    for rest, part in (
        carve_scenes(list(scenes), scenes=scenes, count=count),
        redraw_scenes(list(scenes), scenes=scenes, count=count, seed=seed),
    ):
        assert rest
        assert part
        assert set(rest) | set(part) == set(scenes)
        assert not across({"train": rest, "val": part}, scenes)
        assert abs(len(part) - count) <= max(sizes)


def test_redraws_differ_and_repeat() -> None:
    scenes = {f"s{s}_{i}": f"s{s}" for s in range(12) for i in range(4)}
    draws = [redraw_scenes(list(scenes), scenes=scenes, count=8, seed=seed) for seed in range(9)]
    assert len({part for _, part in draws}) > 4
    assert draws[3] == redraw_scenes(list(reversed(scenes)), scenes=scenes, count=8, seed=3)


def test_one_scene_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="one scene"):
        carve_scenes(["a", "b"], scenes={"a": "x", "b": "x"}, count=1)


def test_images_alone() -> None:
    assert alone(["a", "b"]) == {"a": "a", "b": "b"}


def test_the_test_part_of_msrs_mini_has_seven_scenes(shared: Path) -> None:
    root = shared / "data/MSRS-mini"
    stems = {s: sorted(p.stem for p in (root / s / "ir").iterdir()) for s in ("train", "test")}
    assert len(set(by_number(stems["test"], gap=7).values())) == 7
    scenes = by_number([*stems["train"], *stems["test"]], gap=7)
    assert len(across(stems, scenes)) == 3  # the published split cuts them
