import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate import data
from ablate.data.contract import DATASETS
from ablate.data.facts import FACTS
from ablate.data.pairs import PairSet
from ablate.data.splits import carve
from ablate.errors import DataError


def load_msrs(root: Path, **more: object) -> PairSet:
    return data.load({"name": "msrs", "root": str(root), "crop": 16, **more})


def test_msrs_keeps_the_test_folder_and_carves_val_from_train(msrs_folder: Path) -> None:
    made = load_msrs(msrs_folder)
    assert made.manifest.counts == {"train": 20, "val": 4, "test": 6}
    assert {stem[-1] for stem in made.stems("val")} == {"D", "N"}
    assert made.stems("test") == tuple(f"{n:05d}{'N' if n % 2 else 'D'}" for n in range(30, 36))


def test_only_the_official_counts_are_called_msrs(
    msrs_folder: Path,
) -> None:
    assert load_msrs(msrs_folder).manifest.label == "MSRS-mini"
    facts = FACTS.get("msrs")
    assert facts.counts == {"train": 1083, "test": 361}
    assert facts.label({"train": 920, "val": 163, "test": 361}) == "MSRS"
    assert facts.label({"train": 919, "val": 163, "test": 361}) == "MSRS-mini"
    assert facts.label({"train": 920, "val": 163, "test": 360}) == "MSRS-mini"


@pytest.mark.parametrize(
    ("name", "counts", "label"),
    [
        ("llvip", {"train": 10221, "val": 1804, "test": 3463}, "LLVIP"),
        ("fmb", {"train": 1037, "val": 183, "test": 280}, "FMB"),
        ("roadscene", {"train": 141, "val": 25, "test": 55}, "RoadScene"),
        ("roadscene", {"train": 51, "val": 9, "test": 20}, "RoadScene-mini"),
        ("m3fd", {"train": 2677, "val": 473, "test": 1050}, "M3FD"),
        ("tno", {"train": 16, "val": 3, "test": 6}, "TNO"),  # no number is official
    ],
)
def test_each_set_is_called_by_its_title_only_when_it_is_whole(
    name: str, counts: dict, label: str
) -> None:
    assert FACTS.get(name).label(counts) == label


def test_every_set_on_disk_says_what_is_known_of_it() -> None:
    assert set(FACTS.names()) == set(DATASETS.names()) - {"synthetic"}
    for name in FACTS:
        facts = FACTS.get(name)
        assert all((facts.about, facts.layout, facts.source, facts.licence, facts.get)), name


def test_the_hash_follows_content_and_splits_but_not_the_place(
    msrs_folder: Path, tmp_path_factory: pytest.TempPathFactory, write: Callable
) -> None:
    plain = load_msrs(msrs_folder).manifest.hash
    moved = tmp_path_factory.mktemp("moved") / "set"
    shutil.copytree(msrs_folder, moved)
    assert load_msrs(moved).manifest.hash == plain
    assert load_msrs(moved, val_share=0.3).manifest.hash != plain
    for file in ("train/ir/00001N.png", "test/vi/00030D.png"):
        kept = (moved / file).read_bytes()
        write(moved / file, seed=4242, rgb="vi" in file)
        assert load_msrs(moved).manifest.hash != plain, file
        (moved / file).write_bytes(kept)
    assert load_msrs(moved).manifest.hash == plain


def test_the_manifest_holds_no_path_of_this_machine(msrs_folder: Path) -> None:
    assert str(msrs_folder) not in str(load_msrs(msrs_folder).manifest.to_json())


def test_the_root_comes_from_the_environment_too(
    msrs_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("place")
    shutil.copytree(msrs_folder, place / "MSRS-mini")
    monkeypatch.setenv("ABLATE_DATA", str(place))
    assert data.load({"name": "msrs", "root": None}).manifest.counts["test"] == 6
    monkeypatch.delenv("ABLATE_DATA")
    with pytest.raises(DataError, match=r"data\.root: not set"):
        data.load({"name": "msrs"})


def test_pairs_are_decoded_once(msrs_folder: Path) -> None:
    made = load_msrs(msrs_folder)
    assert made.pairs("val")[0] is made.pairs("val")[0]


def test_roadscene_pairs_the_aligned_folders(tmp_path: Path, write: Callable) -> None:
    for number in range(16):
        write(tmp_path / "cropinfrared" / f"FLIR_{number:05d}.jpg", seed=number)
        write(tmp_path / "crop_LR_visible" / f"FLIR_{number:05d}.jpg", seed=99 + number)
        write(tmp_path / "crop_HR_visible" / f"FLIR_{number:05d}.jpg", height=60, width=72)
    made = data.load({"name": "roadscene", "root": str(tmp_path)})
    assert made.manifest.counts["test"] == 4


def test_tno_pairs_by_number(tmp_path: Path, write: Callable) -> None:
    for number in range(1, 11):
        for side, shift in (("ir", 0), ("vi", 50)):
            write(tmp_path / side / f"{number:02d}.png", seed=number + shift, height=20 + number)
    made = data.load({"name": "tno", "root": str(tmp_path)})
    assert sum(made.manifest.counts.values()) == 10
    assert made.manifest.label == "TNO"


def test_a_split_that_is_not_there_is_named(msrs_folder: Path) -> None:
    with pytest.raises(DataError, match=r"'dev'.*train, val, test"):
        load_msrs(msrs_folder).stems("dev")


@settings(deadline=None, derandomize=True, max_examples=80)
@given(count=st.integers(2, 300), share=st.floats(0.02, 0.6), blocks=st.integers(1, 8))
def test_carving_loses_nothing_and_keeps_the_share(count: int, share: float, blocks: int) -> None:
    stems = [f"img{number}" for number in range(count)]
    rest, part = carve(stems[::-1], share=share, blocks=blocks)
    assert sorted(rest + part) == sorted(stems)
    assert len(part) == max(1, round(count * share))


def test_carved_frames_are_runs_of_neighbours_in_the_order_of_numbers() -> None:
    _, part = carve([f"img{number}" for number in range(40)], share=0.2, blocks=2)
    assert [int(stem[3:]) for stem in part] == [16, 17, 18, 19, 36, 37, 38, 39]


def test_importing_the_package_loads_neither_torch_nor_pillow() -> None:
    code = "import sys, ablate.data; print(sorted({'torch', 'PIL', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
