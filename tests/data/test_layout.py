from collections.abc import Callable
from pathlib import Path

import pytest

from ablate import data
from ablate.data.layout import arrangement, images, modality, sides, split_of
from ablate.errors import DataError

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


@pytest.mark.parametrize("name", ["latest", "trained", "value", "ir"])
def test_other_words_are_no_split(name: str) -> None:
    assert split_of(name) is None


def test_the_plain_word_goes_before_a_longer_one(tmp_path: Path) -> None:
    for name in ("ir", "ir_warp", "vi"):
        (tmp_path / name).mkdir()
    assert sides(tmp_path) == ((tmp_path / "ir", tmp_path / "vi"), [])


def test_two_candidates_are_both_named(tmp_path: Path) -> None:
    for name in ("ir_left", "ir_right", "vi"):
        (tmp_path / name).mkdir()
    both, (problem,) = sides(tmp_path)
    assert both is None
    assert "ir_left, ir_right" in problem.what
    assert "data.infrared=FOLDER" in problem.fix


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("thermal", "rgb"), ("thermal", "rgb")),
        (("LWIR_images", "RGB_images"), ("LWIR_images", "RGB_images")),
        (("tir", "vis"), ("tir", "vis")),
        (("ir", "vi", "rgb", "thermal"), ("ir", "vi")),
        (("ir_png", "vi", "rgb"), ("ir_png", "vi")),
    ],
)
def test_further_words_count_where_no_usual_one_stands(
    tmp_path: Path, write: Callable, names: tuple, chosen: tuple
) -> None:
    for name in names:
        write(tmp_path / name / "1.png")
    both = tuple(tmp_path / name for name in chosen)
    assert sides(tmp_path) == (both, [])
    assert arrangement(tmp_path) == ({"": both}, [])


def test_a_further_word_beside_split_folders_hides_none_of_them(
    tmp_path: Path, write: Callable
) -> None:
    for split in ("train", "test"):
        for side in ("ir", "vi"):
            write(tmp_path / "Thermal set" / split / side / "1.png")
    write(tmp_path / "Thermal set" / "rgb" / "1.png")
    found, problems = arrangement(tmp_path)
    assert (list(found), problems) == (["test", "train"], [])


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("train/ir", "train/vi"), ("test/ir", "test/vi")),
        (("train/Infrared", "train/Visible"), ("test/Infrared", "test/Visible")),
        (("infrared/train", "visible/train"), ("infrared/test", "visible/test")),
        (("Train_ir", "Train_vi"), ("Test_ir", "Test_vi")),
        (
            ("MSRS/Infrared/train/MSRS", "MSRS/Visible/train/MSRS"),
            ("MSRS/Infrared/test/MSRS", "MSRS/Visible/test/MSRS"),
        ),
        (
            ("dataset/train/MSRS/ir", "dataset/train/MSRS/vi"),
            ("dataset/test/MSRS/ir", "dataset/test/MSRS/vi"),
        ),
        (("Training/Inf", "Training/Vis"), ("Testing/Inf", "Testing/Vis")),
    ],
)
def test_modality_and_split_stand_in_either_order(
    tmp_path: Path, write: Callable, train: tuple, test: tuple
) -> None:
    for folder in (*train, *test):
        write(tmp_path / folder / "1.png")
    found, problems = arrangement(tmp_path)
    assert problems == []
    assert found == {
        "train": tuple(tmp_path / folder for folder in train),
        "test": tuple(tmp_path / folder for folder in test),
    }


@pytest.mark.parametrize("order", ["{split}/{side}", "{side}/{split}"])
@pytest.mark.parametrize(
    ("named", "found"),
    [
        (("train", "eval"), ["train", "test"]),
        (("train", "test", "evaluation"), ["train", "test", "val"]),
    ],
)
def test_eval_is_a_split(
    tmp_path: Path, write: Callable, order: str, named: tuple, found: list
) -> None:
    for split in named:
        for side in ("Infrared", "Visible"):
            write(tmp_path / order.format(split=split, side=side) / f"{split}.png")
    told, problems = arrangement(tmp_path)
    assert problems == []
    assert sorted(told) == sorted(found)
    last = told[found[-1]][0]
    assert [path.stem for path in images(last)] == [named[-1]]


def test_a_set_without_a_split_says_none(tmp_path: Path, write: Callable) -> None:
    for folder in ("Ir", "Vis", "Annotation"):
        write(tmp_path / folder / "1.png")
    assert arrangement(tmp_path) == ({"": (tmp_path / "Ir", tmp_path / "Vis")}, [])


def test_a_split_of_one_modality_alone_is_told(tmp_path: Path, write: Callable) -> None:
    for folder in ("infrared/train", "visible/train", "visible/test"):
        write(tmp_path / folder / "1.png")
    found, (problem,) = arrangement(tmp_path)
    assert list(found) == ["train"]
    assert problem.file == tmp_path / "visible" / "test"


def test_two_folders_of_one_split_are_told(tmp_path: Path, write: Callable) -> None:
    for split in ("train", "training", "test"):
        for side in ("ir", "vi"):
            write(tmp_path / split / side / "1.png")
    _, (problem,) = arrangement(tmp_path)
    assert problem.file == tmp_path / "training"


def test_what_operating_systems_leave_is_no_image(tmp_path: Path, write: Callable) -> None:
    write(tmp_path / "1.png")
    for name in (".DS_Store", "._1.png", "Thumbs.db", "desktop.ini", "1.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "2.png").mkdir()
    assert [path.name for path in images(tmp_path)] == ["1.png"]


LAYOUTS = {
    "msrs": ("{split}/{side}/{number:05d}D.png", ("ir", "vi")),
    "fmb": ("{split}/{side}/{number:05d}.png", ("Infrared", "Visible")),
    "llvip": ("{side}/{split}/{number:06d}.jpg", ("infrared", "visible")),
}
FLAT = {
    "m3fd": ("{side}/{number:05d}.png", ("Ir", "Vis")),
    "tno": ("{side}/{number:02d}.png", ("ir", "vi")),
    "roadscene": ("{side}/FLIR_{number:05d}.jpg", ("cropinfrared", "crop_LR_visible")),
}


def make(root: Path, write: Callable, name: str) -> Path:
    text, words = (LAYOUTS | FLAT)[name]
    for number in range(24):
        for shift, side in enumerate(words):
            split = "train" if number < 18 else "test"
            path = root / text.format(split=split, side=side, number=number)
            write(path, seed=number + 100 * shift, rgb=side in ("vi", "Visible", "Vis"))
    return root


@pytest.mark.parametrize("name", [*LAYOUTS, *FLAT])
def test_each_published_layout_is_read_from_its_root_and_from_the_environment(
    name: str, tmp_path: Path, write: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = {
        "fmb": "FMB",
        "llvip": "LLVIP",
        "m3fd": "M3FD",
        "tno": "TNO",
        "msrs": "MSRS",
        "roadscene": "RoadScene",
    }[name]
    root = make(tmp_path / folder, write, name)
    made = data.load({"name": name, "root": str(root)})
    assert sum(made.manifest.counts.values()) == 24
    assert made.manifest.counts["test"] == 6
    assert made.manifest.label in (f"{folder}-mini", "TNO")
    for infrared, visible in made.files.values():
        assert infrared.name == visible.name
        assert modality(infrared.relative_to(root).as_posix().replace("/", "_")) is not None
    if name in LAYOUTS:
        assert {int(stem.rstrip("D")) for stem in made.stems("test")} == set(range(18, 24))
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path))
    assert data.load({"name": name}).manifest.hash == made.manifest.hash


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_published_set_without_its_test_folder_is_refused(
    name: str, tmp_path: Path, write: Callable
) -> None:
    for side in ("ir", "vi"):
        write(tmp_path / side / "1.png")
    with pytest.raises(DataError) as caught:
        data.load({"name": name, "root": str(tmp_path)})
    assert "no train folder" in str(caught.value)
    assert "no test folder" in str(caught.value)


def test_numbers_that_start_anew_in_test_do_not_clash(tmp_path: Path, write: Callable) -> None:
    for split, count in (("train", 12), ("test", 3)):
        for number in range(count):
            for shift, side in enumerate(("ir", "vi")):
                seed = number + 100 * shift + 1000 * (split == "test")
                write(tmp_path / split / side / f"{number}.png", seed=seed)
    for name in ("msrs", "folders"):
        made = data.load({"name": name, "root": str(tmp_path)})
        assert made.stems("test") == ("test-0", "test-1", "test-2")
        infrared, _ = made.files["test-1"]
        assert infrared == tmp_path / "test" / "ir" / "1.png"


def test_folders_keep_train_and_test_where_they_stand(tmp_path: Path, write: Callable) -> None:
    root = make(tmp_path, write, "llvip")  # modality first
    made = data.load({"name": "folders", "root": str(root)})
    assert {int(stem) for stem in made.stems("test")} == set(range(18, 24))
    assert made.manifest.counts["val"] == round(18 * 0.15)
