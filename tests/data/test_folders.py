from collections.abc import Callable
from pathlib import Path

import pytest

from ablate import data
from ablate.data.layout import flat, modality, sides
from ablate.data.verify import verify
from ablate.errors import ConfigError, DataError, UnknownNameError

WORDINGS = {
    "infrared": [
        "ir",
        "IR",
        "Ir",
        "inf",
        "Inf",
        "Infrared",
        "INF_images",
        "cropinfrared",
        "Test_ir",
        "Train_ir_tno",
    ],
    "visible": ["vi", "VI", "vis", "VIS", "Vis", "Visible", "Test_vi", "Train_vi_tno"],
}


@pytest.mark.parametrize(
    ("name", "side"), [(name, side) for side, names in WORDINGS.items() for name in names]
)
def test_published_wordings_of_folders_are_known(name: str, side: str) -> None:
    found = modality(name)
    assert found is not None
    assert found[0] == side


@pytest.mark.parametrize("name", ["labels", "fusion", "irrelevant", "video", "train"])
def test_other_folders_are_no_modality(name: str) -> None:
    assert modality(name) is None


def test_the_plain_word_goes_before_a_longer_one(tmp_path: Path) -> None:
    for name in ("ir", "ir_warp", "vi"):
        (tmp_path / name).mkdir()
    assert sides(tmp_path) == (tmp_path / "ir", tmp_path / "vi")


def test_two_candidates_are_both_named(tmp_path: Path) -> None:
    for name in ("Train_ir", "Test_ir", "vi"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"Test_ir, Train_ir.*data\.infrared=FOLDER"):
        sides(tmp_path)


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
    found = flat(tmp_path)
    assert found is not None
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


def test_a_copy_of_the_visible_image_is_a_problem(tmp_path: Path, write: Callable) -> None:
    for side in ("ir", "vi"):
        write(tmp_path / side / "a.png", seed=1)
        write(tmp_path / side / "b.png", seed=2 if side == "ir" else 3)
    problems = verify({"name": "folders", "root": str(tmp_path)})["problems"]
    assert [problem["file"] for problem in problems] == ["a"]


def test_verify_answers_with_the_promised_keys(msrs_folder: Path) -> None:
    facts = verify({"name": "msrs", "root": str(msrs_folder)})
    assert set(facts) == {"name", "pairs", "splits", "problems", "manifest_hash"}
    assert facts["pairs"] == 30
    assert facts["problems"] == []


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


@pytest.mark.parametrize(
    ("case", "pairs", "problems"),
    [
        ("corrupt_png", 0, 2),
        ("degradation_suffixes", 0, 3),
        ("flat_prefix_names", 3, 0),
        ("flat_suffix_names", 2, 0),
        ("ir_is_copy_of_visible", 2, 1),
        ("ir_nonequal_rgb", 2, 0),
        ("jpeg_named_bmp", 2, 0),
        ("misregistered_ir", 1, 0),
        ("missing_partner", 0, 1),
        ("missing_partner_vi_only", 0, 1),
        ("mixed_ext_and_size_one_folder", 2, 0),
        ("msrs_spdfusion_layout", 2, 0),
        ("palette_bmp", 1, 0),
        ("palette_png", 2, 0),
        ("stray_os_files", 2, 0),
        ("tiff_and_bmp_mixed", 2, 0),
    ],
)
def test_real_files_that_break_naive_loaders(
    real: Path, case: str, pairs: int, problems: int
) -> None:
    facts = verify({"name": "folders", "root": str(real / "loader_cases" / case)})
    assert (facts["pairs"], len(facts["problems"])) == (pairs, problems)
    assert all(all(problem.values()) for problem in facts["problems"])
