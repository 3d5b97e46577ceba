from collections.abc import Callable
from pathlib import Path

import pytest

from ablate import data
from ablate.data.layout import flat
from ablate.errors import ConfigError, DataError, UnknownNameError


@pytest.mark.parametrize(
    ("infrared", "visible", "keys"),
    [
        (["IR1.jpg", "IR10.jpg"], ["VIS1.jpg", "VIS10.jpg"], {"1", "10"}),
        (["Camp1_IR.png"], ["Camp1_Vis.png"], {"Camp1"}),
        (["ir_a.png"], ["vi_a.png"], {"a"}),
    ],
)
def test_one_folder_is_told_apart_by_names(
    tmp_path: Path, write: Callable, infrared: list, visible: list, keys: set
) -> None:
    for name in infrared + visible:
        write(tmp_path / name)
    told = flat(tmp_path)
    assert told is not None
    found, problems = told
    assert problems == []
    assert set(found["infrared"]) == set(found["visible"]) == keys


def test_a_folder_of_one_modality_is_not_flat(tmp_path: Path, write: Callable) -> None:
    for name in ("visitor.png", "iris.png", "IR1.png"):
        write(tmp_path / name)
    assert flat(tmp_path) is None


def test_ten_stands_after_two_in_flat_names(tmp_path: Path, write: Callable) -> None:
    for number in range(1, 13):
        write(tmp_path / f"IR{number}.png", seed=number)
        write(tmp_path / f"VIS{number}.png", seed=99 + number)
    made = data.load({"name": "folders", "root": str(tmp_path)})
    assert made.stems("test") == ("4", "8", "12")


@pytest.mark.parametrize(
    ("infrared", "visible", "stem"),
    [
        ("{}D_ir", "{}D_vi", "3D"),
        ("IR{}", "VIS-{}", "3"),
        ("{}-IR", "{}-VIS", "3"),
        ("caf\u00e9{}", "cafe\u0301{}", "caf\u00e93"),
    ],
)
def test_two_folders_pair_by_what_names_say_beside_the_modality(
    tmp_path: Path, write: Callable, infrared: str, visible: str, stem: str
) -> None:
    for number in range(8):
        write(tmp_path / "ir" / f"{infrared.format(number)}.png", seed=number)
        write(tmp_path / "vi" / f"{visible.format(number)}.png", seed=50 + number)
    made = data.load({"name": "folders", "root": str(tmp_path)})
    assert [path.stem for path in made.files[stem]] == [infrared.format(3), visible.format(3)]


def test_names_that_pair_as_they_are_keep_their_words(tmp_path: Path, write: Callable) -> None:
    for number in range(8):
        for side in ("ir", "vi"):
            write(tmp_path / side / f"{number}_ir.png", seed=number)
    assert "3_ir" in data.make({"name": "folders", "root": str(tmp_path)}).files


def test_the_modalities_are_not_swapped(tmp_path: Path, write: Callable) -> None:
    for number in range(8):
        write(tmp_path / "ir" / f"{number}.png", seed=number)
        write(tmp_path / "vi" / f"{number}.png", seed=50 + number)
    made = data.load({"name": "folders", "root": str(tmp_path)})
    swapped = data.load(
        {"name": "folders", "infrared": str(tmp_path / "vi"), "visible": str(tmp_path / "ir")}
    )
    for one, other in zip(made.pairs("train"), swapped.pairs("train"), strict=True):
        assert (one.infrared == other.visible).all()
        assert (one.infrared != other.infrared).any()


def test_all_faults_of_a_folder_are_told_together(tmp_path: Path, write: Callable) -> None:
    for number in range(4):
        write(tmp_path / "ir" / f"{number}.png", seed=number)
        write(tmp_path / "vi" / f"{number}.png", seed=9 + number)
    (tmp_path / "vi" / "0.png").unlink()
    write(tmp_path / "vi" / "1.png", width=30)
    (tmp_path / "ir" / "2.png").write_bytes(b"no image")
    late = tmp_path / "vi" / "3.png"
    late.write_bytes(late.read_bytes()[:-60])  # the header is whole
    (tmp_path / "vi" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "vi" / "Thumbs.db").write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        data.load({"name": "folders", "root": str(tmp_path)})
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    for text in ("0.png: has no partner", "is 24x20, its partner 30x20", "2.png", "3.png"):
        assert any(text in line for line in lines), text
    assert all("; " in line for line in lines)  # each has its mend


def test_a_file_that_breaks_late_is_told_when_its_split_is_read(
    tmp_path: Path, write: Callable
) -> None:
    for number in range(8):
        for side, shift in (("ir", 0), ("vi", 50)):
            path = write(tmp_path / side / f"{number}.png", seed=number + shift)
            path.write_bytes(path.read_bytes()[:-60])
    made = data.load({"name": "folders", "root": str(tmp_path)})
    with pytest.raises(DataError) as caught:
        made.pairs("test")
    assert len(str(caught.value).splitlines()) == len(made.stems("test")) == 2


def test_an_empty_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no infrared folder"):
        data.load({"name": "folders", "root": str(tmp_path)})
    with pytest.raises(DataError, match="no such folder"):
        data.load({"name": "folders", "root": str(tmp_path / "absent")})


def test_unknown_names_and_settings_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'synthetic'"):
        data.load({"name": "synthetc"})
    with pytest.raises(ConfigError, match="did you mean 'seed'"):
        data.load({"name": "synthetic", "sead": 1})
    with pytest.raises(ConfigError, match=r"data\.name"):
        data.load({})


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    for side in ("ir", "vi"):
        (tmp_path / side).mkdir()
    with pytest.raises(DataError, match=r"ir: has no images; check the path"):
        data.load({"name": "folders", "root": str(tmp_path)})


def test_one_stem_twice_on_a_side_is_told(tmp_path: Path, write: Callable) -> None:
    for name in ("ir/1.png", "ir/1.bmp", "vi/1.png"):
        write(tmp_path / name)
    with pytest.raises(DataError, match=r"1\.png: same stem as 1\.bmp; remove one"):
        data.load({"name": "folders", "root": str(tmp_path)})


def test_colour_is_read_on_demand_and_not_kept(tmp_path: Path, write: Callable) -> None:
    for number in range(8):
        write(tmp_path / "ir" / f"{number}.png", seed=number)
        write(tmp_path / "vi" / f"{number}.png", seed=50 + number, rgb=True)
    made = data.load({"name": "folders", "root": str(tmp_path)})
    kept = made.pairs("train")[0]
    assert kept.chroma is None
    read = made.read(kept.stem)
    assert read.chroma is not None
    assert read.chroma.shape == (20, 24, 2)
    assert (read.visible == kept.visible).all()


def test_one_given_folder_goes_with_the_other_found_below_root(
    tmp_path: Path, write: Callable
) -> None:
    for number in range(8):
        write(tmp_path / "vi" / f"{number}.png", seed=number)
        write(tmp_path / "elsewhere" / f"{number}.png", seed=50 + number)
        write(tmp_path / "ir" / f"{number}.png", seed=90 + number)
    settings = {"name": "folders", "root": str(tmp_path)}
    made = data.load({**settings, "infrared": str(tmp_path / "elsewhere")})
    assert {both[0].parent.name for both in made.files.values()} == {"elsewhere"}
    assert {both[0].parent.name for both in data.load(settings).files.values()} == {"ir"}


def test_without_any_folder_the_settings_are_named() -> None:
    with pytest.raises(DataError, match=r"data\.root: not set"):
        data.load({"name": "folders"})


def test_two_files_of_one_scene_in_a_flat_folder_are_told(tmp_path: Path, write: Callable) -> None:
    for name in ("IR1.png", "IR_1.png", "VIS1.png"):
        write(tmp_path / name)
    with pytest.raises(DataError, match=r"IR_1\.png: stands for the same scene as IR1\.png"):
        data.load({"name": "folders", "root": str(tmp_path)})
