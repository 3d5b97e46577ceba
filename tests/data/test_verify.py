import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate import data
from ablate.data.decode import Colour
from ablate.data.fingerprint import BITS, NEAR_BITS, fingerprint, nearest_looks
from ablate.data.modalities import Tint, coloured, is_copy
from ablate.data.synthetic import scene
from ablate.data.verify import Findings, verify
from ablate.errors import DataError


def scenes(root: Path, *, train: int = 8, test: int = 4) -> Path:
    """Write generated scenes in the layout of MSRS, the visible side in colour."""
    for split, count in (("train", train), ("test", test)):
        for number in range(count):
            stem = f"{split}{number:03d}{'N' if number % 2 else 'D'}"
            pair = scene(stem, height=48, width=64, seed=0)
            place = np.linspace(0.2, 1, 64)  # no palette: one brightness has many colours
            green, blue = (pair.visible * part for part in (place, place[::-1]))
            tinted = np.stack([pair.visible, green, blue], axis=-1).astype(np.uint8)
            for side, image in (("ir", pair.infrared), ("vi", tinted)):
                path = root / split / side / f"{stem}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path)
    return root


def found(root: Path, name: str = "msrs", **more: str) -> Findings:
    return verify({"name": name, "root": str(root), **more})


def texts(findings: Findings) -> list[tuple[str, str]]:
    return [(problem.file.name, problem.what) for problem in findings.problems]


def test_a_whole_set_has_no_problem_and_the_promised_keys(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    findings = verify(
        {"name": "msrs", "root": str(scenes(tmp_path))}, tick=lambda *step: steps.append(step)
    )
    facts = findings.to_json()
    keys = {"name", "pairs", "splits", "problems", "manifest_hash"}
    assert set(facts) == keys | {"scenes", "shared_scenes", "left_out", "scaling", "unused"}
    assert facts["problems"] == []
    assert facts["pairs"] == 12 == sum(facts["splits"].values())
    assert (
        facts["manifest_hash"] == data.load({"name": "msrs", "root": str(tmp_path)}).manifest.hash
    )
    assert steps == [(done, 12) for done in range(1, 13)]


def test_all_faults_of_all_kinds_are_told_at_once(tmp_path: Path) -> None:
    root = scenes(tmp_path)
    (root / "train/vi/train000D.png").unlink()
    (root / "test/ir/test001N.png").unlink()
    late = root / "train/vi/train001N.png"
    late.write_bytes(late.read_bytes()[:-200])
    (root / "train/ir/train002D.png").write_bytes(b"")
    (root / "train/ir/train003N.png").write_bytes(b"\0" * 500)
    Image.new("L", (10, 10)).save(root / "test/ir/test000D.png")
    shutil.copy(root / "train/vi/train004D.png", root / "train/ir/train004D.png")
    for side in ("ir", "vi"):
        shutil.copy(root / f"train/{side}/train005N.png", root / f"test/{side}/test002D.png")
    findings = found(root)
    named = texts(findings)
    for file, what in [
        ("train000D.png", "has no partner in vi/"),
        ("test001N.png", "has no partner in ir/"),
        ("train001N.png", "broken image"),
        ("train002D.png", "is empty"),
        ("train003N.png", "not an image of a known format"),
        ("test000D.png", "is 10x10, its partner 64x48"),
        ("train004D.png", "is a copy of the visible one"),
        ("test002D.png", "same pixels as train/ir/train005N.png in"),
        ("test002D.png", "same pixels as train/vi/train005N.png in"),
    ]:
        assert sum(file == name and what in text for name, text in named) == 1, (file, what, named)
    assert len(named) == 9
    assert all(problem.fix for problem in findings.problems)
    assert findings.manifest is None
    with pytest.raises(DataError):
        data.load({"name": "msrs", "root": str(root)})


def test_what_only_looks_wrong_is_told_but_a_study_may_use_it(tmp_path: Path) -> None:
    root = scenes(tmp_path)
    shutil.copy(root / "train/vi/train004D.png", root / "train/ir/train004D.png")
    findings = found(root)
    assert texts(findings) == [("train004D.png", "the infrared image is a copy of the visible one")]
    assert findings.manifest is not None
    assert data.load({"name": "msrs", "root": str(root)}).manifest.hash == findings.manifest.hash


@pytest.mark.parametrize("quality", [95, 60])
def test_a_recompressed_grey_copy_is_found_too(tmp_path: Path, quality: int) -> None:
    visible = scene("a", height=96, width=128, seed=1).visible
    Image.fromarray(visible).save(tmp_path / "a.jpg", quality=quality)
    again = np.asarray(Image.open(tmp_path / "a.jpg"))
    assert (again != visible).any()
    assert is_copy(again, visible)
    assert is_copy((visible * 0.7).astype(np.uint8), visible)


def test_scenes_constants_and_negatives_are_no_copies() -> None:
    pair = scene("a", height=96, width=128, seed=1)
    assert not is_copy(pair.infrared, pair.visible)
    assert not is_copy(255 - pair.visible, pair.visible)
    assert not is_copy(np.zeros_like(pair.visible), pair.visible)
    assert not is_copy(np.full((4, 4), 3, np.uint8), np.full((4, 4), 9, np.uint8))


def test_a_swapped_set_is_told_once_and_a_swapped_pair_by_name(tmp_path: Path) -> None:
    root = scenes(tmp_path / "all")
    for split in ("train", "test"):
        (root / split / "ir").rename(root / split / "kept")
        (root / split / "vi").rename(root / split / "ir")
        (root / split / "kept").rename(root / split / "vi")
    (problem,) = found(root).problems
    assert "12 of 12" in problem.what or "infrared images have colour" in problem.what
    assert "probably swapped" in problem.what
    root = scenes(tmp_path / "one")
    one, other = root / "train/ir/train006D.png", root / "train/vi/train006D.png"
    one.rename(root / "kept.png")
    other.rename(one)
    (root / "kept.png").rename(other)
    (problem,) = found(root).problems
    assert problem.file == one
    assert "probably swapped" in problem.what


def test_the_rule_of_colour_at_its_bounds() -> None:
    def what(infrared: float, visible: float, scatter: float = 0.5) -> str:
        one, other = Colour(spread=infrared, scatter=scatter), Colour(spread=visible)
        tint = Tint(file=Path("ir/a.png"), name="infrared", partner="visible", own=one, other=other)
        problems = coloured([tint])
        return problems[0].what if problems else ""

    assert what(4.0, 0.0) == ""  # recompressed grey
    assert "probably swapped" in what(4.1, 2.0)
    assert "a visible image" in what(30.0, 20.0)
    assert "false colours" in what(30.0, 0.0, scatter=0.14)
    assert "probably swapped" in what(30.0, 0.0, scatter=0.16)
    assert "false colours" in what(101.0, 0.0)
    assert what(0.0, 30.0) == ""


def palette(name: str, grey: np.ndarray) -> np.ndarray:
    level = grey / 255
    if name == "rainbow":  # blue, green, red: brightness does not tell the colour
        channels = [np.clip(1.5 - np.abs(4 * level - place), 0, 1) for place in (3, 2, 1)]
    else:  # iron: black, red, yellow, white
        channels = [np.clip(3 * level - place, 0, 1) for place in (0, 1, 2)]
    return (np.stack(channels, axis=-1) * 255).astype(np.uint8)


@pytest.mark.parametrize("is_coloured", [True, False])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("name", ["iron", "rainbow"])
def test_infrared_in_false_colours_is_not_called_exchanged(
    tmp_path: Path, name: str, suffix: str, is_coloured: bool
) -> None:
    root = scenes(tmp_path)
    for split in ("train", "test"):
        for path in sorted((root / split / "ir").iterdir()):
            image = palette(name, np.asarray(Image.open(path)))
            path.unlink()
            Image.fromarray(image).save(path.with_suffix(f".{suffix}"), quality=80)
            visible = root / split / "vi" / path.name
            if not is_coloured:
                Image.open(visible).convert("L").save(visible)
    (problem,) = found(root).problems
    assert problem.file == root / "train" / "ir"
    assert "12 of 12" in problem.what
    assert "false colours of a palette" in problem.what


def test_constant_images_are_named_themselves_and_resemble_nothing(tmp_path: Path) -> None:
    root = scenes(tmp_path)
    black = ["train/ir/train001N.png", "train/vi/train002D.png", "test/vi/test001N.png"]
    for name in black:
        Image.new("L", (64, 48)).save(root / name)
    nearly = np.zeros((48, 64), np.uint8)
    nearly[::2] = 2
    Image.fromarray(nearly).save(root / "test/ir/test002D.png")
    assert sorted(texts(found(root))) == [
        ("test001N.png", "constant image (every pixel is 0)"),
        ("test002D.png", "constant image (levels 0 to 2)"),
        ("train001N.png", "constant image (every pixel is 0)"),
        ("train002D.png", "constant image (every pixel is 0)"),
    ]


def test_an_infrared_image_that_is_a_visible_one_of_train_is_named_with_that_file(
    tmp_path: Path,
) -> None:
    root = scenes(tmp_path)
    grey = Image.open(root / "train/ir/train000D.png")
    grey.save(root / "test/vi/test000D.png")
    ((file, what),) = texts(found(root))
    assert (file, what) == ("test000D.png", "same pixels as train/ir/train000D.png in train")


def test_frames_of_one_scene_in_train_and_test_are_told(tmp_path: Path) -> None:
    root = scenes(tmp_path)
    for side in ("ir", "vi"):
        image = Image.open(root / f"train/{side}/train002D.png")
        shifted = np.roll(np.asarray(image), 1, axis=1)
        Image.fromarray(shifted).save(root / f"test/{side}/test000D.png")
    ((file, what),) = texts(found(root))
    assert file == "test000D.png"
    assert "nearly the same scene as train/vi/train002D.png" in what


def test_neighbours_in_train_and_val_are_one_pool(tmp_path: Path) -> None:
    root = scenes(tmp_path, train=2)
    for number in range(2, 10):  # a video: every frame like the first
        for side in ("ir", "vi"):
            image = np.asarray(Image.open(root / f"train/{side}/train000D.png"))
            moved = np.roll(image, number % 2, axis=1) + np.uint8(number > 5)
            Image.fromarray(moved).save(root / f"train/{side}/train{number:03d}D.png")
    assert not [what for _, what in texts(found(root)) if "nearly" in what]


def test_the_look_stands_recompression_but_tells_scenes_apart(tmp_path: Path) -> None:
    looks, again = [], []
    for number in range(20):
        pair = scene(f"s{number}D", height=96, width=128, seed=2)
        looks.append(fingerprint(infrared=pair.infrared, visible=pair.visible).look)
        images = []
        for image in (pair.infrared, pair.visible):
            Image.fromarray(image).resize((64, 48)).save(tmp_path / "a.jpg", quality=70)
            images.append(np.asarray(Image.open(tmp_path / "a.jpg")))
        again.append(fingerprint(infrared=images[0], visible=images[1]).look)
    for number, (index, bits) in enumerate(nearest_looks(again, looks)):
        assert index == number
        assert bits <= NEAR_BITS
        others = looks[:number] + looks[number + 1 :]
        assert nearest_looks([looks[number]], others)[0][1] > NEAR_BITS


def test_the_nearest_look_agrees_with_a_plain_count() -> None:
    random = np.random.default_rng(0)
    some, others = (
        [random.integers(0, 256, BITS // 8, np.uint8).tobytes() for _ in range(count)]
        for count in (37, 23)
    )
    for one, (index, bits) in zip(some, nearest_looks(some, others), strict=True):
        plain = [
            sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True)) for other in others
        ]
        assert (index, bits) == (plain.index(min(plain)), min(plain))
    assert nearest_looks([], others) == nearest_looks(some, []) == []


def test_generated_pairs_are_whole() -> None:
    findings = verify({"name": "synthetic", "pairs": {"train": 2, "val": 1, "test": 1}})
    assert findings.problems == ()
    assert findings.pairs == 4


def test_the_manifest_is_written_as_json(tmp_path: Path, msrs_folder: Path) -> None:
    import json

    manifest = data.load({"name": "msrs", "root": str(msrs_folder)}).manifest
    manifest.write(tmp_path / "new" / "manifest.json")
    written = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert written == json.loads(json.dumps(manifest.to_json()))
    assert len(written["files"]) == 60
