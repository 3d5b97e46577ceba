from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate import data
from ablate.data.folder_sets import divide
from ablate.data.pairs import PairSet
from ablate.errors import DataError


@pytest.fixture
def root(tmp_path: Path, write: Callable) -> Path:
    """Return twelve pairs in the layout of TNO."""
    for number in range(12):
        for shift, side in enumerate(("ir", "vi")):
            write(tmp_path / "set" / side / f"{number:02d}.png", seed=number + 50 * shift)
    return tmp_path / "set"


def load(root: Path, splits: Path, name: str = "tno") -> PairSet:
    return data.load({"name": name, "root": str(root), "splits": str(splits)})


def test_a_folder_of_lists_names_every_split(root: Path, tmp_path: Path) -> None:
    lists = {"train": range(6), "val": (6, 7), "test": (8, 9)}  # 10 and 11 are left out
    for split, numbers in lists.items():
        (tmp_path / f"{split}.txt").write_text("".join(f"{n:02d}\n" for n in numbers))
    made = load(root, tmp_path)
    for split, numbers in lists.items():
        assert made.stems(split) == tuple(f"{n:02d}" for n in numbers)
    assert "10/ir" not in made.manifest.files


def test_one_list_leaves_the_rest_to_the_others(root: Path, tmp_path: Path) -> None:
    listed = tmp_path / "my.test.txt"
    listed.write_text("# chosen by hand\n03.png\n\n02\n")  # suffixes and empty lines are fine
    made = load(root, listed)
    assert made.stems("test") == ("03", "02")
    assert made.manifest.counts == {"train": 8, "val": 2, "test": 2}
    listed.rename(tmp_path / "my.train.txt")
    made = load(root, tmp_path / "my.train.txt")
    assert {*made.stems("train"), *made.stems("val")} == {"02", "03"}
    assert made.manifest.counts["test"] == 10


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_name(root: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_bytes(b"\xef\xbb\xbf03\r\n02\r\n")
    assert load(root, tmp_path / "test.txt").stems("test") == ("03", "02")


def test_lists_with_the_title_before_are_found_beside_those_of_others(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "TNO.test.txt").write_text("05\n")
    (tmp_path / "RoadScene.test.txt").write_text("FLIR_00001\n")
    assert load(root, tmp_path).stems("test") == ("05",)


def test_a_list_goes_before_the_published_folders(msrs_folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "test.txt"
    listed.write_text("00030D\n00001N\n")
    made = load(msrs_folder, listed, name="msrs")
    assert made.stems("test") == ("00030D", "00001N")
    assert made.manifest.counts["train"] + made.manifest.counts["val"] == 23


@pytest.mark.parametrize(
    ("lists", "texts"),
    [
        ({"test": "77\n78\n01\n"}, ["no pair is called 77 and 1 more"]),
        ({"test": ""}, ["names no pair"]),
        ({"train": "01\n02\n", "test": "02\n"}, ["02 also stands in the list of train"]),
        ({"train": "01\n99\n", "test": "88\n"}, ["called 99", "called 88"]),
    ],
)
def test_faults_of_lists_name_the_list(
    root: Path, tmp_path: Path, lists: dict, texts: list
) -> None:
    for split, text in lists.items():
        (tmp_path / f"{split}.txt").write_text(text)
    with pytest.raises(DataError) as caught:
        load(root, tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(texts)
    for line, text in zip(lines, texts, strict=True):
        assert text in line
        assert ".txt: " in line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent", "no such file or folder"),
        ("set", "has no train.txt, val.txt or test.txt"),
        ("list.txt", "its name tells no split"),
    ],
)
def test_splits_that_are_not_there_are_told(
    root: Path, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / "list.txt").write_text("01\n")
    with pytest.raises(DataError, match=text):
        load(root, tmp_path / name)


STEMS = tuple(f"{n:03d}" for n in range(60))


@given(
    named=st.dictionaries(
        st.sampled_from(["train", "val", "test"]), st.sets(st.sampled_from(STEMS), min_size=2)
    )
)
def test_dividing_keeps_what_is_named_and_overlaps_nowhere(named: dict) -> None:
    seen: set[str] = set()
    disjoint = {}
    for split, stems in named.items():
        disjoint[split] = tuple(sorted(stems - seen))
        seen |= stems
    made = divide(STEMS, named=disjoint, test_share=0.25, val_share=0.15)
    every = [stem for part in made.values() for stem in part]
    assert len(every) == len(set(every))
    for split in ("val", "test"):
        if split in disjoint:
            assert made[split] == disjoint[split]
    if not {"train", "test"} <= set(disjoint):
        assert set(every) == set(STEMS)  # nothing is lost while a split is open
