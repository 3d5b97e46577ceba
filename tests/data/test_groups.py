"""Scenes by number, pattern and file; splits that never cut one."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate import data
from ablate.data.groups import (
    across,
    by_number,
    by_pattern,
    carve_groups,
    from_file,
    groups_of,
    redraw_groups,
)
from ablate.data.manifest import Manifest, differences
from ablate.data.pairs import SPLITS, PairSet
from ablate.errors import DataError

STEMS = ["00115D", "00119D", "00123D", "00283D", "00287N", "night", "00298D"]
numbered = st.lists(st.integers(0, 300), min_size=2, max_size=60, unique=True)


def test_runs_of_neighbouring_numbers_are_scenes() -> None:
    found = by_number(STEMS)
    assert found["00115D"] == found["00119D"] == found["00123D"] == "00115D-00123D"
    assert found["00283D"] != found["00298D"]
    assert found["00287N"] == "00287N"  # night beside day is another take
    assert found["night"] == "night"
    assert list(found) == STEMS


@given(numbers=numbered, gap=st.integers(1, 20))
def test_neighbours_are_together_and_gaps_divide(numbers: list[int], gap: int) -> None:
    found = by_number([f"img{n}" for n in numbers], gap=gap, longest=1000)
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
        ("stem,group\na,b\n", "needs the columns name and group"),
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
    with pytest.raises(DataError, match=r"no such file; data\.groups names a CSV file"):
        from_file(tmp_path / "none.csv", ["a"])


sizes = st.lists(st.integers(1, 8), min_size=2, max_size=15)


@given(sizes=sizes, share=st.floats(0.05, 0.6), seed=st.integers(0, 99))
def test_no_scene_is_cut_and_the_number_is_near(sizes: list[int], share: float, seed: int) -> None:
    groups = {f"s{s}_{i}": f"s{s}" for s, size in enumerate(sizes) for i in range(size)}
    count = max(1, round(share * len(groups)))
    for rest, part in (
        carve_groups(list(groups), groups=groups, count=count),
        redraw_groups(list(groups), groups=groups, count=count, seed=seed),
    ):
        assert rest
        assert part
        assert set(rest) | set(part) == set(groups)
        assert not across({"train": rest, "val": part}, groups)
        assert abs(len(part) - count) <= max(sizes)


def test_redraws_differ_and_repeat() -> None:
    groups = {f"s{s}_{i}": f"s{s}" for s in range(12) for i in range(4)}
    draws = [redraw_groups(list(groups), groups=groups, count=8, seed=seed) for seed in range(9)]
    assert len({part for _, part in draws}) > 4
    assert draws[3] == redraw_groups(list(reversed(groups)), groups=groups, count=8, seed=3)


def test_one_scene_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="one group"):
        carve_groups(["a", "b"], groups={"a": "x", "b": "x"}, count=1)


def test_the_test_part_of_msrs_mini_has_seven_scenes(shared: Path) -> None:
    root = shared / "data/MSRS-mini"
    stems = {s: sorted(p.stem for p in (root / s / "ir").iterdir()) for s in ("train", "test")}
    assert len(set(by_number(stems["test"]).values())) == 7
    groups = by_number([*stems["train"], *stems["test"]])
    assert len(across(stems, groups)) == 3  # the published split cuts them


def test_a_dense_run_is_cut_into_stretches() -> None:
    found = by_number([f"{n:05d}D" for n in range(1, 131)], longest=60)
    sizes = [list(found.values()).count(name) for name in dict.fromkeys(found.values())]
    assert sizes == [44, 43, 43]


@pytest.mark.parametrize("setting", ["auto", "more.csv", r"(\w)\d"])
def test_the_setting_names_a_rule_a_file_or_a_pattern(setting: str, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("name,group\na1,p\na2,q\nb1,q\n")
    found = groups_of(
        ["a1", "a2", "b1"], setting=setting, rule=lambda s: dict.fromkeys(s, "x"), folder=tmp_path
    )
    expected = {"auto": "xxx", "more.csv": "pqq", r"(\w)\d": "aab"}[setting]
    assert "".join(found.values()) == expected


def test_a_file_beside_the_images_goes_before_the_rule(tmp_path: Path) -> None:
    def rule(stems: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(stems, "x")

    (tmp_path / "groups.csv").write_text("name,group\na,p\nb,q\n")
    assert groups_of(["a"], setting="auto", rule=rule, folder=tmp_path) == {"a": "p"}
    assert groups_of(["a"], setting="none", rule=rule, folder=tmp_path) == {}
    assert groups_of(["a"], setting="auto", rule=None, folder=None) == {}


def load(name: str, root: Path, **more: object) -> PairSet:
    return data.load({"name": name, "root": str(root), "crop": 16, **more})


def test_a_part_of_a_set_leaves_out_what_shares_a_scene_with_test(msrs_folder: Path) -> None:
    before = load("msrs", msrs_folder)  # a study that recorded no groups
    assert before.manifest.groups == {}
    assert before.left_out == {}
    (msrs_folder / "groups.csv").write_text(
        "name,group\n"
        + "".join(
            f"{stem},{int(stem[:5]) // 4}\n" for part in SPLITS for stem in before.stems(part)
        )
    )
    made = load("msrs", msrs_folder, groups="auto")
    groups = made.manifest.groups
    assert made.stems("test") == before.stems("test")
    assert not across(made.manifest.splits, groups)
    assert made.left_out == {}  # 24 // 4 < 30 // 4
    assert made.manifest.hash != before.manifest.hash


def test_neighbours_of_test_frames_leave_the_training_part(msrs_folder: Path) -> None:
    (msrs_folder / "groups.csv").write_text(
        "name,group\n"
        + "".join(
            f"{n:05d}{'N' if n % 2 else 'D'},{'last' if n > 20 else n // 3}\n"
            for n in (*range(1, 25), *range(30, 36))
        )
    )
    made = load("msrs", msrs_folder, groups="auto")
    assert set(made.left_out) == {"00021N", "00022D", "00023N", "00024D"}
    assert sum(made.manifest.counts.values()) == 26
    assert not across(made.manifest.splits, made.manifest.groups)
    redrawn = made.redrawn(3)
    parts = {split: redrawn.stems(split) for split in SPLITS}
    assert not across(parts, made.manifest.groups)
    assert set(parts["train"]) | set(parts["val"]) == set(made.stems("train")) | set(
        made.stems("val")
    )
    sample = made.limited({"train": 6})
    assert set(sample.manifest.groups) == {s for part in SPLITS for s in sample.stems(part)}


def test_one_scene_alone_is_cut_and_that_is_known(tmp_path: Path, write: Callable) -> None:
    for number in range(12):
        for side in ("ir", "vi"):
            write(tmp_path / side / f"{number}.png", seed=number, rgb=side == "vi")
    (tmp_path / "groups.csv").write_text("name,group\n" + "".join(f"{n},one\n" for n in range(12)))
    made = load("folders", tmp_path, groups="auto")
    assert across(made.manifest.splits, made.manifest.groups) == {"one": list(SPLITS)}
    assert made.left_out == {}
    assert len(made.redrawn(1).stems("val")) == len(made.stems("val"))


def test_the_manifest_holds_the_groups(msrs_folder: Path, tmp_path: Path) -> None:
    made = load("msrs", msrs_folder, groups=r"(\d{4})").manifest
    made.write(tmp_path / "manifest.json")
    assert Manifest.read(tmp_path / "manifest.json") == made
    other = load("msrs", msrs_folder, groups=r"\d{5}").manifest
    problems = differences(made, other, file=tmp_path / "manifest.json")
    assert any("groups are others" in problem.what for problem in problems)


@pytest.mark.parametrize(
    ("name", "folder", "least", "shared_scenes"),
    [("msrs", "MSRS-mini", 7, 0), ("roadscene", "RoadScene", 3, 0), ("tno", "TNO", 3, 0)],
)
def test_no_split_of_real_pairs_cuts_a_scene(
    shared: Path, name: str, folder: str, least: int, shared_scenes: int
) -> None:
    made = load(name, shared / "data" / folder, groups="auto")
    assert len(across(made.manifest.splits, made.manifest.groups)) == shared_scenes
    assert made.manifest.group_counts()["test"] >= least
    assert all(made.manifest.counts[split] for split in SPLITS)


def test_a_header_with_another_separator_is_named(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("image;scene\na,1\n")
    with pytest.raises(DataError, match="needs the columns name and group, has image;scene"):
        from_file(tmp_path / "groups.csv", ["a"])
